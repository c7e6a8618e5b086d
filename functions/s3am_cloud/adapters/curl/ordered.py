"""Reading an origin in order over several connections: the ranges after the one that is wanted are fetched ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Generic

import msgspec

from s3am_cloud.adapters.curl.basins import B, Buffer, Filling, Sum
from s3am_cloud.adapters.curl.easy import CurlSettings
from s3am_cloud.adapters.curl.get import Address, RangeGet
from s3am_cloud.adapters.curl.loop import Loop
from s3am_cloud.adapters.curl.retry import Retry
from s3am_cloud.digests import Digest
from s3am_cloud.errors import SourceTooLarge
from s3am_cloud.limits import DEFAULT_PART, MAX_PIECE, MIN_PIECE, READ_AHEAD
from s3am_cloud.model import Origin, Part, Plan
from s3am_cloud.ports import Clock, Progress

Check = Callable[[], None]
# Gives what is to be called between the loop's turns, for as long as it is open; what that raises ends the reading.
Watch = Callable[[], AbstractContextManager[Check]]


def unwatched() -> AbstractContextManager[Check]:
    return nullcontext(lambda: None)


def piece_size(slots: int, part_size: int | None) -> int:
    """The bytes of one connection's buffer: all of them together stay within READ_AHEAD up to 64 connections."""
    return min(part_size or MAX_PIECE, max(MIN_PIECE, min(MAX_PIECE, READ_AHEAD // slots)))


class CurlReader:
    """An `OrderedReader` of http, https, ftp, ftps, sftp and s3. Raises SourceTooLarge where the size is not known."""

    def __init__(
        self,
        origin: Origin,
        address: Address,
        settings: CurlSettings,
        slots: int,
        progress: Progress,
        clock: Clock,
        part_size: int | None = None,
        watch: Watch = unwatched,
    ) -> None:
        if origin.info.size is None:
            raise SourceTooLarge("the source does not tell its size")
        self._way = _Way(origin, address, settings, progress, clock, watch)
        self._size, self._ranges = origin.info.size, origin.info.ranges
        self._slots = slots if self._ranges else 1
        self._part_size = part_size if self._ranges else None

    def read(self) -> Iterator[memoryview]:
        piece = min(piece_size(self._slots, self._part_size), self._size)
        free = deque(memoryview(bytearray(piece)) for _ in range(self._slots))
        with _Run[Buffer](self._way) as run:
            fillings: deque[Filling[Buffer]] = deque()
            parts = self._parts(piece)
            while True:
                while free and (part := next(parts, None)) is not None:
                    fillings.append(run.start(part, Buffer(free.popleft()), bounded=part.length > piece))
                if not fillings:
                    return
                head = fillings[0]
                yield from _emptied(head, run)
                fillings.popleft()
                free.append(head.basin.store)

    def digests(self, new: Callable[[], Digest]) -> Iterator[tuple[Part, Digest]]:
        parts = self._parts(self._part_size or DEFAULT_PART)
        with _Run[Sum](self._way) as run:
            while True:
                while len(run.active) < self._slots and (part := next(parts, None)) is not None:
                    run.start(part, Sum(new), bounded=False)
                if not run.active:
                    return
                run.turn()
                for filling in [one for one in run.active if one.done]:
                    run.active.remove(filling)
                    yield filling.part, filling.basin.digest

    def _parts(self, length: int) -> Iterator[Part]:
        if self._size == 0:
            return iter(())
        return Plan(size=self._size, part_size=length if self._ranges else self._size).parts()


def _emptied(head: Filling[Buffer], run: _Run[Buffer]) -> Iterator[memoryview]:
    """The bytes of the range that is next: at once when it is whole, or by and by where it is larger than a buffer."""
    while not head.done:
        run.turn()
        if head.full() and not head.done:
            yield head.basin.empty()
            head.resume()
    run.active.remove(head)
    yield head.basin.empty()


class _Way(msgspec.Struct, frozen=True):
    """What every request of a reader is made with."""

    origin: Origin
    address: Address
    settings: CurlSettings
    progress: Progress
    clock: Clock
    watch: Watch


class _Run(Generic[B]):
    """What one reading holds open, and the turning of its loop."""

    def __init__(self, way: _Way) -> None:
        self._way, self._watch = way, way.watch()
        self._loop = Loop(way.clock)
        self.active: list[Filling[B]] = []

    def __enter__(self) -> _Run[B]:
        self._check = self._watch.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        for filling in self.active:
            filling.stop()
        self._loop.close()
        self._watch.__exit__(None, None, None)

    def start(self, part: Part, basin: B, bounded: bool) -> Filling[B]:
        way, retry = self._way, Retry(self._way.clock)

        def get(filling: Filling[B]) -> RangeGet:
            return RangeGet(self._loop, way.settings, way.origin, way.address, part, filling, retry)

        filling = Filling(part, basin, bounded, get, self._loop, retry, way.progress)
        self.active.append(filling)
        filling.start()
        return filling

    def turn(self) -> None:
        self._loop.turn()
        self._check()
        for filling in self.active:
            if filling.error is not None:
                raise filling.error
