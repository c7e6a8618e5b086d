"""A worker's shift: the parts of one unit that it moves before its time is up, and what it leaves to the next one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice, takewhile

import msgspec

from s3am_cloud.errors import NoSuchJob, PartTooSlow
from s3am_cloud.growth import first_connections
from s3am_cloud.limits import ABANDON_SECONDS, DEADLINE_MARGIN_SECONDS, LAMBDA_SECONDS
from s3am_cloud.model import Job, Part, Unit, UploadedPart
from s3am_cloud.pipeline import move, proven, unit_parts
from s3am_cloud.ports import Ports

SecondsLeft = Callable[[], float]


class Found(msgspec.Struct, frozen=True):
    """The parts that the store lacks, of the unit's up to `last`: beyond it there was no time to look."""

    lacking: list[Part]
    last: int


def spend(job: Job, unit: Unit, seconds_left: SecondsLeft, ports: Ports) -> int | None:
    """Moves parts of the unit that the store lacks; returns the smallest number of those still to do, None for none.

    Near the deadline no part is begun, and shortly before it those in flight are dropped. Parts above the returned
    number may have been moved: whoever goes on asks the store. Raises PartTooSlow where a whole shift moved nothing.
    """
    begun_with = seconds_left()
    found = _found(job, unit, seconds_left, ports)
    tally = _Tally()
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
        self.moved: set[int] = set()

    def count(self, count: int) -> None:
        self.bytes += count


def _move(job: Job, lacking: list[Part], seconds_left: SecondsLeft, ports: Ports, tally: _Tally) -> list[Part]:
    """The parts that were not moved in time."""
    todo = deque(lacking)

    def in_time() -> Iterator[Part]:
        while todo and seconds_left() >= DEADLINE_MARGIN_SECONDS:
            yield todo.popleft()

    slots, first = job.plan.slots if job.plan else 1, first_connections(job.request.slots, len(lacking))
    for part in move(job, in_time(), slots, ports, tally.count, lambda: seconds_left() < ABANDON_SECONDS, first):
        tally.moved.add(part.number)
    return [part for part in lacking if part.number not in tally.moved]


def _found(job: Job, unit: Unit, seconds_left: SecondsLeft, ports: Ports) -> Found:
    """What is to be moved. Parts of which nobody has a record are read to prove them, for half of the time at most."""
    if job.upload is None:
        raise NoSuchJob(f"job {job.id} has no multipart upload: it was not prepared")
    listed = takewhile(lambda part: part.number <= unit.last, ports.store.parts(job.upload, after=unit.first - 1))
    there, last = set[int](), unit.last
    for batch in _batches(listed, job):
        if not job.trusted and seconds_left() < LAMBDA_SECONDS / 2 and batch[0].number > unit.first:
            last = batch[0].number - 1
            break
        there |= {part.number for part in proven(_alone(job), batch, ports, lambda count: None)}
    wanted = unit_parts(job, Unit(unit.object, unit.first, last))
    return Found([part for part in wanted if part.number not in there], last)


def _alone(job: Job) -> Job:
    """The job with as many connections as one of its workers may have."""
    return msgspec.structs.replace(job, plan=job.plan and msgspec.structs.replace(job.plan, concurrency=1))


def _batches(listed: Iterator[UploadedPart], job: Job) -> Iterator[list[UploadedPart]]:
    size = job.plan.slots if job.plan and not job.trusted else None
    while batch := list(islice(listed, size)):
        yield batch


def _too_slow(part: Part, count: int, seconds: float, job: Job) -> PartTooSlow:
    slots = job.plan.slots if job.plan else 1
    return PartTooSlow(
        f"part {part.number} of {part.length:,} bytes was not moved within {seconds:,.0f} s, nor was any other: "
        f"{count:,} bytes came over {slots} connections, {count / max(seconds, 1) / 1e6:.2f} MB/s in all"
    )
