"""What comes after: a job that failed or was cancelled is reported and announced; an upload that nobody resumes ends.

The outcome event of a cancelled job is the janitor's to send, so that whoever cancels needs no right to do so. A job
that had ended before it was cancelled was announced when it ended, and is not announced again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from s3am_cloud.command_lines import command_line
from s3am_cloud.errors import (
    AccessDenied,
    ErrorReport,
    JobCancelled,
    JobFailed,
    NoSuchJob,
    NotAsExpected,
    ObjectGone,
    ObjectReplaced,
    PartReplaced,
    SourceBusy,
    SpoiledByStore,
    TransferError,
    UploadGone,
    by_name,
)
from s3am_cloud.events import Event
from s3am_cloud.jobs.locks import successor
from s3am_cloud.jobs.recovery import cancelled
from s3am_cloud.jobs.unfinished_cost import with_unfinished_cost
from s3am_cloud.jobs.usage import summed
from s3am_cloud.limits import JOB_KEEP_DAYS, LONGEST_JOB_DAYS
from s3am_cloud.model import Job, Receipt, State
from s3am_cloud.names import TRANSFER_CANCELLED, TRANSFER_FAILED
from s3am_cloud.ports.executions import Execution, Executions, Outcomes
from s3am_cloud.ports.transfer import Clock, Ports
from s3am_cloud.transfer.pipeline import receipt
from s3am_cloud.transfer.steps.abort import abort


class Swept(msgspec.Struct, frozen=True):
    """The jobs whose uploads were discarded, and those of which that could not be done: why, by their ids."""

    discarded: list[str]
    failed: dict[str, str]


def settle(execution: Execution, ports: Ports, executions: Executions, outcomes: Outcomes) -> Receipt | None:
    """Reports and announces a job whose execution failed, timed out or was stopped.

    The upload of a job that was cancelled is discarded; any other's stays for a resume until the job expires.
    """
    if execution.job is None or _is_anothers(execution, ports):
        return None
    before = ports.jobs.report(execution.job)
    if before is not None and before.state in {"succeeded", "skipped"}:
        _announce_replay(before, failure(execution, executions), outcomes)
        return before
    if cancelled(execution.job, ports):
        report = discard(execution.job, ports)
        outcomes.announce(TRANSFER_CANCELLED, detail(report))
        return report
    error = failure(execution, executions)
    if isinstance(error, SpoiledByStore):
        _discard_upload(execution.job, ports)  # no part of it is of use
    report = _reported(execution.job, error, ports, execution.event)
    outcomes.announce(TRANSFER_FAILED, detail(report))
    return report


def _announce_replay(before: Receipt, error: TransferError, outcomes: Outcomes) -> None:
    """A job that had ended well was started once more, and its object is gone or another. Where the execution failed
    otherwise the object is there, and only the announcement failed."""
    if isinstance(error, ObjectGone | ObjectReplaced):
        lost = msgspec.structs.replace(before, state="failed", verdict=None, proof=None, error=error.report())
        outcomes.announce(TRANSFER_FAILED, detail(lost))


def discard(job_id: str, ports: Ports) -> Receipt:
    """Aborts the upload of a job that was cancelled, if it has one, and writes its report; safe to repeat."""
    _discard_upload(job_id, ports)
    return _reported(job_id, JobCancelled(f"job {job_id} was cancelled"), ports)


def _discard_upload(job_id: str, ports: Ports) -> None:
    try:
        job = ports.jobs.load(job_id)
    except NoSuchJob:
        return
    if job.upload is not None and _is_owner(job, ports):
        abort(job.upload, ports.store)


def sweep(ports: Ports, describe: Callable[[str], Execution]) -> Swept:
    """Discards the uploads of jobs that nobody resumed in time. What goes wrong with one job leaves the others alone.

    Only uploads that a record of ours names are touched, and none that an execution may still write to, which
    `describe` reports by its ARN, or that a later job continues.
    """
    swept = Swept([], {})
    for job_id in list(ports.jobs.ids()):
        try:
            job = ports.jobs.load(job_id)
            if _is_owner(job, ports) and _is_expired(job, ports, describe):
                _expire(job, ports)
                swept.discarded.append(job_id)
        except TransferError as error:
            swept.failed[job_id] = f"{type(error).__name__}: {error.message}"
        except Exception as error:
            # Whoever may write records may write what no job has, and it must not keep the others' uploads for ever.
            swept.failed[job_id] = type(error).__name__
    return swept


def failed(job: Job, error: TransferError, clock: Clock) -> Receipt:
    """The receipt of a job that ended in `error` at this moment."""
    gone = isinstance(error, UploadGone | ObjectReplaced | JobCancelled | NotAsExpected | SpoiledByStore)
    left = job.upload.upload_id if job.upload and not gone else None
    return msgspec.structs.replace(
        receipt(job, clock),
        state=_state(error),
        error=_reported_error(job, error, left),
        unfinished_upload=left,
        expires=(clock.now() + _keep(job)).isoformat(timespec="seconds") if left else None,
    )


def _reported_error(job: Job, error: TransferError, left: str | None) -> ErrorReport:
    """The error with a hint for a job in the cloud, which a command of its own resumes."""
    report = error.report()
    if left is None or not isinstance(error, JobFailed | SourceBusy | AccessDenied | PartReplaced):
        return report
    careful = "when no other transfer is at work there, " if isinstance(error, PartReplaced) else ""
    return msgspec.structs.replace(report, hint=f"{careful}continue it with {command_line('resume', job.id)}")


def failure(execution: Execution, executions: Executions) -> TransferError:
    """The named error that ended an execution."""
    found = executions.failure(execution.arn)
    if found is None:
        return by_name("", f"the execution ended as {execution.status}")
    return by_name(found.name, found.message)


def detail(report: Receipt) -> dict[str, object]:
    """An outcome event's detail: the receipt's fields that are known."""
    built: dict[str, object] = msgspec.to_builtins(report)
    return {name: value for name, value in built.items() if value is not None}


def _is_anothers(execution: Execution, ports: Ports) -> bool:
    """Whether the job is that of another execution, which reports it when it ends: of another delivery of the event, or
    of one that is still at work, where somebody has started the job twice."""
    if execution.job is None:
        return False
    try:
        job = ports.jobs.load(execution.job)
    except NoSuchJob:
        return False
    if job.execution in {None, execution.arn}:
        return False
    return execution.event is not None or ports.is_running(job) is True


def _reported(job_id: str, error: TransferError, ports: Ports, event: Event | None = None) -> Receipt:
    try:
        job = ports.jobs.load(job_id)
        report = with_unfinished_cost(summed(failed(job, error, ports.clock), job, ports.jobs), job, ports)
    except NoSuchJob:
        # A request that was refused has no record; an event reports its end all the same.
        report = Receipt(state=_state(error), source="", destination="", job=job_id, event=event, error=error.report())
    ports.jobs.write_report(job_id, report)
    return report


def _state(error: TransferError) -> State:
    return "cancelled" if isinstance(error, JobCancelled) else "failed"


def _is_owner(job: Job, ports: Ports) -> bool:
    """Whether the upload is the job's own: a later job may have gone on with it, or be about to."""
    if job.upload is None:
        return False
    owner = ports.jobs.find(job.upload.target, job.upload.upload_id)
    if owner is None or owner.id != job.id:
        return False
    after = successor(job.id, ports.jobs)
    return after is None or ports.jobs.report(after.id) is not None


