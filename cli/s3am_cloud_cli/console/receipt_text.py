"""Receipts and jobs as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from s3am_cloud.amounts import NOT_AWS, price_text, size_text
from s3am_cloud.item_counts import Counts, counts_text
from s3am_cloud.model import Receipt, Verdict

if TYPE_CHECKING:
    from s3am_cloud_client.results import Cancelled, JobLine, JobStatus, Provenance

_PROOFS = {
    "full-object": "verified: S3 holds the whole object by this checksum",
    "per-part": "verified part by part: this store keeps no checksum of the whole",
    None: "received whole; the store keeps no checksum of it to compare with",
}


LEAST_SHOWN: Final = 0.01
"""Dollars: a transfer on this machine that costs less is not worth a line."""

VERDICTS: Final[dict[Verdict, str]] = {
    "verified-by-source": "it has the digest that was stated of its source",
    "verified-in-transit": "S3 holds the checksum of the bytes that arrived from the source",
    "unpinned": "S3 holds the checksum of the bytes that arrived; nothing shows which version they are of",
    "end-not-told": "S3 holds the checksum of the bytes that arrived; only a closed connection says that they are all",
    "size-only": "it has the size of its source, and nobody knows more to compare",
}


_UNKNOWN = {
    "metadata": "not known: no receipt of this object is found; s3am-cloud verify --receipt compares it again",
    "store": "not known: nothing on this object says where it came from",
}


def receipt_text(receipt: Receipt) -> list[str]:
    if receipt.state == "skipped":
        return [f"{receipt.destination} exists, left as it is"]
    if receipt.counts is not None:
        return _dataset_text(receipt, receipt.counts)
    if receipt.error is not None:
        return [f"{receipt.destination}: {receipt.error.message}"]
    return [f"{name:<12} {value}" for name, value in _lines(receipt)]


def _dataset_text(receipt: Receipt, counts: Counts) -> list[str]:
    seconds = receipt.seconds or 0.0
    lines = [
        ("destination", receipt.destination),
        ("items", f"{counts.items:,}, {size_text(counts.bytes)}: {counts_text(counts)}; {seconds:.1f} s"),
        ("report", receipt.report),
    ]
    return [f"{name:<12} {value}" for name, value in lines if value]


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
    lines += verdict_lines(receipt)
    if receipt.finished_by:
        lines.append(("finished by", f"{receipt.finished_by}, with the same content, while this transfer ran"))
    if receipt.expected:
        lines.append(("expected", receipt.expected))
    if receipt.not_copied:
        lines.append(("not copied", "the source's tags, which takes s3:GetObjectTagging and s3:PutObjectTagging"))
    if receipt.job and receipt.retries is None:
        lines.append(("job", receipt.job))
    if receipt.retries:
        lines.append(("retries", str(receipt.retries)))
    return lines + cost_lines(receipt)


def cost_lines(receipt: Receipt) -> list[tuple[str, str]]:
    """What is a cent or more, or was spent in the cloud. Other stores than Amazon's have prices of their own."""
    if receipt.cost_usd is None or (receipt.cost_of or "").endswith(NOT_AWS):
        return []
    if receipt.cost_usd < LEAST_SHOWN and receipt.invocations is None:
        return []
    return [("cost", f"about {price_text(receipt.cost_usd)}: {receipt.cost_of}")]


def verdict_lines(receipt: Receipt) -> list[tuple[str, str]]:
    lines = [("verdict", f"{receipt.verdict}: {VERDICTS[receipt.verdict]}")] if receipt.verdict else []
    if receipt.source_digest:
        lines.append(("digest", f"{receipt.source_digest}, as the source says"))
    lines += [("not compared", digest) for digest in receipt.unchecked_digests or ()]
    return lines + [("not read", f"{file}, which has no digest of it in a known format") for file in _unread(receipt)]


def _unread(receipt: Receipt) -> tuple[str, ...]:
    return receipt.unread_digest_files or ()


def _verdict_of(known: Provenance) -> str:
    """The verdict that the object's metadata and S3's checksums show, where no receipt is found."""
    if known.differing:
        return f"none: the object does not have {' and '.join(known.differing)}, which was stated of it"
    return f"{known.verdict}: {VERDICTS[known.verdict]}" if known.verdict else _UNKNOWN[known.known_from]


