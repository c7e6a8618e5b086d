"""One run over a dataset: from a list of items to the outcome of each."""

from __future__ import annotations

import functools
import queue
from collections import deque
from collections.abc import Callable, Generator, Iterator

import msgspec

from s3am_cloud.datasets.decisions import NOT_COMPARED, UNCHANGED, Known, decision, fingerprint, is_known
from s3am_cloud.datasets.failures import FailureRule
from s3am_cloud.datasets.outcomes import Outcome, outcome_of
from s3am_cloud.errors import ObjectExists, TransferError
from s3am_cloud.limits import ITEMS_IN_HAND, MAX_WHOLE_OBJECT, SINGLES_IN_HAND
from s3am_cloud.model import SourceInfo
from s3am_cloud.ports.item_list import ItemList, Listed
from s3am_cloud.ports.objects import Put, Refused, Settled, Unfit, WholeObject
from s3am_cloud.request import OnExisting
from s3am_cloud.same_source import source_id
from s3am_cloud.urls import SourceUrl
from s3am_cloud_client.inprocess.dataset.answers import known_of_put, outcome_of_put
from s3am_cloud_client.inprocess.dataset.candidates import Candidate, candidate
from s3am_cloud_client.inprocess.dataset.known import KnownObjects
from s3am_cloud_client.inprocess.dataset.lanes import Ended, Lanes
from s3am_cloud_client.inprocess.dataset.single import Done, Task, failed

