"""Submitting and watching jobs, as the commands show it."""

from __future__ import annotations

import msgspec

from s3am_cloud.errors import Interrupted, by_name
from s3am_cloud.model import Receipt, TransferRequest
from s3am_cloud_cli.output import Console, Meter
from s3am_cloud_cli.receipts import receipt_text
from s3am_cloud_cli.remote_run import JobStatus, Remote


class Submitted(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `submit --json` prints: the receipt is there with --wait, whether the job succeeded or failed."""

    job: str
    execution_arn: str
    receipt: Receipt | None = None


def submit_job(request: TransferRequest, remote: Remote, wait: bool, console: Console) -> None:
    execution = remote.submit(request)
    if not wait:
        console.result(Submitted(execution.name, execution.arn), execution.name)
        console.note(f"Submitted. Follow it with: s3am-cloud watch {execution.name}")
        return
    console.note(f"job {execution.name}")
    receipt = follow(execution.name, remote, console)
    _conclude(Submitted(execution.name, execution.arn, receipt), receipt, console)


def watch_job(job: str, remote: Remote, console: Console) -> None:
    receipt = follow(job, remote, console)
    _conclude(receipt, receipt, console)


def follow(job: str, remote: Remote, console: Console) -> Receipt:
    """Shows the job's progress until it ends. Ctrl-C raises Interrupted and leaves the job alone."""
    try:
        with console.progress(job, 0) as meter:
            return remote.follow(job, lambda status: _show(status, meter))
    except KeyboardInterrupt:
        raise Interrupted(
            f"stopped watching; job {job} goes on in the cloud", f"follow it with s3am-cloud watch {job}"
        ) from None


def _show(status: JobStatus, meter: Meter) -> None:
    if status.size is not None:
        meter.expect(status.size)
    if status.receipt is not None and status.receipt.error is None and status.size is not None:
        meter.advance_to(status.size)
    elif status.bytes_done is not None:
        meter.advance_to(status.bytes_done)


def _conclude(document: object, receipt: Receipt, console: Console) -> None:
    """Prints the outcome; a failed job's error is raised, so that the exit code is its own."""
    if receipt.error is None:
        console.result(document, receipt_text(receipt))
        return
    if receipt.unfinished_upload is not None:
        console.note(
            f"An unfinished upload of {receipt.destination} is left in S3, where it costs storage until it is resumed "
            f"or discarded: s3am-cloud cancel '{receipt.destination}'"
        )
    if console.json:
        console.result(document, "")
    raise console.told(by_name(receipt.error.name, receipt.error.message))