def _is_expired(job: Job, ports: Ports, describe: Callable[[str], Execution]) -> bool:
    report, execution = ports.jobs.report(job.id), _execution(job, describe)
    if execution is not None and execution.status == "RUNNING":
        return False
    if report is not None and report.unfinished_upload is None:
        return False  # there is nothing to discard
    if cancelled(job.id, ports):
        return True
    return ports.clock.now() > _expires(job, report, execution)


def _expires(job: Job, report: Receipt | None, execution: Execution | None) -> datetime:
    """Where nobody has said so, it counts from the end; a transfer on somebody's machine reports no end."""
    if report is not None and report.expires is not None:
        return datetime.fromisoformat(report.expires)
    if execution is not None and execution.stopped is not None:
        return execution.stopped + _keep(job)
    return datetime.fromisoformat(job.created) + _keep(job) + timedelta(days=LONGEST_JOB_DAYS)


def _expire(job: Job, ports: Ports) -> None:
    if job.upload is None:
        return
    abort(job.upload, ports.store)
    if cancelled(job.id, ports):
        _reported(job.id, JobCancelled(f"job {job.id} was cancelled"), ports)
    elif (report := ports.jobs.report(job.id)) is not None:
        ports.jobs.write_report(job.id, msgspec.structs.replace(report, unfinished_upload=None))
    ports.jobs.forget(job)


def _execution(job: Job, describe: Callable[[str], Execution]) -> Execution | None:
    """None where the job never ran in the cloud, or Step Functions remembers it no more."""
    if job.execution is None:
        return None
    try:
        return describe(job.execution)
    except NoSuchJob:
        return None


def _keep(job: Job) -> timedelta:
    hours = job.request.keep_hours
    return timedelta(days=JOB_KEEP_DAYS) if hours is None else timedelta(hours=hours)