def provenance_text(known: Provenance) -> list[str]:
    receipt = known.receipt
    checksum = f"{known.checksum_algorithm} {known.checksum}, as S3 holds it of the whole" if known.checksum else None
    said = None if receipt and receipt.source_digest else known.source_digest
    lines = [
        ("object", known.object),
        ("size", f"{size_text(known.size)} ({known.size:,} bytes)"),
        ("source", known.source),
        ("version", known.source_version),
        ("job", known.job),
        ("written by", f"s3am-cloud {known.tool_version}" if known.tool_version else None),
        ("checksum", checksum),
        ("digest", f"{said}, as the source said before the transfer" if said else None),
        ("expected", known.expected if receipt is None else receipt.expected),
        *(verdict_lines(receipt) if receipt else [("verdict", _verdict_of(known))]),
    ]
    return [f"{name:<12} {value}" for name, value in lines if value]


def status_text(status: JobStatus) -> list[str]:
    going_on = [("resumes", status.resumes)] if status.resumes else []
    going_on += [("resumed by", status.resumed_by)] if status.resumed_by else []
    if status.receipt is not None and status.receipt.error is None:
        lines = [("status", status.status), *going_on]
        return [*(f"{name:<12} {value}" for name, value in lines), *receipt_text(status.receipt)]
    lines = [("job", status.job), ("status", status.status), *going_on]
    lines += [
        (name, value) for name, value in (("source", status.source), ("destination", status.destination)) if value
    ]
    lines += [*_progress_lines(status), *_error_lines(status)]
    return [f"{name:<12} {value}" for name, value in lines]


def _progress_lines(status: JobStatus) -> list[tuple[str, str]]:
    lines = []
    if status.items is not None:
        lines.append(("items", f"{status.items.items:,}: {_items_text(status.items)}"))
        if status.bytes_done is not None:
            lines.append(("size", f"{size_text(status.bytes_done)} of {size_text(status.items.bytes)}"))
    elif status.size is not None:
        done = f"{size_text(status.bytes_done)} of " if status.bytes_done is not None else ""
        parts = f"{status.parts_done} of " if status.parts_done is not None else ""
        lines.append(("size", f"{done}{size_text(status.size)} in {parts}{status.parts} parts"))
    if status.units is not None:
        units = status.units
        lines.append(("units", f"{units.succeeded} of {units.total} done, {units.running} running"))
    if status.retries:
        lines.append(("retries", str(status.retries)))
    if status.started is not None:
        lines.append(("started", status.started))
    return lines


def _items_text(items: Counts) -> str:
    return counts_text(items).replace("not reached", "left")


def _error_lines(status: JobStatus) -> list[tuple[str, str]]:
    if status.receipt is None or status.receipt.error is None:
        return []
    error = status.receipt.error
    lines = [("error", f"{error.name}: {error.message}"), ("hint", error.hint)]
    if status.receipt.expires and status.receipt.unfinished_upload:
        dollars = status.receipt.unfinished_cost_usd
        until = f"; its parts cost about {price_text(dollars)} until then" if dollars else ""
        lines.append(("expires", f"{status.receipt.expires}, when its unfinished upload is discarded{until}"))
    return lines


def cancelled_text(found: Cancelled) -> str:
    if found.state in {"succeeded", "skipped"}:
        return f"job {found.job} has {found.state} already: {found.destination} is left as it is"
    if found.later:
        return f"job {found.job} is cancelled; its upload is not yours to discard: the stack does so within a day"
    return f"job {found.job} is cancelled, and what it had moved is discarded"


def jobs_text(jobs: Sequence[JobLine]) -> list[str]:
    if not jobs:
        return ["no jobs yet"]
    rows = [("JOB", "STATE", "SIZE", "AGE", "TOOK", "SOURCE -> DESTINATION"), *map(_row, jobs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(job: JobLine) -> tuple[str, ...]:
    age = "" if job.age_seconds is None else duration_text(job.age_seconds)
    took = ""
    if job.started and job.stopped:
        spent = datetime.fromisoformat(job.stopped) - datetime.fromisoformat(job.started)
        took = duration_text(spent.total_seconds())
    size = "" if job.size is None else size_text(job.size)
    way = f"{job.source} -> {job.destination}" if job.source else ""
    state = job.status if job.status == "running" else job.state or job.status
    return job.job, f"{state} ({job.error})" if job.error and state == "failed" else state, size, age, took, way


def duration_text(seconds: float) -> str:
    """93 → '1 min 33 s'; no finer than two units."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    shown = [f"{count} {unit}" for count, unit in units if count]
    return " ".join(shown[:2]) or "0 s"
