"""A worker's shift: the parts of one unit that it moves before its time is up, and what it leaves to the next one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice, takewhile

import msgspec

from s3am_cloud.concurrency import first_connections
from s3am_cloud.errors import NoSuchJob, PartTooSlow, TransferError
from s3am_cloud.jobs.part_records import compared, keep, known, recorded
from s3am_cloud.limits import ABANDON_SECONDS, DEADLINE_MARGIN_SECONDS, LAMBDA_SECONDS
from s3am_cloud.model import Job, MovedPart, Part, Unit, UploadedPart
from s3am_cloud.ports.pace import Pace
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.pipeline import move, proven, unit_parts
from s3am_cloud.transfer.remaining import missing_of

SecondsLeft = Callable[[], float]


class Remaining(msgspec.Struct, frozen=True):
    """The parts to move, of the unit's up to `last`: beyond it there was no time to look. `proven` are those that were
    compared with the source and are not recorded yet."""

    lacking: list[Part]
    last: int
    proven: list[MovedPart]


def run_unit(job: Job, unit: Unit, seconds_left: SecondsLeft, ports: Ports) -> int | None:
    """Moves parts of the unit that the store lacks; returns the smallest number of those still to do, None for none.

    A part that no record of the job shows is lacking too, unless it is the source's. What was moved is recorded, also
    where this fails. Near the deadline no part is begun, and shortly before it those in flight are dropped. Parts above
    the returned number may have been moved: whoever goes on asks the store. Raises PartTooSlow where a whole shift
    moved nothing.
    """
    begun_with = seconds_left()
    found = _found(job, unit, seconds_left, ports)
    tally = _Tally()
    with _recording(job, unit, found, tally, ports):
        left = _move(job, found.lacking, seconds_left, ports, tally)
    if not left:
        return None if found.last == unit.last else found.last + 1
    if not tally.moved and left[0].number == unit.first and begun_with > LAMBDA_SECONDS / 2:
        raise _too_slow(left[0], tally.bytes, begun_with - seconds_left(), job)
    return left[0].number


class _Tally:
    """What came of a shift."""

    def __init__(self) -> None:
        self.bytes = 0
        self.moved: dict[int, MovedPart] = {}

    def count(self, count: int) -> None:
        self.bytes += count


def _move(job: Job, lacking: list[Part], seconds_left: SecondsLeft, ports: Ports, tally: _Tally) -> list[Part]:
    """The parts that were not moved in time."""
    todo = deque(lacking)

    def in_time() -> Iterator[Part]:
        while todo and seconds_left() >= DEADLINE_MARGIN_SECONDS:
            yield todo.popleft()

    slots, first = job.plan.slots if job.plan else 1, first_connections(job.request.slots, len(lacking))
    pace = Pace(first, should_stop=lambda: seconds_left() < ABANDON_SECONDS)
    for part in move(job, in_time(), slots, ports, tally.count, pace):
        tally.moved[part.number] = part
    return missing_of(lacking, tally.moved)


@contextmanager
def _recording(job: Job, unit: Unit, found: Remaining, tally: _Tally, ports: Ports) -> Iterator[None]:
    """Records the parts, however the shift ends. If that fails, too, the error that ended the shift is raised."""
    try:
        yield
    except BaseException:
        with suppress(TransferError):
            keep(job, unit, [*found.proven, *tally.moved.values()], ports.jobs)
        raise
    keep(job, unit, [*found.proven, *tally.moved.values()], ports.jobs)


def _found(job: Job, unit: Unit, seconds_left: SecondsLeft, ports: Ports) -> Remaining:
    """What is to be moved. Parts of which there is no record are read to prove them, for half of the time at most."""
    if job.upload is None:
        raise NoSuchJob(f"job {job.id} has no multipart upload: it was not prepared")
    listed = list(takewhile(lambda part: part.number <= unit.last, ports.store.parts(job.upload, after=unit.first - 1)))
    existing = {part.number for part in known(listed, recorded(job.id, ports.jobs, unit))} if listed else set[int]()
    proven_now, last = list[MovedPart](), unit.last
    for batch in _batches((part for part in listed if part.number not in existing), job):
        if seconds_left() < LAMBDA_SECONDS / 2 and batch[0].number > unit.first:
            last = batch[0].number - 1
            break
        proven_now += map(compared, proven(_alone(job), batch, ports, lambda count: None))
    existing |= {part.number for part in proven_now}
    wanted = unit_parts(job, Unit(unit.object, unit.first, last))
    return Remaining(missing_of(wanted, existing), last, proven_now)


def _alone(job: Job) -> Job:
    """The job with as many connections as one of its workers may have."""
    return msgspec.structs.replace(job, plan=job.plan and msgspec.structs.replace(job.plan, concurrency=1))


def _batches(listed: Iterator[UploadedPart], job: Job) -> Iterator[list[UploadedPart]]:
    size = job.plan.slots if job.plan else 1
    while batch := list(islice(listed, size)):
        yield batch


def _too_slow(part: Part, count: int, seconds: float, job: Job) -> PartTooSlow:
    slots = job.plan.slots if job.plan else 1
    return PartTooSlow(
        f"part {part.number} of {part.length:,} bytes was not moved within {seconds:,.0f} s, nor was any other: "
        f"{count:,} bytes came over {slots} connections, {count / max(seconds, 1) / 1e6:.2f} MB/s in all"
    )
