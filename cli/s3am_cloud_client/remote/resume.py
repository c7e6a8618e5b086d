"""Resuming a job, from any machine that knows its id and its stack."""

from __future__ import annotations

import msgspec

from s3am_cloud.command_lines import command_line
from s3am_cloud.errors import AccessDenied, BadEncryptionKey, NoSuchJob, UploadGone
from s3am_cloud.jobs.locks import latest
from s3am_cloud.jobs.recovery import is_made
from s3am_cloud.jobs.sealing import carry_over
from s3am_cloud.jobs.successors import next_id
from s3am_cloud.model import Job, Receipt
from s3am_cloud_client.remote.client import Remote, Started


class Resumed(msgspec.Struct, frozen=True):
    """What came of resuming: the receipt of a job that had succeeded, or the execution that continues it."""

    job: str
    receipt: Receipt | None = None
    started: Started | None = None


def resume(job_id: str, source: str | None, remote: Remote) -> Resumed:
    """Starts a new execution on the upload of the last job that continues this one.

    That new job has the id of the old one with -r2, or -r3 and so on, all of its options, and its secrets. The
    source has to be the version that the parts there are of; `source` is another URL of it. Raises NoSuchJob, and
    UploadGone where no upload is left to resume.
    """
    last = latest(job_id, remote.jobs)
    execution, report = remote.execution(last), remote.jobs.report(last)
    if execution is not None and execution.status == "RUNNING":
        return Resumed(last, started=Started(execution, joined=True))
    if report is not None and report.state in {"succeeded", "skipped"}:
        return Resumed(last, receipt=report)
    old = _record(last, report, remote)
    if execution is None and old.state == "new" and report is None and source is None:
        return Resumed(last, started=Started(remote.start(old).execution, joined=False))
    if old.request.dataset is not None:
        started = remote.start(carry_over(old, _again(old, remote), remote.vault, source))
        return Resumed(started.execution.job or started.execution.name, started=started)
    _check_upload(old, report, remote)
    started = remote.start(carry_over(old, _next(old, remote), remote.vault, source))
    return Resumed(started.execution.job or started.execution.name, started=started)


def _next(old: Job, remote: Remote) -> Job:
    """The new job: what was probed and opened is the old one's, its destination whatever the source's URL is."""
    request = msgspec.structs.replace(old.request, destination=str(old.target), resume=True, force=False)
    return msgspec.structs.replace(
        old,
        id=next_id(old.id),
        created=remote.clock.now().isoformat(timespec="milliseconds"),
        request=request,
        state="new",
        execution=None,
        runner=None,
        resumes=old.id,
        records_of=old.id,
    )


def _again(old: Job, remote: Remote) -> Job:
    """The same dataset once more: what is there already is skipped, as it has the content of its source."""
    return msgspec.structs.replace(
        old,
        id=next_id(old.id),
        created=remote.clock.now().isoformat(timespec="milliseconds"),
        state="new",
        begun=False,
        execution=None,
        runner=None,
        resumes=old.id,
    )


def _record(job_id: str, report: Receipt | None, remote: Remote) -> Job:
    try:
        return remote.jobs.load(job_id)
    except NoSuchJob:
        if report is None or not report.destination:
            raise
        raise UploadGone(f"job {job_id} has expired", _anew(report.source, report.destination)) from None


def _check_upload(job: Job, report: Receipt | None, remote: Remote) -> None:
    """Raises UploadGone at once, where this user may look; otherwise the job finds it out."""
    if report is not None and report.state == "cancelled":
        raise UploadGone(f"job {job.id} was cancelled", _anew(report.source, report.destination))
    if job.upload is None:
        return
    try:
        remote.store.find(job.upload.target, job.upload.upload_id)
    except (AccessDenied, BadEncryptionKey):
        return
    except UploadGone as error:
        if _may_be_made(job, remote):
            return
        shown = report.source if report is not None else "SRC_URL"
        raise UploadGone(f"the upload of job {job.id} is gone", _anew(shown, str(job.target))) from error


def _may_be_made(job: Job, remote: Remote) -> bool:
    """Whether the job made its object and died before it could say so, or this user can't see that."""
    try:
        return is_made(job, remote.store)
    except (AccessDenied, BadEncryptionKey):
        return True


def _anew(source: str, destination: str) -> str:
    return f"submit the transfer again: {command_line('submit', source, destination)}"
