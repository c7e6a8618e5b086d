"""Reading an origin in order over several connections: the ranges after the one that is wanted are fetched ahead."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Generic

import msgspec

from s3am_cloud.adapters.curl.reading.buffers import B, Buffer, DigestSink, RangeRead
from s3am_cloud.adapters.curl.source.ftp import by_file_transfer
from s3am_cloud.adapters.curl.source.get import MakeRecheck, RangeGet
from s3am_cloud.adapters.curl.source.range_request import Address
from s3am_cloud.adapters.curl.source.revalidate import Revalidation
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.curl.transport.loop import Loop
from s3am_cloud.adapters.curl.transport.retry import Budget, Retry
from s3am_cloud.checksums.digests import Digest
from s3am_cloud.limits import DEFAULT_PART, MAX_OBJECT, MAX_PIECE, MIN_PIECE, READ_AHEAD
from s3am_cloud.model import Part, PinnedSource, Plan
from s3am_cloud.ports.transfer import Clock, Progress

Check = Callable[[], None]
# Gives what is to be called between the loop's turns, for as long as it is open; what that raises ends the reading.
Watch = Callable[[], AbstractContextManager[Check]]


def unwatched() -> AbstractContextManager[Check]:
    return nullcontext(lambda: None)


def buffers(slots: int, part_size: int | None) -> tuple[int, int]:
    """How many buffers there are, and the bytes of each: READ_AHEAD in all, as long as that gives each slot a MiB.

    There are more buffers than slots, so that a connection whose range waits for an earlier one can fetch another.
    """
    size = min(part_size or MAX_PIECE, MAX_PIECE, max(MIN_PIECE, READ_AHEAD // (2 * slots)))
    return max(slots, min(2 * slots, READ_AHEAD // size)), size


class CurlReader:
    """An `OrderedReader` of http, https, ftp, ftps, sftp and s3; one of unknown size is read to the answer's end."""

    def __init__(
        self,
        origin: PinnedSource,
        address: Address,
        settings: CurlSettings,
        slots: int,
        progress: Progress,
        clock: Clock,
        part_size: int | None = None,
        watch: Watch = unwatched,
    ) -> None:
        self._way = _Way(origin, address, settings, progress, clock, watch)
        self._size, self._ranges = origin.info.size, origin.info.ranges
        self._slots = slots if self._ranges else 1
        self._part_size = part_size if self._ranges else None

    def read(self) -> Iterator[memoryview]:
        count, size = buffers(self._slots, self._part_size)
        size = size if self._size is None else min(size, self._size)
        free = deque(memoryview(bytearray(size)) for _ in range(count))
        parts, ahead = self._parts(size), deque[RangeRead[Buffer]]()
        with _Run[Buffer](self._way) as run:
            while True:
                while free and run.busy < self._slots and (part := next(parts, None)) is not None:
                    ahead.append(run.start(part, Buffer(free.popleft()), bounded=part.length > size))
                if not ahead:
                    return
                head = ahead[0]
                if head.done:
                    yield head.basin.empty()
                    run.budget.earn()
                    run.active.remove(ahead.popleft())
                    free.append(head.basin.store)
                    continue
                run.turn()
                if head.full() and not head.done:
                    yield head.basin.empty()
                    head.resume()

    def digests(self, new: Callable[[], Digest], ranges: Iterable[Part] | None = None) -> Iterator[tuple[Part, Digest]]:
        parts = self._parts(self._part_size or DEFAULT_PART) if ranges is None else iter(ranges)
        with _Run[DigestSink](self._way) as run:
            while True:
                while len(run.active) < self._slots and (part := next(parts, None)) is not None:
                    run.start(part, DigestSink(new), bounded=False)
                if not run.active:
                    return
                run.turn()
                for filling in [one for one in run.active if one.done]:
                    run.active.remove(filling)
                    run.budget.earn()
                    yield filling.part, filling.basin.digest

    def _parts(self, length: int) -> Iterator[Part]:
        if self._size == 0:
            return iter(())
        if self._size is None:
            return iter([Part(1, 0, MAX_OBJECT)])  # to the answer's end, wherever that is
        return Plan(size=self._size, part_size=length if self._ranges else self._size).parts()


class _Way(msgspec.Struct, frozen=True):
    """What every request of a reader is made with."""

    origin: PinnedSource
    address: Address
    settings: CurlSettings
    progress: Progress
    clock: Clock
    watch: Watch


class _Run(Generic[B]):
    """What one reading holds open, and the turning of its loop."""

    def __init__(self, way: _Way) -> None:
        self._way, self._watch = way, way.watch()
        self._loop, self.budget = Loop(way.clock), Budget()
        self.active: list[RangeRead[B]] = []

    def __enter__(self) -> _Run[B]:
        self._check = self._watch.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        for filling in self.active:
            filling.stop()
        self._loop.close()
        self._watch.__exit__(None, None, None)

    @property
    def busy(self) -> int:
        """How many ranges are on their way."""
        return sum(not filling.done for filling in self.active)

    def start(self, part: Part, basin: B, bounded: bool) -> RangeRead[B]:
        way = self._way
        retry = Retry(way.clock, budget=self.budget, patience=way.settings.patience)

        def get(filling: RangeRead[B]) -> RangeGet:
            return RangeGet(
                self._loop, way.settings, way.origin, way.address, part, filling, retry, recheck=self._recheck
            )

        filling = RangeRead(part, basin, bounded, get, self._loop, retry, way.progress)
        self.active.append(filling)
        filling.start()
        return filling

    @property
    def _recheck(self) -> MakeRecheck | None:
        """For what is read in one go from a server that can't be told to refuse another version."""
        way = self._way
        if way.origin.info.ranges or not by_file_transfer(way.origin.source.scheme, way.origin.info):
            return None
        return functools.partial(Revalidation, self._loop, way.clock, way.settings, way.origin)

    def turn(self) -> None:
        self._loop.turn()
        self._check()
        for filling in self.active:
            if filling.error is not None:
                raise filling.error
