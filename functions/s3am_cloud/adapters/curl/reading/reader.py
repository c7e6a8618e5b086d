"""Reading an origin in order over several connections: the ranges after the one that is wanted are fetched ahead."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Generic

import msgspec

from s3am_cloud.adapters.curl.reading.buffers import B, Buffer, DigestSink, RangeRead
from s3am_cloud.adapters.curl.source.ftp import by_file_transfer
from s3am_cloud.adapters.curl.source.get import MakeRevalidation, RangeGet
from s3am_cloud.adapters.curl.source.range_request import Address, RangeRequest
from s3am_cloud.adapters.curl.source.revalidate import Revalidation
from s3am_cloud.adapters.curl.transport.context import CurlContext
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


class ReaderContext(msgspec.Struct, frozen=True):
    """How every reader of a process reaches its sources."""

    settings: CurlSettings
    clock: Clock
    watch: Watch = unwatched


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
        context: ReaderContext,
        origin: PinnedSource,
        address: Address,
        slots: int,
        progress: Progress,
        part_size: int | None = None,
    ) -> None:
        self._context = context
        self._origin, self._address, self._progress = origin, address, progress
        self._size, self._ranges = origin.info.size, origin.info.ranges
        self._slots = slots if self._ranges else 1
        self._part_size = part_size if self._ranges else None

    def read(self) -> Iterator[memoryview]:
        count, size = buffers(self._slots, self._part_size)
        size = size if self._size is None else min(size, self._size)
        free = deque(memoryview(bytearray(size)) for _ in range(count))
        parts, ahead = self._parts(size), deque[RangeRead[Buffer]]()
        with (
            self._context.watch() as check,
            closing(_Run[Buffer](self._new_loop(), self._origin, self._address, self._progress, check)) as run,
        ):
            while True:
                while free and run.busy < self._slots and (part := next(parts, None)) is not None:
                    ahead.append(run.start(part, Buffer(free.popleft(), part.length)))
                if not ahead:
                    return
                head = ahead[0]
                if head.done:
                    yield head.sink.empty()
                    run.budget.earn()
                    run.active.remove(ahead.popleft())
                    free.append(head.sink.store)
                    continue
                run.turn()
                if head.full() and not head.done:
                    yield head.sink.empty()
                    head.resume()

    def digests(self, new: Callable[[], Digest], ranges: Iterable[Part] | None = None) -> Iterator[tuple[Part, Digest]]:
        parts = self._parts(self._part_size or DEFAULT_PART) if ranges is None else iter(ranges)
        with (
            self._context.watch() as check,
            closing(_Run[DigestSink](self._new_loop(), self._origin, self._address, self._progress, check)) as run,
        ):
            while True:
                while len(run.active) < self._slots and (part := next(parts, None)) is not None:
                    run.start(part, DigestSink(new))
                if not run.active:
                    return
                run.turn()
                for done in [read for read in run.active if read.done]:
                    run.active.remove(done)
                    run.budget.earn()
                    yield done.part, done.sink.digest

    def _new_loop(self) -> CurlContext:
        context = self._context
        return CurlContext(Loop(context.clock, context.settings.rate_limit), context.clock, context.settings)

    def _parts(self, length: int) -> Iterator[Part]:
        if self._size == 0:
            return iter(())
        if self._size is None:
            return iter([Part(1, 0, MAX_OBJECT)])  # to the answer's end, wherever that is
        return Plan(size=self._size, part_size=length if self._ranges else self._size).parts()


class _Run(Generic[B]):
    """What one reading holds open, and the turning of its loop. `check` is called between turns."""

    def __init__(
        self, context: CurlContext, origin: PinnedSource, address: Address, progress: Progress, check: Check
    ) -> None:
        self._context, self._origin, self._address = context, origin, address
        self._progress, self._check = progress, check
        self.budget = Budget()
        self.active: list[RangeRead[B]] = []

    def close(self) -> None:
        for read in self.active:
            read.stop()
        self._context.loop.close()

    @property
    def busy(self) -> int:
        """How many ranges are on their way."""
        return sum(not read.done for read in self.active)

    def start(self, part: Part, sink: B) -> RangeRead[B]:
        context = self._context
        retry = Retry(context.clock, budget=self.budget, patience=context.settings.patience)

        def get(read: RangeRead[B]) -> RangeGet:
            request = RangeRequest(context.settings, self._origin, self._address, part)
            return RangeGet(context, request, read, retry, revalidation=self._revalidation)

        read = RangeRead(part, sink, get, context.loop, retry, self._progress)
        self.active.append(read)
        read.start()
        return read

    @property
    def _revalidation(self) -> MakeRevalidation | None:
        """For what is read in one go from a server that can't be asked to refuse another version."""
        info = self._origin.info
        if info.ranges or not by_file_transfer(self._origin.source.scheme, info):
            return None
        return functools.partial(Revalidation, self._context, self._origin)

    def turn(self) -> None:
        self._context.loop.turn()
        self._check()
        for read in self.active:
            if read.error is not None:
                raise read.error
