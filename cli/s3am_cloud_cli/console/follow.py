"""Submitting and watching jobs, as the commands show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from s3am_cloud.amounts import price_text
from s3am_cloud.command_lines import command_line
from s3am_cloud.errors import Interrupted, ObjectExists
from s3am_cloud.model import Receipt
from s3am_cloud_cli.console.meter import Meter, parts_text
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.console.receipt_text import receipt_text
from s3am_cloud_client import Job, error_of

if TYPE_CHECKING:
    from s3am_cloud_client.results import JobStatus


class Submitted(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `submit --json` prints: the receipt is there with --wait, whether the job succeeded or failed."""

    job: str
    execution_arn: str
    receipt: Receipt | None = None


def resume_job(job: Job, source: str | None, wait: bool, console: Console) -> None:
    found = job.resume(source)
    if found.id != job.id:
        console.note(f"job {found.id} continues job {job.id}")
    if found.ended is not None:
        console.note(f"job {found.id} has succeeded: nothing to resume")
        conclude(Submitted(found.id, found.execution_arn, found.ended), found.ended, console)
        return
    if found.joined:
        console.note(f"job {found.id} runs already: this joins it")
    show_started(found, "Resumed", wait, console)


def show_started(job: Job, what: str, wait: bool, console: Console) -> None:
    if not wait:
        console.result(Submitted(job.id, job.execution_arn), job.id)
        console.note(f"{what}. Follow it with: {command_line('watch', job.id)}")
        return
    console.note(f"job {job.id}")
    receipt = follow(job, console)
    conclude(Submitted(job.id, job.execution_arn, receipt), receipt, console)


def watch_job(job: Job, console: Console) -> None:
    receipt = follow(job, console)
    conclude(receipt, receipt, console)


def follow(job: Job, console: Console) -> Receipt:
    """Shows the job's progress until it ends. Ctrl-C raises Interrupted and leaves the job alone."""
    try:
        with console.progress(job.id, 0) as meter:
            return job.follow(Shown(meter))
    except KeyboardInterrupt:
        raise Interrupted(
            f"stopped watching; job {job.id} continues in the cloud", f"follow it with {command_line('watch', job.id)}"
        ) from None


class Shown:
    """A job's progress on a meter: bytes, parts, and how often work was repeated."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._begun = False
        self._retries: int | None = None

    def __call__(self, status: JobStatus) -> None:
        if status.size is None:
            return
        self._meter.expect(status.size)
        if status.items is not None:
            items = status.items
            failed = f", {items.failed:,} failed" if items.failed else ""
            self._meter.say(f"{items.items - items.not_reached:,}/{items.items:,} items{failed}")
        self._retries = status.retries if status.retries is not None else self._retries
        if status.receipt is not None and status.receipt.error is None:
            self._show(status, status.size, status.parts, status.receipt.retries)
        elif status.bytes_done is not None:
            self._show(status, status.bytes_done, status.parts_done, self._retries)

    def _show(self, status: JobStatus, done: int, parts: int | None, retries: int | None) -> None:
        if parts is not None and status.parts is not None:
            self._meter.say(parts_text(parts, status.parts, retries))
        if not self._begun and status.receipt is None:
            self._begun = True
            self._meter.begin_at(done)
        else:
            self._meter.advance_to(done)


def conclude(document: object, receipt: Receipt, console: Console) -> None:
    """Prints the outcome; a failed job's error is raised, so that the exit code is its own."""
    error = error_of(receipt)
    if receipt.error is None or error is None:
        console.done(document, receipt_text(receipt))
        return
    if receipt.counts is not None:
        console.note(receipt_text(receipt))
    if receipt.unfinished_upload is not None and receipt.job is not None:
        until = f", at the latest on {receipt.expires}" if receipt.expires else ""
        dollars = receipt.unfinished_cost_usd
        costs = f"its parts cost about {price_text(dollars)}" if dollars else "it costs storage"
        # A job whose object exists would be refused again.
        exists = receipt.error.name == ObjectExists.__name__
        again = "" if exists else f"resumed ({command_line('resume', receipt.job)}) or "
        console.note(
            f"An unfinished upload of {receipt.destination} is left in S3, where {costs} until it is {again}"
            f"discarded ({command_line('cancel', receipt.job)}){until}"
        )
    if console.json:
        console.result(document, "")
    raise console.reported(error)
