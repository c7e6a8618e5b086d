"""The same story told by the state machine: each function is one task, safe to repeat, and exchanges small values.

accept (intake.py) → prepare → (work on units, in parallel) → complete → report; settle (aftermath.py) when it failed
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile

import msgspec

from s3am_cloud.aftermath import detail
from s3am_cloud.errors import ChecksumMismatch, NoSuchJob
from s3am_cloud.limits import DEADLINE_MARGIN_SECONDS
from s3am_cloud.model import Job, MovedPart, Part, Receipt, Unit
from s3am_cloud.pipeline import finish, lacking, move, prepare, proven, unit_parts
from s3am_cloud.ports import Ports
from s3am_cloud.steps.plan import units


class Prepared(msgspec.Struct, frozen=True):
    """What the machine needs for its map; `transfer` is False where nothing is left to be mapped."""

    job: str
    transfer: bool
    bucket: str
    units_key: str
    concurrency: int


class Worked(msgspec.Struct, frozen=True):
    """What is left of a unit; nothing where `done`."""

    job: str
    unit: Unit
    done: bool


def prepare_job(job_id: str, execution: str, bucket: str, ports: Ports) -> Prepared:
    """Prepares the job and writes its units; small objects are put at once."""
    job = ports.jobs.load(job_id)
    if job.state == "new":
        job = prepare(msgspec.structs.replace(job, execution=execution), ports)
    if job.plan is None or job.state != "transfer":
        _finish_small(job, ports)
        return Prepared(job_id, False, bucket, "", 1)
    # Parts that have to be proven first are the workers' to prove.
    parts = lacking(job, ports) if job.trusted else job.plan.parts()
    key = ports.jobs.write_units(job_id, units(job.plan, (part.number for part in parts)))
    return Prepared(job_id, True, bucket, key, job.plan.concurrency)


def work(job_id: str, unit: Unit, seconds_left: Callable[[], float], ports: Ports) -> Worked:
    """Moves those parts of the unit that the store lacks, and stops between parts when time runs out."""
    job = ports.jobs.load(job_id)
    todo = deque(_missing_of(job, unit, ports))

    def in_time() -> Iterator[Part]:
        while todo and seconds_left() >= DEADLINE_MARGIN_SECONDS:
            yield todo.popleft()

    slots = job.plan.slots if job.plan else 1
    for _ in move(job, in_time(), slots, ports, lambda count: None):
        pass
    if not todo:
        return Worked(job_id, unit, True)
    return Worked(job_id, Unit(unit.object, todo[0].number, unit.last), False)


def complete_job(job_id: str, ports: Ports) -> Receipt:
    before = ports.jobs.report(job_id)
    if before is not None and before.state == "succeeded":
        return before  # the task is repeated, and the upload is gone
    done = _finished(ports.jobs.load(job_id), [], ports)
    ports.jobs.write_report(job_id, done)
    return done


def report_job(job_id: str, ports: Ports) -> dict[str, object]:
    """The detail of the job's outcome event. Raises NoSuchJob where it has no report."""
    found = ports.jobs.report(job_id)
    if found is None:
        raise NoSuchJob(f"job {job_id} has no report")
    return detail(found)


def _finish_small(job: Job, ports: Ports) -> None:
    if ports.jobs.report(job.id) is not None:
        return
    moved = []
    if job.state == "put" and job.plan is not None:
        moved = list(move(job, job.plan.parts(), 1, ports, lambda count: None))
    ports.jobs.write_report(job.id, _finished(job, moved, ports))


def _finished(job: Job, moved: Iterable[MovedPart], ports: Ports) -> Receipt:
    done = finish(job, moved, ports)
    if job.request.expect and done.state == "succeeded" and done.expected is None:
        raise ChecksumMismatch(f"{done.destination}: S3 keeps no CRC64NVME to compare with {job.request.expect}")
    return done


def _missing_of(job: Job, unit: Unit, ports: Ports) -> list[Part]:
    if job.upload is None:
        raise NoSuchJob(f"job {job.id} has no multipart upload: it was not prepared")
    listed = takewhile(lambda part: part.number <= unit.last, ports.store.parts(job.upload, after=unit.first - 1))
    there = {part.number for part in proven(job, listed, ports, lambda count: None)}
    return [part for part in unit_parts(job, unit) if part.number not in there]
