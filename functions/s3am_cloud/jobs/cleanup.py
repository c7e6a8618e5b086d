"""What comes after: a job that failed or was cancelled is reported and announced, and its upload is discarded or kept.

The outcome event of a cancelled job is the janitor's to send, so that whoever cancels needs no right to do so. A job
that had ended before it was cancelled was announced when it ended, and is not announced again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

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
from s3am_cloud.expiry import kept_for
from s3am_cloud.jobs.dataset.progress import counts_so_far
from s3am_cloud.jobs.dataset.records import item_prefix
from s3am_cloud.jobs.denied_buckets import BucketPatterns, denied_bucket_hint
from s3am_cloud.jobs.locks import successor
from s3am_cloud.jobs.recovery import cancelled
from s3am_cloud.jobs.unfinished_cost import with_unfinished_cost
from s3am_cloud.jobs.usage import summed
from s3am_cloud.key_rights import key_hint
from s3am_cloud.model import Job, Receipt, State
from s3am_cloud.names import (
    DATASET_FAILED,
    DATASET_PARTIAL,
    DATASET_SUCCEEDED,
    TRANSFER_CANCELLED,
    TRANSFER_FAILED,
    TRANSFER_SUCCEEDED,
)
from s3am_cloud.ports.executions import Execution, Executions, Outcomes
from s3am_cloud.ports.transfer import Clock, Ports
from s3am_cloud.transfer.pipeline import receipt
from s3am_cloud.transfer.steps.abort import abort

_KINDS: Final = {"succeeded": TRANSFER_SUCCEEDED, "failed": TRANSFER_FAILED}
_KINDS_OF_DATASETS: Final = {"succeeded": DATASET_SUCCEEDED, "partial": DATASET_PARTIAL, "failed": DATASET_FAILED}


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
    if before is not None and before.report is not None:  # a dataset's, of which only the announcement failed
        outcomes.announce(kind_of(detail(before)), detail(before))
        return before
    if cancelled(execution.job, ports):
        report = discard(execution.job, ports)
        outcomes.announce(TRANSFER_CANCELLED, detail(report))
        return report
    error = failure(execution, executions)
    if isinstance(error, SpoiledByStore):
        _discard_upload(execution.job, ports)  # no part of it is of use
    report = reported(execution.job, error, ports, execution.event)
    outcomes.announce(kind_of(detail(report)), detail(report))
    return report


def _announce_replay(before: Receipt, error: TransferError, outcomes: Outcomes) -> None:
    """A job that had ended well was started once more, and its object is gone or another. Where the execution failed
    otherwise the object is there, and only the announcement failed."""
    if isinstance(error, ObjectGone | ObjectReplaced):
        lost = msgspec.structs.replace(before, state="failed", verdict=None, proof=None, error=error.report())
        outcomes.announce(TRANSFER_FAILED, detail(lost))


def discard(job_id: str, ports: Ports) -> Receipt:
    """Aborts the upload of a job that was cancelled, if it has one, and those of a dataset's items, and writes its
    report; safe to repeat."""
    _discard_upload(job_id, ports)
    for item_id in list(ports.jobs.ids(item_prefix(job_id))):
        _discard_upload(item_id, ports)
    return reported(job_id, JobCancelled(f"job {job_id} was cancelled"), ports)


def _discard_upload(job_id: str, ports: Ports) -> None:
    """What can't be discarded here, the next sweep does."""
    try:
        job = ports.jobs.load(job_id)
    except NoSuchJob:
        return
    if job.upload is not None and is_owner(job, ports):
        now = ports.clock.now()
        ports.jobs.note_expiry(job_id, now)
        abort(job.upload, ports.store)
        ports.jobs.remove_expiry(job_id, now)


def failed(job: Job, error: TransferError, clock: Clock) -> Receipt:
    """The receipt of a job that ended in `error` at this moment."""
    gone = isinstance(error, UploadGone | ObjectReplaced | JobCancelled | NotAsExpected | SpoiledByStore)
    left = job.upload.upload_id if job.upload and not gone else None
    return msgspec.structs.replace(
        receipt(job, clock),
        state=_state(error),
        error=reported_error(job, error, left),
        unfinished_upload=left,
        expires=(clock.now() + kept_for(job)).isoformat(timespec="seconds") if left else None,
    )


def reported_error(
    job: Job, error: TransferError, left: str | None, patterns: BucketPatterns | None = None
) -> ErrorReport:
    """The error with a hint for a job in the cloud, which a command of its own resumes where an upload is `left`;
    `patterns` are the buckets of the stack, for those who know them."""
    report = error.report()
    denied = denied_bucket_hint(job, error, patterns)
    if isinstance(error, AccessDenied) and (denied := key_hint(error.message) or denied):
        # Errors come out of a function without their hints.
        again = f"; then continue it with {command_line('resume', job.id)}" if left else ""
        return msgspec.structs.replace(report, hint=f"{denied}{again}")
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


def kind_of(found: Mapping[str, object]) -> str:
    """The type of the event with this detail."""
    state = found["state"]
    if state == "cancelled":
        return TRANSFER_CANCELLED
    kinds = _KINDS_OF_DATASETS if "counts" in found else _KINDS
    return kinds.get(str(state), kinds["succeeded"])


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


def reported(job_id: str, error: TransferError, ports: Ports, event: Event | None = None) -> Receipt:
    """Writes the report of a job that ended in `error`, and notes when its upload expires, if one is left."""
    try:
        job = ports.jobs.load(job_id)
        report = with_unfinished_cost(summed(failed(job, error, ports.clock), job, ports.jobs), job, ports)
        if job.request.dataset is not None and ports.dataset_files is not None:
            report = msgspec.structs.replace(report, counts=counts_so_far(job_id, ports.dataset_files))
    except NoSuchJob:
        # A request that was refused has no record; an event reports its end all the same.
        report = Receipt(state=_state(error), source="", destination="", job=job_id, event=event, error=error.report())
    if report.expires is not None:
        ports.jobs.note_expiry(job_id, datetime.fromisoformat(report.expires))
    ports.jobs.write_report(job_id, report)
    return report


def _state(error: TransferError) -> State:
    return "cancelled" if isinstance(error, JobCancelled) else "failed"


def is_owner(job: Job, ports: Ports) -> bool:
    """Whether the upload is the job's own: a later job may have gone on with it, or be about to."""
    if job.upload is None:
        return False
    owner = ports.jobs.find(job.upload.target, job.upload.upload_id)
    if owner is None or owner.id != job.id:
        return False
    after = successor(job.id, ports.jobs)
    return after is None or ports.jobs.report(after.id) is not None
