"""Discarding what nobody resumed in time: uploads of jobs that failed, and of transfers that ended without a word.

When an upload is to be looked at is noted when it is opened and when its job fails, and the note is removed when the
job succeeds. So a sweep costs what expires, however many jobs ran.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from s3am_cloud.errors import JobCancelled, NoSuchJob, TransferError
from s3am_cloud.expiry import kept_for, latest_expiry
from s3am_cloud.jobs.cleanup import is_owner, reported
from s3am_cloud.jobs.locks import successor
from s3am_cloud.jobs.recovery import cancelled
from s3am_cloud.limits import SWEEP_AGAIN_DAYS, SWEEP_MARGIN_SECONDS
from s3am_cloud.model import Job, Receipt
from s3am_cloud.ports.executions import Execution
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.steps.abort import abort

Describe = Callable[[str], Execution]


class Swept(msgspec.Struct, frozen=True):
    """The jobs whose uploads were discarded, and those of which that could not be done: why, by their ids. With `more`
    there was no time for all that are due."""

    discarded: list[str]
    failed: dict[str, str]
    more: bool = False


class _Seen(msgspec.Struct, frozen=True):
    """What came of a look at a job, and when to look again."""

    discarded: bool = False
    again: datetime | None = None


def sweep(ports: Ports, describe: Describe, seconds_left: Callable[[], float] = lambda: math.inf) -> Swept:
    """Discards the uploads of jobs that nobody resumed in time, as many as there is time for: the next sweep continues.

    What goes wrong with one job leaves the others alone. Only uploads that a record of ours names are touched, and none
    that an execution may still write to, which `describe` reports by its ARN, or that a later job continues.
    """
    now = ports.clock.now()
    swept = Swept([], {})
    for job_id, when in ports.jobs.expiring(now):
        if seconds_left() < SWEEP_MARGIN_SECONDS:
            return msgspec.structs.replace(swept, more=True)
        seen = _Seen(again=_later(now))
        try:
            seen = _look(job_id, now, ports, describe)
        except TransferError as error:
            swept.failed[job_id] = f"{type(error).__name__}: {error.message}"
        except Exception as error:
            # Whoever may write records may write what no job has, and it must not keep the others' uploads for ever.
            swept.failed[job_id] = type(error).__name__
        if seen.discarded:
            swept.discarded.append(job_id)
        if seen.again is not None:
            ports.jobs.note_expiry(job_id, seen.again)
        ports.jobs.remove_expiry(job_id, when)
    return swept


def _look(job_id: str, now: datetime, ports: Ports, describe: Describe) -> _Seen:
    """Discards the job's upload if its time is over."""
    try:
        job = ports.jobs.load(job_id)
    except NoSuchJob:
        return _Seen()
    if not is_owner(job, ports):
        return _Seen(again=_later(now) if _is_about_to_be_continued(job, ports) else None)
    report, execution = ports.jobs.report(job_id), _execution(job, describe)
    if execution is not None and execution.status == "RUNNING":
        return _Seen(again=_later(now))
    if report is not None and report.unfinished_upload is None:
        return _Seen()  # no upload to discard
    expires = _expires(job, report, execution)
    if now <= expires and not cancelled(job_id, ports):
        return _Seen(again=expires)
    _expire(job, report, ports)
    return _Seen(discarded=True)


def _later(now: datetime) -> datetime:
    return now + timedelta(days=SWEEP_AGAIN_DAYS)


def _is_about_to_be_continued(job: Job, ports: Ports) -> bool:
    """A job that has been started takes the upload over, or fails before it does."""
    after = successor(job.id, ports.jobs)
    return after is not None and after.upload is None and ports.jobs.report(after.id) is None


def _expires(job: Job, report: Receipt | None, execution: Execution | None) -> datetime:
    """Where nobody has said so, it counts from the end; a transfer on somebody's machine reports no end."""
    if report is not None and report.expires is not None:
        return datetime.fromisoformat(report.expires)
    if execution is not None and execution.stopped is not None:
        return execution.stopped + kept_for(job)
    return latest_expiry(job)


def _expire(job: Job, report: Receipt | None, ports: Ports) -> None:
    if job.upload is None:
        return
    abort(job.upload, ports.store)
    if cancelled(job.id, ports):
        reported(job.id, JobCancelled(f"job {job.id} was cancelled"), ports)
    elif report is not None:
        ports.jobs.write_report(job.id, msgspec.structs.replace(report, unfinished_upload=None))
    ports.jobs.forget(job)


def _execution(job: Job, describe: Describe) -> Execution | None:
    """None where the job never ran in the cloud, or Step Functions remembers it no more."""
    if job.execution is None:
        return None
    try:
        return describe(job.execution)
    except NoSuchJob:
        return None
