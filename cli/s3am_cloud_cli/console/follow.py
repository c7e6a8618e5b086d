"""Submitting and watching jobs, as the commands show it."""

from __future__ import annotations

import msgspec

from s3am_cloud.command_lines import command_line
from s3am_cloud.errors import Interrupted, ObjectExists, by_name
from s3am_cloud.jobs.secrets import Secrets
from s3am_cloud.model import Receipt, TransferRequest
from s3am_cloud.ports.executions import Execution
from s3am_cloud_cli.console.output import Console, Meter, parts_text
from s3am_cloud_cli.console.receipt_text import receipt_text
from s3am_cloud_client.remote.client import Remote
from s3am_cloud_client.remote.resume import resume
from s3am_cloud_client.remote.status import JobStatus, follow_job


class Submitted(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `submit --json` prints: the receipt is there with --wait, whether the job succeeded or failed."""

    job: str
    execution_arn: str
    receipt: Receipt | None = None


def submit_job(request: TransferRequest, secrets: Secrets, remote: Remote, wait: bool, console: Console) -> None:
    started = remote.submit(request, secrets)
    if started.joined:
        console.note(f"The same transfer is under way already, as job {started.execution.name}: this joins it")
    show_started(started.execution, "Submitted", remote, wait, console)


def resume_job(job: str, source: str | None, remote: Remote, wait: bool, console: Console) -> None:
    found = resume(job, source, remote)
    if found.job != job:
        console.note(f"job {found.job} continues job {job}")
    if found.started is None:
        console.note(f"job {found.job} has succeeded: nothing to resume")
        if found.receipt is not None:
            conclude(Submitted(found.job, remote.machine.arn_of(found.job), found.receipt), found.receipt, console)
        return
    if found.started.joined:
        console.note(f"job {found.job} runs already: this joins it")
    show_started(found.started.execution, "Resumed", remote, wait, console)


def show_started(execution: Execution, what: str, remote: Remote, wait: bool, console: Console) -> None:
    job = execution.job or execution.name
    if not wait:
        console.result(Submitted(job, execution.arn), job)
        console.note(f"{what}. Follow it with: {command_line('watch', job)}")
        return
    console.note(f"job {job}")
    receipt = follow(job, remote, console)
    conclude(Submitted(job, execution.arn, receipt), receipt, console)


def watch_job(job: str, remote: Remote, console: Console) -> None:
    receipt = follow(job, remote, console)
    conclude(receipt, receipt, console)


def follow(job: str, remote: Remote, console: Console) -> Receipt:
    """Shows the job's progress until it ends. Ctrl-C raises Interrupted and leaves the job alone."""
    try:
        with console.progress(job, 0) as meter:
            return follow_job(job, remote, Shown(meter))
    except KeyboardInterrupt:
        raise Interrupted(
            f"stopped watching; job {job} continues in the cloud", f"follow it with {command_line('watch', job)}"
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
    if receipt.error is None:
        console.result(document, receipt_text(receipt))
        return
    if receipt.unfinished_upload is not None and receipt.job is not None:
        until = f", at the latest on {receipt.expires}" if receipt.expires else ""
        # A job whose object exists would be refused again.
        exists = receipt.error.name == ObjectExists.__name__
        again = "" if exists else f"resumed ({command_line('resume', receipt.job)}) or "
        console.note(
            f"An unfinished upload of {receipt.destination} is left in S3, where it costs storage until it is {again}"
            f"discarded ({command_line('cancel', receipt.job)}){until}"
        )
    if console.json:
        console.result(document, "")
    error = by_name(receipt.error.name, receipt.error.message)
    error.hint = receipt.error.hint
    raise console.told(error)
