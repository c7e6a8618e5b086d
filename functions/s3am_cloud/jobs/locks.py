"""Who writes to a destination: one job at a time, and whoever asks for the same thing joins it.

A job locks its destination, on condition that nobody else has done so. The lock of a job that has ended counts for
nothing; its execution shows that. A client looks before it submits, as a courtesy; the job itself looks again before it
touches the destination (`ensure_held`), since any client may start jobs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from s3am_cloud.command_lines import command_line, follow_or_stop
from s3am_cloud.errors import DestinationBusy, NoSuchJob, StoreBusy
from s3am_cloud.jobs.successors import next_id
from s3am_cloud.limits import START_SECONDS
from s3am_cloud.model import Job, TransferRequest
from s3am_cloud.ports.coordination import Coordination, DestinationLock
from s3am_cloud.ports.executions import Execution
from s3am_cloud.ports.records import JobStore
from s3am_cloud.ports.transfer import Clock

_TRIES = 10


class LockContext(msgspec.Struct, frozen=True):
    """Where locks are written and read; `describe` describes an execution by its ARN, or raises NoSuchJob."""

    jobs: JobStore
    coordination: Coordination
    describe: Callable[[str], Execution]
    clock: Clock


def request_fingerprint(request: TransferRequest, keys: str = "") -> str:
    """The digest of what somebody asks for: the same source, destination and options have the same one.

    `keys` is an id of the encryption keys that are sealed: other keys have another one.
    How long the job is kept, what it may cost and whether it resumes another one make no difference while it runs.
    """
    plain = msgspec.structs.replace(request, resume=False, keep_hours=None, max_cost=None, idempotency_key=None)
    return hashlib.sha256(msgspec.json.encode(plain, order="deterministic") + keys.encode()).hexdigest()[:32]


def acquire(job: Job, execution: str, locks: LockContext) -> str:
    """Claims the job's destination for it, and returns the id of the job that has it now.

    That is another one's where one for the same request runs already: the caller joins it. Raises DestinationBusy
    where a job for something else runs.
    """
    where = job.target
    fingerprint = job.asked or request_fingerprint(job.request)
    mine = DestinationLock(job=job.id, execution=execution, asked=fingerprint, made=_now(locks.clock))
    for _ in range(_TRIES):
        found = locks.coordination.lock_of(where)
        if found is not None and found.job != job.id and runs(found, locks):
            if found.asked != fingerprint:
                raise DestinationBusy(
                    f"job {found.job} writes to {where} at this moment",
                    follow_or_stop(found.job),
                )
            return found.job
        if found is not None and found.job == job.id:
            if found.execution == execution:
                return job.id
            if runs(found, locks):
                raise DestinationBusy(
                    f"job {job.id} is at work in another execution",
                    f"follow it with {command_line('watch', job.id)}",
                )
        if locks.coordination.put_lock(where, mine, found):
            return job.id
    raise StoreBusy(f"{where} is claimed by others again and again")


def ensure_held(job: Job, execution: str, locks: LockContext | None) -> None:
    """Makes sure that the job may write to its destination. Raises DestinationBusy where another one does."""
    if locks is None:
        return
    holder = acquire(job, execution, locks)
    if holder != job.id:
        raise DestinationBusy(
            f"job {holder} does the same at this moment",
            f"follow it with {command_line('watch', holder)}",
        )


def runs(lock: DestinationLock, locks: LockContext) -> bool:
    """Whether the job of a lock writes to the destination, or is about to."""
    try:
        return locks.describe(lock.execution).status == "RUNNING"
    except NoSuchJob:
        age = locks.clock.now() - datetime.fromisoformat(lock.made)
        return age < timedelta(seconds=START_SECONDS) and locks.jobs.report(lock.job) is None


def successor(job_id: str, jobs: JobStore) -> Job | None:
    """The job that continues this one, None where none does."""
    try:
        found = jobs.load(next_id(job_id))
    except NoSuchJob:
        return None
    return found if found.resumes == job_id else None


def latest(job_id: str, jobs: JobStore) -> str:
    """The id of the last job that continues this one; its own where none does."""
    found = job_id
    while (after := successor(found, jobs)) is not None:
        found = after.id
    return found


def _now(clock: Clock) -> str:
    return clock.now().isoformat(timespec="milliseconds")
