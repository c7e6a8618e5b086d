"""One run over a dataset: from a list of items to the outcome of each."""

from __future__ import annotations

import queue
import time
from array import array
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Generic, Protocol

import msgspec

from s3am_cloud.datasets.candidates import Candidate
from s3am_cloud.datasets.decisions import NOT_COMPARED, UNCHANGED, Known, decision
from s3am_cloud.datasets.directions import Direction, Whole
from s3am_cloud.datasets.failures import OF_ONE_SOURCE, FailureRule
from s3am_cloud.datasets.lanes import Ended, Lanes
from s3am_cloud.datasets.outcomes import Outcome, outcome_of
from s3am_cloud.datasets.single import Done, Task, failed
from s3am_cloud.errors import LocalFileExists, ObjectExists, TransferError
from s3am_cloud.limits import ITEMS_IN_HAND, SINGLES_IN_HAND, SINGLES_QUEUED
from s3am_cloud.ports.item_list import Listed, WorkList
from s3am_cloud.ports.objects import Refused, Settled, Unfit
from s3am_cloud.request import OnExisting

_WAIT_SECONDS = 0.1
# How long what has ended is gathered, where more is on its way than one look needs.
_GATHER_SECONDS = 0.02


class KnownObjects(Protocol):
    """What earlier runs recorded of the objects that they made."""

    def get(self, destination: str) -> Known | None: ...

    def put(self, destination: str, known: Known) -> None: ...


class Wanted(msgspec.Struct, Generic[Whole], frozen=True, kw_only=True):
    """What a run is to do: the items, what becomes of existing objects, and when it ends early.

    Where the run may be `repeated`, an object that exists by now may be its own: a single transfer looks at it.
    """

    items: WorkList
    direction: Direction[Whole]
    exists: OnExisting | None
    failures: FailureRule
    known: KnownObjects
    repeated: bool = False


class _Numbers:
    """Numbers of items that wait for their lane: 8 bytes each, as all items of a run may be among them."""

    def __init__(self) -> None:
        self._numbers, self._first = array("q"), 0

    def __bool__(self) -> bool:
        return self._first < len(self._numbers)

    def add(self, number: int) -> None:
        self._numbers.append(number)

    def take(self) -> int:
        number = self._numbers[self._first]
        self._first += 1
        if self._first > len(self._numbers) // 2:
            del self._numbers[: self._first]
            self._first = 0
        return number


class _Lane:
    """What one of the lanes has in hand, of at most `most` items."""

    def __init__(self, most: int) -> None:
        self._most, self.in_hand = most, 0

    @property
    def has_room(self) -> bool:
        return self.in_hand < self._most


class _Feed:
    """The items, read once in the order of work, each for its lane while that has room.

    Singles take long: so that the other lane does not wait for them, only their numbers are kept, however many there
    are. For the next single item no more is read than the other lane takes in a moment.
    """

    def __init__(self, items: WorkList, is_whole: Callable[[Listed], bool]) -> None:
        self._items, self._is_whole, self._rest = items, is_whole, items.remaining()
        self._whole, self._single = _Lane(ITEMS_IN_HAND), _Lane(SINGLES_QUEUED)
        self._whole_waiting: deque[Listed] = deque()
        self._single_waiting = _Numbers()
        self._read_all = False

    @property
    def ended(self) -> bool:
        return self._read_all and not self._whole_waiting and not self._single_waiting

    def next(self) -> tuple[Listed, _Lane] | None:
        """None where no lane has room for what comes next."""
        if self._whole_waiting and self._whole.has_room:
            return self._begun(self._whole_waiting.popleft(), self._whole)
        if self._single_waiting and self._single.has_room:
            return self._begun(self._items.get(self._single_waiting.take()), self._single)
        for _ in range(ITEMS_IN_HAND):
            if not self._reads_on or (listed := self._read()) is None:
                return None
            lane = self._whole if self._is_whole(listed) else self._single
            if lane.has_room:
                return self._begun(listed, lane)
            if lane is self._whole:
                self._whole_waiting.append(listed)
            else:
                self._single_waiting.add(listed.number)
        return None

    @property
    def _reads_on(self) -> bool:
        return self._whole.has_room or (self._single.has_room and len(self._whole_waiting) < ITEMS_IN_HAND)

    def _read(self) -> Listed | None:
        listed = next(self._rest, None)
        self._read_all = listed is None
        return listed

    def _begun(self, listed: Listed, lane: _Lane) -> tuple[Listed, _Lane]:
        lane.in_hand += 1
        return listed, lane


