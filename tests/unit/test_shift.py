"""A worker's shift: what it begins, drops and leaves to the next one when time runs out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3am_cloud.adapters.memory.transfer import MemoryMovers
from s3am_cloud.checksums.crc64nvme import EMPTY, update
from s3am_cloud.errors import PartTooSlow
from s3am_cloud.jobs.tasks import Worked, complete_job, work
from s3am_cloud.limits import ABANDON_SECONDS, DEADLINE_MARGIN_SECONDS, LAMBDA_SECONDS
from s3am_cloud.model import MovedPart, Part, PinnedSource, Unit
from s3am_cloud.ports.pace import ShouldStop, never_stop
from s3am_cloud.ports.transfer import OrderedReader, Ports, Progress, Sink
from servers.content import pattern
from support.cloud_fakes import DATA, LONG, prepared
from support.fakes import PART, SOURCE, TARGET, World

ALL = Unit(0, 1, 5)


class Shift:
    """Seconds that are left, and movers for which each part takes its own time over as many slots as they have."""

    def __init__(self, world: World, seconds: dict[int, float], left: float = LONG) -> None:
        self.left, self._seconds, self._world = left, seconds, world
        self._inner = MemoryMovers(world.source, world.store)
        self.begun: list[int] = []

    @property
    def ports(self) -> Ports:
        return msgspec.structs.replace(self._world.ports, movers=self)

    def __call__(
        self, origin: PinnedSource, sink: Sink, slots: int, progress: Progress, first: int | None = None
    ) -> Shift:
        self._mover, self._slots, self._progress = self._inner(origin, sink, slots, lambda count: None), slots, progress
        return self

    def move(self, parts: Iterable[Part], should_stop: ShouldStop = never_stop) -> Iterator[MovedPart]:
        """Part by part as they end; those that have not ended when it should stop have sent half of their bytes."""
        coming, flying = iter(parts), list[tuple[float, Part]]()
        while True:
            while len(flying) < self._slots and (part := next(coming, None)) is not None:
                self.begun.append(part.number)
                flying.append((self.left - self._seconds.get(part.number, 1.0), part))
            if not flying:
                return
            end, part = max(flying, key=lambda one: one[0])
            self.left = max(end, 0.0)
            if should_stop():
                self._progress(sum(part.length // 2 for _, part in flying))
                return
            flying.remove((end, part))
            self._progress(part.length)
            yield from self._mover.move([part])

    def work(self, unit: Unit = ALL) -> Worked:
        return work("job", unit, lambda: self.left, self.ports)


@pytest.fixture
def world() -> World:
    made = World()
    made.source.put(SOURCE, DATA)
    prepared(made)
    return made


def there(world: World) -> list[int]:
    job = world.jobs.load("job")
    assert job.upload is not None
    return [part.number for part in world.store.parts(job.upload)]


def narrow(world: World, slots: int) -> None:
    """Sets how many parts a worker transfers at the same time."""
    job = world.jobs.load("job")
    assert job.plan is not None
    world.jobs.save(msgspec.structs.replace(job, plan=msgspec.structs.replace(job.plan, slots=slots)))


def test_a_part_that_does_not_end_in_time_is_dropped_and_done_later(world: World) -> None:
    """A part that does not end in time is dropped and the unit continues from there."""
    narrow(world, 3)
    assert Shift(world, {3: 2 * LONG}).work() == Worked("job", Unit(0, 3, 5), False)
    assert there(world) == [1, 2, 4, 5]


def test_what_remains_may_have_holes_and_only_they_are_filled(world: World) -> None:
    """What remains may have holes and the next shift moves only what is missing."""
    narrow(world, 3)
    first = Shift(world, {2: 2 * LONG, 4: 2 * LONG}).work()
    assert first.unit == Unit(0, 2, 5)
    again = Shift(world, {})
    assert again.work(first.unit).done
    assert again.begun == [2, 4]
    complete_job("job", world.ports)
    assert world.store.content(TARGET) == DATA


def test_between_the_two_margins_parts_end_but_none_begins(world: World) -> None:
    """Between the two margins parts end that were begun but none is begun."""
    narrow(world, 2)
    seconds = DEADLINE_MARGIN_SECONDS - ABANDON_SECONDS
    shift = Shift(world, dict.fromkeys(range(1, 6), seconds), left=DEADLINE_MARGIN_SECONDS)
    assert shift.work().unit == Unit(0, 3, 5)
    assert shift.begun == there(world) == [1, 2]


def test_a_shift_that_moves_nothing_ends_in_an_error_with_the_arithmetic(world: World) -> None:
    narrow(world, 2)
    shift = Shift(world, dict.fromkeys(range(1, 6), 2 * LONG))
    with pytest.raises(PartTooSlow) as caught:
        shift.work()
    came = 2 * (PART // 2)
    told = f"part 1 of {PART:,} bytes was not moved within 900 s, nor was any other: {came:,} bytes came over 2 "
    assert str(caught.value) == f"{told}connections, {came / 900 / 1e6:.2f} MB/s in all"
    assert "--part-size" in caught.value.hint
    assert (caught.value.code, caught.value.retryable) == (24, False)


def test_one_part_more_is_progress_enough(world: World) -> None:
    narrow(world, 5)
    slow = dict.fromkeys(range(1, 5), 2 * LONG)
    assert not Shift(world, slow).work().done
    with pytest.raises(PartTooSlow):
        Shift(world, slow).work()


def test_a_shift_that_had_hardly_any_time_proves_nothing_against_the_part(world: World) -> None:
    late = Shift(world, dict.fromkeys(range(1, 6), 2 * LONG), left=LAMBDA_SECONDS / 2)
    assert late.work() == Worked("job", ALL, False)


@given(st.lists(st.floats(0.5, 700), min_size=5, max_size=5), st.integers(1, 5))
def test_round_after_round_every_part_is_moved_once_whatever_each_takes(times: list[float], slots: int) -> None:
    world = World()
    world.source.put(SOURCE, DATA)
    prepared(world)
    narrow(world, slots)
    unit, rounds, read = ALL, 0, world.source.bytes_read
    while True:
        worked = Shift(world, dict(enumerate(times, 1))).work(unit)
        rounds += 1
        assert rounds <= 5
        if worked.done:
            break
        assert worked.unit.first >= unit.first
        unit = worked.unit
    complete_job("job", world.ports)
    assert world.store.content(TARGET) == DATA
    assert world.source.bytes_read - read == len(DATA)


class Readers:
    """Remembers over how many connections it was asked to read; a part takes `seconds`."""

    def __init__(self, ports: Ports, passes: Callable[[float], None], seconds: float) -> None:
        self._inner, self._passes, self._seconds = ports.readers, passes, seconds
        self.slots: list[int] = []

    def __call__(
        self, origin: PinnedSource, slots: int, progress: Progress, part_size: int | None = None
    ) -> OrderedReader:
        self.slots.append(slots)
        self._passes(self._seconds)
        return self._inner(origin, slots, progress, part_size)


def adopted(world: World, wrong: int = 0) -> None:
    """A job that goes on with somebody else's upload, which has all parts but the last; three slots."""
    upload = world.store.open(TARGET)
    for number in range(1, 5):
        data = pattern(PART, 9) if number == wrong else DATA[(number - 1) * PART : number * PART]
        world.store.put_part(upload, number, data, update(EMPTY, data))
    prepared(world, "other", resume=True)
    job = world.jobs.load("other")
    assert job.plan is not None
    assert not job.trusted
    world.jobs.save(msgspec.structs.replace(job, plan=msgspec.structs.replace(job.plan, slots=3, concurrency=7)))


