"""The progress and results of jobs, from their records, their executions and S3."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import msgspec

from s3am_cloud.adapters.records.executions import MapCounts
from s3am_cloud.command_lines import command_line
from s3am_cloud.errors import (
    AccessDenied,
    BadEncryptionKey,
    JobFailed,
    NoSuchJob,
    StoreBusy,
    TransferError,
    UploadGone,
    by_name,
)
from s3am_cloud.item_counts import Counts
from s3am_cloud.jobs.cleanup import failed, failure, reported_error
from s3am_cloud.jobs.dataset.progress import counts_so_far
from s3am_cloud.jobs.locks import successor
from s3am_cloud.model import Job, Receipt, Upload, UploadedPart
from s3am_cloud.ports.executions import Execution
from s3am_cloud_client.remote.client import Remote
from s3am_cloud_client.remote.polls import Polls

# Notes about the work so far are read this seldom: a large job has thousands.
_RETRIES_EVERY = 6
_READERS = 8
# Names from which the job's id follows: see job_ids.py and jobs/successors.py.
_OURS = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}(-r\d+)?")
RUNNING = "running"


class JobStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A job's progress or result at this moment.

    `status` is Step Functions' word in lower case, or "unstarted", or "forgotten" where it remembers no execution.
    `bytes_done` and `parts_done` are known where the destination may be listed; where it may not, they are what workers
    have noted so far, as `retries` are. `units` are counted only where nothing else shows how far the job is.
    `resumes` is the job that this one continues, `resumed_by` the one that continues this.
    """

    job: str
    status: str
    execution_arn: str | None = None
    source: str | None = None
    destination: str | None = None
    size: int | None = None
    bytes_done: int | None = None
    parts: int | None = None
    parts_done: int | None = None
    retries: int | None = None
    units: MapCounts | None = None
    created: str | None = None
    started: str | None = None
    stopped: str | None = None
    resumes: str | None = None
    resumed_by: str | None = None
    receipt: Receipt | None = None
    # Of a dataset: how its items are. What has not ended is not reached yet, and what failed may be tried again.
    items: Counts | None = None


class JobLine(msgspec.Struct, frozen=True, kw_only=True):
    """A job in a list. `status` is as in `JobStatus`, `state` the receipt's, where there is one."""

    job: str
    status: str
    execution_arn: str
    state: str | None = None
    size: int | None = None
    source: str | None = None
    destination: str | None = None
    started: str | None = None
    stopped: str | None = None
    age_seconds: float | None = None
    resumes: str | None = None
    error: str | None = None
    # Of a dataset that has ended.
    items: Counts | None = None


def status_of(job_id: str, remote: Remote, with_retries: bool = True, with_units: bool = False) -> JobStatus:
    """Raises NoSuchJob where neither an execution nor a record of it is known.

    Without `with_retries` the notes of workers are not read, of which a large job has thousands. Step Functions answers
    only one question about units a second, for the whole account: `with_units` is not for those who ask repeatedly.
    """
    execution = remote.execution(job_id)
    if execution is not None and execution.job is not None:
        job_id = execution.job
    try:
        job = remote.jobs.load(job_id)
    except NoSuchJob:
        return _unrecorded(job_id, execution, remote)
    running = execution if execution is not None and execution.status == "RUNNING" else None
    receipt = _receipt(job, execution, remote)
    items = _items(job, receipt, remote)
    done = _done(job, remote, with_retries) if running else _Done()
    if items is not None:
        done = _Done(items.copied_bytes + items.skipped_bytes)
    after = successor(job.id, remote.jobs)
    return JobStatus(
        job=job.id,
        status=_word(execution, job, remote),
        execution_arn=execution.arn if execution else None,
        source=job.source.display,
        destination=str(job.target),
        size=items.bytes if items else job.plan.size if job.plan else None,
        bytes_done=done.bytes,
        parts=job.plan.count if job.plan else None,
        parts_done=done.parts,
        retries=done.retries,
        units=remote.machine.counts(running.arn) if running and with_units and done.bytes is None else None,
        created=job.created,
        started=_time(execution, "started"),
        stopped=_time(execution, "stopped"),
        resumes=job.resumes,
        resumed_by=after.id if after else None,
        receipt=receipt,
        items=items,
    )


def follow_job(
    job_id: str, remote: Remote, on_status: Callable[[JobStatus], object], timeout: float | None = None
) -> Receipt:
    """Waits for the job's end, asking seldom enough for the account's limits, and returns its receipt.

    A look that AWS throttles is left out, and the next one comes later. Raises JobFailed where nothing runs that could
    come to an end, TimeoutError after `timeout` seconds.
    """
    polls, looks = Polls(remote.clock), 0
    end = math.inf if timeout is None else remote.clock.monotonic() + timeout
    while True:
        receipt = _look(job_id, remote, looks % _RETRIES_EVERY == 0, polls, on_status)
        if receipt is not None:
            return receipt
        left = end - remote.clock.monotonic()
        if left <= 0:
            raise TimeoutError(f"job {job_id} still runs after {timeout:g} s")
        polls.wait(left)
        looks += 1


def _look(
    job_id: str, remote: Remote, with_retries: bool, polls: Polls, on_status: Callable[[JobStatus], object]
) -> Receipt | None:
    """The receipt of a job that has ended, None for one that runs, as far as that can be asked at this moment."""
    try:
        status = status_of(job_id, remote, with_retries)
    except StoreBusy:
        polls.slow_down()
        return None
    on_status(status)
    if status.receipt is None and status.status != RUNNING:
        raise JobFailed(f"job {job_id} is {status.status}", f"{command_line('resume', job_id)} starts it")
    return status.receipt