class DatasetRun(Generic[Whole]):
    """Iterated once, from the thread that made `items` and `known`. `tick` is called a few times a second.

    What it raises ends the run, as KeyboardInterrupt does: what was on its way is dropped, and what was not reached
    has no outcome.
    """

    def __init__(self, wanted: Wanted[Whole], lanes: Lanes[Whole], tick: Callable[[], None] = lambda: None) -> None:
        self._wanted, self._direction, self._lanes, self._tick = wanted, wanted.direction, lanes, tick
        self._in_hand: dict[int, Candidate] = {}
        self._lane_of: dict[int, _Lane] = {}
        self._ready: deque[Outcome] = deque()
        self._replacing: set[int] = set()
        self.heads = 0

    def candidate(self, number: int) -> Candidate:
        """An item that is on its way; for other threads."""
        return self._in_hand[number]

    def outcomes(self) -> Generator[Outcome, None, None]:
        """Of all items without one. Whoever does not iterate to the end closes it."""
        items = self._wanted.items
        feed = _Feed(items, self._direction.is_whole)
        self._lanes.start()
        try:
            while (self._in_hand or not feed.ended) and not self._wanted.failures.ends_the_run:
                self._fill(feed)
                yield from self._given_out()
                self._take()
                yield from self._given_out()
                self._tick()
        finally:
            self._lanes.close()
        for one in items.remaining():
            yield self._recorded(one.number, outcome_of(one.item, "not-reached"))

    def _given_out(self) -> Iterator[Outcome]:
        while self._ready:
            yield self._ready.popleft()

    def _fill(self, feed: _Feed) -> None:
        """Hands items over to the lanes while they have room."""
        while len(self._ready) < ITEMS_IN_HAND and (found := feed.next()) is not None:
            listed, lane = found
            self._lane_of[listed.number] = lane
            try:
                self._in_hand[listed.number] = self._direction.candidate(listed)
            except TransferError as error:
                self._end(listed, failed(listed, error))
            else:
                self._begin(self._in_hand[listed.number])

    def _begin(self, one: Candidate) -> None:
        listed = one.listed
        match decision(listed.existing, self._wanted.exists):
            case "copy":
                self._copy(one, replace=False)
            case "replace":
                self._copy(one, replace=True)
            case "skip":
                self._end(listed, self._direction.skipped(listed, NOT_COMPARED))
            case "refuse":
                self._end(listed, failed(listed, self._direction.exists_error(listed)))
            case "compare":
                self._compare(one)

    def _compare(self, one: Candidate) -> None:
        known = self._wanted.known.get(one.listed.item.destination)
        if self._direction.is_unchanged(one, known):
            self._end(one.listed, self._direction.skipped(one.listed, UNCHANGED))
            return
        task = Task(one, True, self._wanted.exists == "update", known)
        if known is None or one.source.scheme == "file":
            self._lanes.compare(task)
        else:
            self._lanes.single.put(task)  # a look at its source may show that nothing has changed

    def _copy(self, one: Candidate, replace: bool) -> None:
        if not self._direction.is_whole(one.listed):
            self._lanes.single.put(Task(one, False, replace))
            return
        if replace:
            self._replacing.add(one.number)
        self._lanes.move(one, self._direction.whole(one, replace))

    def _take(self) -> None:
        """What has ended since; waits a moment for the first."""
        if not self._in_hand:
            return
        try:
            self._settle(self._lanes.ended.get(timeout=_WAIT_SECONDS))
            # To be woken for each of them takes longer than all that is done with it.
            if len(self._in_hand) > SINGLES_IN_HAND:
                time.sleep(_GATHER_SECONDS)
            for _ in range(ITEMS_IN_HAND):
                self._settle(self._lanes.ended.get_nowait())
        except queue.Empty:
            return

    def _settle(self, ended: Ended) -> None:
        if isinstance(ended, BaseException):
            raise ended
        one = self._in_hand[ended.number]
        if isinstance(ended, Done):
            self._done(one, ended)
        else:
            self._settle_whole(one, ended)

    def _done(self, one: Candidate, done: Done) -> None:
        self.heads += done.heads
        self._end(one.listed, done.outcome, done.known)

    def _settle_whole(self, one: Candidate, ended: Settled) -> None:
        listed, replaces = one.listed, one.number in self._replacing
        match ended:
            case Unfit():
                self._lanes.single.put(Task(one, False, replaces))
            case Refused(error=ObjectExists() | LocalFileExists()):
                self._exists_by_now(one)
            case Refused() if listed.item.mirrors and type(ended.error).__name__ in OF_ONE_SOURCE:
                self._lanes.single.put(Task(one, False, replaces))
            case Refused():
                outcome = msgspec.structs.replace(failed(listed, ended.error), retries=ended.retries)
                self._end(listed, outcome)
            case _:
                next_step = self._direction.settled(one, ended, replaces)
                if isinstance(next_step, Task):
                    self._lanes.single.put(next_step)
                else:
                    self._done(one, next_step)

    def _exists_by_now(self, one: Candidate) -> None:
        """The listing did not have it: somebody was faster, or it can't be listed."""
        listed = one.listed
        match self._wanted.exists:
            case _ if self._wanted.repeated:
                self._lanes.single.put(Task(one, True, self._wanted.exists == "update"))
            case "skip":
                self._end(listed, self._direction.skipped(listed, NOT_COMPARED))
            case "fail":
                self._end(listed, failed(listed, self._direction.exists_error(listed)))
            case _:
                self._lanes.single.put(Task(one, True, self._wanted.exists == "update"))

    def _end(self, listed: Listed, outcome: Outcome, known: Known | None = None) -> None:
        self._in_hand.pop(listed.number, None)
        self._lane_of.pop(listed.number).in_hand -= 1
        self._replacing.discard(listed.number)
        if known is not None and known.etag:
            self._wanted.known.put(listed.item.destination, known)
        self._ready.append(self._recorded(listed.number, outcome))

    def _recorded(self, number: int, outcome: Outcome) -> Outcome:
        self._wanted.items.outcome(number, outcome.state)
        self._wanted.failures.note(outcome)
        return outcome
