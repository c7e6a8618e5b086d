"""The whole items of one unit that a worker copies before its time is up, and what it leaves to the next invocation.

How items ended is written once, when the invocation ends, under a name that follows from the unit: an invocation that
died is repeated, and writes it. What its first try has copied is found at its destination, and known as this dataset's
own. An item without an outcome is the next round's, and so is one that turns out to be too large for one worker.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from s3am_cloud.datasets.decisions import Known
from s3am_cloud.datasets.failures import FailureRule
from s3am_cloud.datasets.lanes import ByteCount, Lanes
from s3am_cloud.datasets.outcomes import ItemResult, result_of
from s3am_cloud.datasets.run import DatasetRun, Wanted
from s3am_cloud.datasets.uploading import Uploading
from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import BadSource
from s3am_cloud.integrity.provenance import written
from s3am_cloud.jobs.dataset.items import TOO_LARGE, SingleItems, item_request
from s3am_cloud.jobs.dataset.plan import load_plan
from s3am_cloud.jobs.dataset.records import files_of
from s3am_cloud.jobs.dataset.results import write_results
from s3am_cloud.jobs.recovery import cancelled
from s3am_cloud.jobs.unit_worker import SecondsLeft
from s3am_cloud.limits import (
    ABANDON_SECONDS,
    CANCEL_LOOK_SECONDS,
    DEADLINE_MARGIN_SECONDS,
    OBJECT_CONNECTIONS,
    SINGLE_LANES,
)
from s3am_cloud.model import Attributes, Job, SourceInfo
from s3am_cloud.ports.dataset_files import DatasetFiles, ItemUnit, ResultCounts
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.objects import ObjectMover, WholeObject
from s3am_cloud.ports.transfer import Clock, Ports
from s3am_cloud.urls import SourceUrl

_decode_numbers: Decoder[list[int]] = Decoder(list[int])


class UnitEnd(msgspec.Struct, frozen=True):
    """What one invocation did, and what is left of its unit; nothing where it is None."""

    rest: ItemUnit | None
    counts: ResultCounts
    bytes_moved: int


class _Over(Exception):
    """There is no time left, or the job was cancelled: what is on its way is dropped."""


def work_items(dataset: Job, unit: ItemUnit, seconds_left: SecondsLeft, ports: Ports) -> UnitEnd:
    """Copies those items of the unit that have no outcome, as many as there is time for.

    Near the deadline no item is begun, and shortly before it those in flight are dropped. The rest begins at the first
    item without an outcome; but always after the first item of this unit, so that none keeps the others waiting for
    ever.
    """
    files, watch = files_of(ports), _Watch(dataset.id, seconds_left, ports)
    finished = _finished(dataset.id, unit, files)
    lines = list(files.items(dataset.id, unit.file, unit.first, unit.to))
    todo = _UnitItems([one for one in lines if one.number not in finished], watch)
    moved = ByteCount()
    results = list(_results(dataset, todo, moved, ports)) if todo.items else []
    counts = write_results(dataset.id, unit.round, f"{unit.u}-{unit.first}", results, files)
    finished |= {one.number for one in results} | todo.too_large
    rest = None if watch.is_cancelled else _rest(unit, lines, finished)
    if rest is not None:
        later = [one.number for one in lines[rest.first - unit.first :] if one.number in finished]
        files.write_note(dataset.id, _note(rest), msgspec.json.encode(later))
    return UnitEnd(rest, counts, moved.moved)


def _results(dataset: Job, todo: _UnitItems, moved: ByteCount, ports: Ports) -> Iterator[ItemResult]:
    direction = Uploading(_no_file, dataset.request.source_digest)
    shares = shares_of(_slots(dataset, ports), any(map(direction.is_whole, todo.items)))
    singles = SingleItems(dataset, shares.each, todo.watch.seconds_left, ports)
    mover = _mover(_Carried(dataset, todo), shares.whole, moved, ports)
    lanes: Lanes[WholeObject] = Lanes(mover, singles, shares.lanes)
    wanted = Wanted(
        items=todo,
        direction=direction,
        exists=dataset.request.exists,
        failures=FailureRule(len(todo.items)),
        known=_NothingKnown(),
        repeated=True,
    )
    try:
        for outcome in DatasetRun(wanted, lanes, todo.watch.look).outcomes():
            number = todo.number_of(outcome.destination)
            if outcome.state != "not-reached":
                yield result_of(number, outcome)
            elif outcome.reason == TOO_LARGE:
                todo.too_large.add(number)
    except _Over:
        return


class Shares(msgspec.Struct, frozen=True):
    """How a worker's connections are shared out: `whole` of them copy whole objects; `lanes` single items are copied at
    the same time, over `each` connections each."""

    whole: int
    lanes: int
    each: int


def shares_of(slots: int, has_whole: bool) -> Shares:
    """Together no more than `slots`, which the source's host bears, as far as each lane has one at least."""
    if has_whole:
        lanes = max(1, min(SINGLE_LANES, slots // 4))
        return Shares(whole=max(1, slots - lanes), lanes=lanes, each=1)
    lanes = max(1, min(SINGLE_LANES, slots))
    return Shares(whole=1, lanes=lanes, each=max(1, slots // lanes))


def _slots(dataset: Job, ports: Ports) -> int:
    crew = load_plan(dataset.id, files_of(ports)).crew
    return OBJECT_CONNECTIONS if crew is None else crew.slots


def _mover(carried: _Carried, connections: int, moved: ByteCount, ports: Ports) -> ObjectMover:
    assert ports.object_movers is not None, "a worker has movers of whole objects"
    return ports.object_movers(carried, connections, moved)


def _finished(dataset_id: str, unit: ItemUnit, files: DatasetFiles) -> set[int]:
    """The items of the unit that ended in earlier invocations."""
    note = files.note(dataset_id, _note(unit))
    return set() if note is None else set(_decode_numbers(note))


def _rest(unit: ItemUnit, lines: list[Listed], finished: set[int]) -> ItemUnit | None:
    left = [at for at, one in enumerate(lines, unit.first) if at > unit.first and one.number not in finished]
    return msgspec.structs.replace(unit, first=left[0]) if left else None


def _note(unit: ItemUnit) -> str:
    return f"unit-r{unit.round}-{unit.u}-{unit.first}"


class _Watch:
    """The deadline, and the notice that the job is not wanted any more."""

    def __init__(self, dataset_id: str, seconds_left: SecondsLeft, ports: Ports) -> None:
        self._id, self._seconds_left, self._ports = dataset_id, seconds_left, ports
        self._clock: Clock = ports.clock
        self._looked = self._clock.monotonic()
        self.is_cancelled = cancelled(dataset_id, ports)

    @property
    def may_begin(self) -> bool:
        return self.seconds_left() >= DEADLINE_MARGIN_SECONDS

    def seconds_left(self) -> float:
        """None are left to a job that was cancelled."""
        return 0.0 if self.is_cancelled else self._seconds_left()

    def look(self) -> None:
        """Raises _Over."""
        if self._clock.monotonic() - self._looked >= CANCEL_LOOK_SECONDS:
            self._looked = self._clock.monotonic()
            self.is_cancelled = cancelled(self._id, self._ports)
        if self.seconds_left() < ABANDON_SECONDS:
            raise _Over


class _UnitItems:
    """The `WorkList` of one invocation, in the order of their lines."""

    def __init__(self, items: list[Listed], watch: _Watch) -> None:
        self.items, self.watch = items, watch
        self._numbers = {one.item.destination: one.number for one in items}
        self._by_number = {one.number: one for one in items}
        self._ended: set[int] = set()
        self.too_large: set[int] = set()

    def remaining(self) -> Iterator[Listed]:
        for one in self.items:
            if not self.watch.may_begin:
                return
            if one.number not in self._ended:
                yield one

    def outcome(self, number: int, state: str) -> None:
        self._ended.add(number)

    def number_of(self, destination: str) -> int:
        return self._numbers[destination]

    def get(self, number: int) -> Listed:
        return self._by_number[number]


class _Carried:
    """What the objects of a dataset carry besides their bytes: what was asked for, and where they came from."""

    def __init__(self, dataset: Job, items: _UnitItems) -> None:
        self._dataset, self._items = dataset, items

    def __call__(self, number: int, info: SourceInfo) -> Attributes:
        request = item_request(self._dataset, self._items.get(number).item)
        return written(msgspec.structs.replace(self._dataset, request=request, info=info))


class _NothingKnown:
    """A worker has no record of earlier runs."""

    def get(self, destination: str) -> Known | None:
        return None

    def put(self, destination: str, known: Known) -> None:
        """Nobody would read it."""


def _no_file(source: SourceUrl) -> SourceInfo:
    raise BadSource(f"{source.display} is a file, which the cloud can't read")