def recent_jobs(most: int, remote: Remote) -> list[JobLine]:
    """The newest first."""
    with ThreadPoolExecutor(_READERS) as readers:
        lines = list(readers.map(lambda execution: _line(execution, remote), remote.machine.recent(most)))
    # Of an event that was delivered twice, the execution that found the job there already came last.
    return list({line.job: line for line in lines}.values())


def _line(execution: Execution, remote: Remote) -> JobLine:
    job_id, job, report = _job_of(execution, remote), None, None
    with suppress(TransferError):
        report = remote.jobs.report(job_id)
    with suppress(TransferError):
        job = remote.jobs.load(job_id)
    age = remote.clock.now() - execution.started if execution.started else None
    return JobLine(
        job=job_id,
        status=execution.status.lower(),
        execution_arn=execution.arn,
        state=report.state if report else None,
        size=job.plan.size if job and job.plan else report.size if report else None,
        source=job.source.display if job else report.source if report else None,
        destination=str(job.target) if job else report.destination if report else None,
        started=_time(execution, "started"),
        stopped=_time(execution, "stopped"),
        age_seconds=round(age.total_seconds(), 1) if age else None,
        resumes=job.resumes if job else None,
        error=report.error.name if report and report.error else None,
        items=report.counts if report else None,
    )


def _job_of(execution: Execution, remote: Remote) -> str:
    """EventBridge names executions itself, and only their input names the job."""
    if _OURS.fullmatch(execution.name):
        return execution.name
    with suppress(TransferError):
        return remote.machine.describe(execution.arn).job or execution.name
    return execution.name


def _word(execution: Execution | None, job: Job, remote: Remote) -> str:
    if execution is not None:
        return execution.status.lower()
    return "unstarted" if job.state == "new" and remote.jobs.report(job.id) is None else "forgotten"


def _unrecorded(job_id: str, execution: Execution | None, remote: Remote) -> JobStatus:
    """A request that has not been accepted yet or was refused, or a job whose record has expired: it has no record."""
    receipt = remote.jobs.report(job_id)
    if execution is None:
        if receipt is None:
            raise NoSuchJob(f"there is no job {job_id}")
        return JobStatus(job=job_id, status="forgotten", receipt=receipt)
    if receipt is None and execution.status != "RUNNING":
        error = failure(execution, remote.machine)
        receipt = Receipt(state="failed", source="", destination="", job=job_id, error=error.report())
    return JobStatus(
        job=job_id,
        status=execution.status.lower(),
        execution_arn=execution.arn,
        started=_time(execution, "started"),
        stopped=_time(execution, "stopped"),
        receipt=receipt,
    )


def _receipt(job: Job, execution: Execution | None, remote: Remote) -> Receipt | None:
    if execution is not None and execution.status == "RUNNING":
        return None
    found = remote.jobs.report(job.id)
    if found is not None:
        return _with_stack_hint(found, job, remote)
    if execution is None:
        return None
    if execution.status == "SUCCEEDED":
        raise NoSuchJob(f"job {job.id} has ended, but its report is gone", "reports are kept for 30 days")
    # The janitor reports a failed job a moment after its execution has ended.
    return _with_stack_hint(failed(job, failure(execution, remote.machine), remote.clock), job, remote)


def _with_stack_hint(found: Receipt, job: Job, remote: Remote) -> Receipt:
    """The receipt with a hint by the stack's own buckets, where S3 has denied one: its functions don't know them."""
    if found.error is None or found.error.name != AccessDenied.__name__:
        return found
    error = by_name(found.error.name, found.error.message)
    known = reported_error(job, error, found.unfinished_upload, remote.stack.buckets)
    return msgspec.structs.replace(found, error=known)


def _items(job: Job, receipt: Receipt | None, remote: Remote) -> Counts | None:
    if job.request.dataset is None:
        return None
    if receipt is not None and receipt.counts is not None:
        return receipt.counts
    return counts_so_far(job.id, remote.dataset_files)


class _Done(msgspec.Struct, frozen=True):
    """How far a job is that runs."""

    bytes: int | None = None
    parts: int | None = None
    retries: int | None = None


def _done(job: Job, remote: Remote, with_retries: bool) -> _Done:
    if job.upload is None:
        return _Done()
    tallies = list(remote.jobs.tallies(job.id)) if with_retries else None
    # The receipt has all of them.
    retries = None if tallies is None else sum(tally.retries + (tally.error is not None) for tally in tallies)
    listed = _parts_there(job.upload, remote)
    if listed is not None:
        return _Done(sum(part.length for part in listed), len(listed), retries)
    if not tallies:
        return _Done(retries=retries)
    return _Done(sum(tally.bytes for tally in tallies), sum(tally.parts for tally in tallies), retries)


def _parts_there(upload: Upload, remote: Remote) -> list[UploadedPart] | None:
    try:
        return list(remote.store.parts(upload))
    except (AccessDenied, BadEncryptionKey, UploadGone):
        return None  # it is being completed, or the destination is not this user's to list


def _time(execution: Execution | None, which: str) -> str | None:
    found = None if execution is None else execution.started if which == "started" else execution.stopped
    return None if found is None else found.isoformat(timespec="seconds")