_WAIT_SECONDS = 0.1
_WHOLE_SCHEMES = ("file", "http", "https")
_EXISTS = "give --exists overwrite or update to replace it, or --exists skip to leave it"
ProbeFile = Callable[[SourceUrl], SourceInfo]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is to do: the items, what becomes of existing objects, and when it ends early."""

    items: ItemList
    exists: OnExisting | None
    failures: FailureRule
    known: KnownObjects
    probe_file: ProbeFile


class _Feed:
    """The items of one lane, of which it has at most so many in hand."""

    def __init__(self, items: Iterator[Listed], most: int) -> None:
        self.items, self.most, self.in_hand, self.ended = items, most, 0, False


class DatasetRun:
    """Iterated once, from the thread that made `items` and `known`. `tick` is called a few times a second.

    What it raises ends the run, as KeyboardInterrupt does: what was on its way is dropped, and what was not reached
    has no outcome.
    """

    def __init__(self, wanted: Wanted, lanes: Lanes, tick: Callable[[], None] = lambda: None) -> None:
        self._wanted, self._lanes, self._tick = wanted, lanes, tick
        self._in_hand: dict[int, Candidate] = {}
        self._feeds: dict[int, _Feed] = {}
        self._ready: deque[Outcome] = deque()
        self._replacing: set[int] = set()
        self.heads = 0

    def listed(self, number: int) -> Listed:
        """An item that is on its way; for other threads."""
        return self._in_hand[number].listed

    def outcomes(self) -> Generator[Outcome, None, None]:
        """Whoever does not iterate to the end closes it."""
        items = self._wanted.items
        feeds = (
            _Feed((one for one in items.items() if is_whole(one)), ITEMS_IN_HAND),
            _Feed((one for one in items.items() if not is_whole(one)), SINGLES_IN_HAND),
        )
        self._lanes.start()
        try:
            while self._in_hand or not all(feed.ended for feed in feeds):
                for feed in feeds:
                    self._fill(feed)
                yield from self._given_out()
                self._take()
                self._tick()
                yield from self._given_out()
                if self._wanted.failures.ends_the_run:
                    break
        finally:
            self._lanes.close()
        for one in items.remaining():
            yield self._recorded(one.number, outcome_of(one.item, "not-reached"))

    def _given_out(self) -> Iterator[Outcome]:
        while self._ready:
            yield self._ready.popleft()

    def _fill(self, feed: _Feed) -> None:
        """Hands items over to the lane while it has room."""
        while not feed.ended and feed.in_hand < feed.most and len(self._ready) < ITEMS_IN_HAND:
            listed = next(feed.items, None)
            if listed is None:
                feed.ended = True
                return
            feed.in_hand += 1
            self._feeds[listed.number] = feed
            try:
                self._in_hand[listed.number] = candidate(listed)
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
                self._end(listed, _skipped(listed, NOT_COMPARED))
            case "refuse":
                self._end(listed, failed(listed, existing_error(listed)))
            case "compare":
                self._compare(one)

    def _compare(self, one: Candidate) -> None:
        known = self._wanted.known.get(one.listed.item.destination)
        if is_unchanged_file(one, known, self._wanted.probe_file):
            self._end(one.listed, _skipped(one.listed, UNCHANGED))
        else:
            self._lanes.single.put(Task(one, True, self._wanted.exists == "update", known))

    def _copy(self, one: Candidate, replace: bool) -> None:
        if not is_whole(one.listed):
            self._lanes.single.put(Task(one, False, replace))
            return
        if replace:
            self._replacing.add(one.number)
        self._lanes.whole.put(
            WholeObject(
                number=one.number,
                source=one.source,
                target=one.target,
                size=one.listed.stated_size,
                expected=one.expected,
                overwrite=replace,
            )
        )

    def _take(self) -> None:
        """What has ended since; waits a moment for the first."""
        if not self._in_hand:
            return
        try:
            self._settle(self._lanes.ended.get(timeout=_WAIT_SECONDS))
            for _ in range(ITEMS_IN_HAND):
                self._settle(self._lanes.ended.get_nowait())
        except queue.Empty:
            return

    def _settle(self, ended: Ended) -> None:
        if isinstance(ended, BaseException):
            raise ended
        one = self._in_hand[ended.number]
        if isinstance(ended, Done):
            self.heads += ended.heads
            self._end(one.listed, ended.outcome, ended.known)
        else:
            self._settle_whole(one, ended)

    def _settle_whole(self, one: Candidate, ended: Settled) -> None:
        again = functools.partial(Task, one)
        listed, replaces = one.listed, one.number in self._replacing
        match ended:
            case Put(etag=""):
                self._lanes.single.put(again(True, replaces))  # the answer was lost: it may be ours
            case Put(shown=False):
                self._lanes.single.put(again(False, True))  # the store has kept other bytes than were sent
            case Put():
                self._end(listed, outcome_of_put(listed, ended), known_of_put(one, ended))
            case Unfit():
                self._lanes.single.put(again(False, replaces))
            case Refused(error=ObjectExists()):
                self._exists_by_now(one)
            case Refused():
                outcome = msgspec.structs.replace(failed(listed, ended.error), retries=ended.retries)
                self._end(listed, outcome)

    def _exists_by_now(self, one: Candidate) -> None:
        """The listing did not have it: somebody was faster, or it can't be listed."""
        listed = one.listed
        match self._wanted.exists:
            case "skip":
                self._end(listed, _skipped(listed, NOT_COMPARED))
            case "fail":
                self._end(listed, failed(listed, existing_error(listed)))
            case _:
                self._lanes.single.put(Task(one, True, self._wanted.exists == "update"))

    def _end(self, listed: Listed, outcome: Outcome, known: Known | None = None) -> None:
        self._in_hand.pop(listed.number, None)
        self._feeds.pop(listed.number).in_hand -= 1
        self._replacing.discard(listed.number)
        if known is not None and known.etag:
            self._wanted.known.put(listed.item.destination, known)
        self._ready.append(self._recorded(listed.number, outcome))

    def _recorded(self, number: int, outcome: Outcome) -> Outcome:
        self._wanted.items.outcome(number, outcome.state)
        self._wanted.failures.note(outcome)
        return outcome


def is_whole(listed: Listed) -> bool:
    """Whether one PUT from here may be right for it, by what is known of it so far."""
    scheme = listed.item.source.partition(":")[0].lower() if ":" in listed.item.source else "file"
    is_local = listed.item.source.startswith(("/", ".")) or scheme == "file"
    size = listed.item.size
    return (is_local or scheme in _WHOLE_SCHEMES) and (size is None or size <= MAX_WHOLE_OBJECT)


def is_unchanged_file(one: Candidate, known: Known | None, probe_file: ProbeFile) -> bool:
    """Whether the object was copied from just this version of a local file, by what was recorded then."""
    existing = one.listed.existing
    if known is None or existing is None or one.expected is not None or one.source.scheme != "file":
        return False
    try:
        version = fingerprint(probe_file(one.source))
    except TransferError:
        return False  # its own look names what is wrong
    return is_known(existing, known, source_id(one.source), version)


def _skipped(listed: Listed, reason: str) -> Outcome:
    existing = listed.existing
    return msgspec.structs.replace(
        outcome_of(listed.item, "skipped"),
        size=existing.size if existing is not None else listed.item.size,
        etag=existing.etag if existing is not None else None,
        reason=reason,
    )


def existing_error(listed: Listed) -> ObjectExists:
    return ObjectExists(f"{listed.item.destination} exists", _EXISTS)