@pytest.fixture
def alone() -> World:
    made = World()
    made.source.put(SOURCE, DATA)
    return made


def test_proving_takes_a_workers_own_connections_and_no_others(alone: World) -> None:
    adopted(alone)
    readers = Readers(alone.ports, lambda seconds: None, 0)
    work("other", ALL, lambda: LONG, msgspec.structs.replace(alone.ports, readers=readers))
    assert set(readers.slots) == {3}


def test_proving_takes_half_of_a_shift_at_most_and_goes_on_in_the_next(alone: World) -> None:
    adopted(alone)
    left = [LONG]

    def passes(seconds: float) -> None:
        left[0] -= seconds

    readers = Readers(alone.ports, passes, 500)
    first = work("other", ALL, lambda: left[0], msgspec.structs.replace(alone.ports, readers=readers))
    assert first == Worked("other", Unit(0, 4, 5), False)
    left[0] = LONG
    assert work("other", first.unit, lambda: left[0], msgspec.structs.replace(alone.ports, readers=readers)).done


def test_a_part_that_is_not_the_sources_is_moved_anew(alone: World) -> None:
    adopted(alone, wrong=2)
    assert work("other", ALL, lambda: LONG, alone.ports).done
    complete_job("other", alone.ports)
    assert alone.store.content(TARGET) == DATA
