"""Receipts and jobs as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from s3am_cloud.model import Receipt
from s3am_cloud.ports import Execution
from s3am_cloud_cli.output import size_text

if TYPE_CHECKING:
    from s3am_cloud_cli.remote_run import JobStatus

_PROOFS = {
    "full-object": "verified: S3 holds the whole object by this checksum",
    "per-part": "verified part by part: this store keeps no checksum of the whole",
    None: "received whole; the store keeps no checksum of it to compare with",
}


def receipt_text(receipt: Receipt) -> str:
    if receipt.state == "skipped":
        return f"{receipt.destination} exists, left as it is"
    if receipt.error is not None:
        return f"{receipt.destination}: {receipt.error.message}"
    return "\n".join(f"{name:<12} {value}" for name, value in _lines(receipt))


def _lines(receipt: Receipt) -> list[tuple[str, str]]:
    size, seconds = receipt.size or 0, receipt.seconds or 0.0
    rate = f", {size_text(size / seconds)}/s" if seconds else ""
    moved = f"{size_text(size)} ({size:,} bytes) in {receipt.parts} parts, {seconds:.1f} s{rate}"
    lines = [
        ("source", receipt.source),
        ("destination", receipt.destination),
        ("moved", moved if receipt.parts != 1 else moved.replace("1 parts", "1 part")),
        ("checksum", f"{receipt.checksum_algorithm} {receipt.checksum}"),
        ("proof", _PROOFS[receipt.proof]),
    ]
    if receipt.expected:
        lines.append(("expected", receipt.expected))
    if receipt.job and receipt.retries is None:
        lines.append(("job", receipt.job))
    if receipt.retries:
        lines.append(("retries", str(receipt.retries)))
    return lines


def status_text(status: JobStatus) -> str:
    if status.receipt is not None and status.receipt.error is None:
        return f"{'status':<12} {status.status}\n{receipt_text(status.receipt)}"
    lines = [("job", status.job), ("status", status.status), ("source", status.source)]
    lines.append(("destination", status.destination))
    if status.size is not None:
        done = f"{size_text(status.bytes_done)} of " if status.bytes_done is not None else ""
        lines.append(("size", f"{done}{size_text(status.size)} in {status.parts} parts"))
    if status.units is not None:
        lines.append(
            ("units", f"{status.units.succeeded} of {status.units.total} done, {status.units.running} running")
        )
    if status.receipt is not None and status.receipt.error is not None:
        error = status.receipt.error
        lines += [("error", f"{error.name}: {error.message}"), ("hint", error.hint)]
    return "\n".join(f"{name:<12} {value}" for name, value in lines)


def jobs_text(jobs: Sequence[Execution], now: datetime) -> str:
    if not jobs:
        return "no jobs yet"
    rows = [("JOB", "STATUS", "AGE", "TOOK"), *(_row(job, now) for job in jobs)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _row(job: Execution, now: datetime) -> tuple[str, str, str, str]:
    age = _duration((now - job.started).total_seconds()) if job.started else ""
    took = _duration((job.stopped - job.started).total_seconds()) if job.started and job.stopped else ""
    return job.job or job.name, job.status.lower(), age, took


def _duration(seconds: float) -> str:
    """93 → '1 min 33 s'; no finer than two units."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    shown = [f"{count} {unit}" for count, unit in units if count]
    return " ".join(shown[:2]) or "0 s"
