"""Parts over several worker processes: each runs one mover, and takes the next part when one of its slots is free."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

import msgspec

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.curl.mover import CurlMover, MoverSetup
from s3am_cloud.adapters.curl.store.routing import Signers, route
from s3am_cloud.adapters.curl.transport.concurrency import growth, local_limit
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.concurrency import AdaptiveConcurrency
from s3am_cloud.errors import JobFailed, TransferError, Unexpected
from s3am_cloud.limits import BYTES_WORTH_A_PROCESS, DEFAULT_SLOTS
from s3am_cloud.model import MovedPart, Part, PinnedSource
from s3am_cloud.ports.pace import ShouldStop, never_stop, within
from s3am_cloud.ports.transfer import Clock, Progress, Sink
from s3am_cloud.urls import FILE_TRANSFER_SCHEMES
from s3am_cloud_client.inprocess.new_processes import StartMethod, start_method, unscanned
from s3am_cloud_client.inprocess.rate_limit import RateLimit, SharedRate
from s3am_cloud_client.inprocess.shared_concurrency import Coordinator, SharedCounters, SharedLimit, share
from s3am_cloud_client.inprocess.stopping import ignore_stops, watching
from s3am_cloud_client.inprocess.system_errors import named_system_error
from s3am_cloud_client.observer import Observer, SilentObserver

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkContext, SpawnContext
    from multiprocessing.process import BaseProcess
    from multiprocessing.sharedctypes import Synchronized

_SILENT = SilentObserver()
_REPORT_SECONDS = 0.2
_END_SECONDS = 2.0


class ProcessMovers:
    """`Movers` that share slots out over min(cores, slots) processes."""

    def __init__(
        self,
        settings: CurlSettings,
        access: S3Access,
        clock: Clock,
        source_access: S3Access | None = None,
        observer: Observer = _SILENT,
    ) -> None:
        self._settings, self._access, self._clock = settings, access, clock
        self._source_access, self._observer = source_access or access, observer

    def __call__(
        self, origin: PinnedSource, sink: Sink, slots: int, progress: Progress, first: int | None = None
    ) -> ProcessMover:
        to = route(origin, sink, self._access, self._source_access)
        setup = MoverSetup(to, self._settings, Signers(self._access, self._source_access))
        slots = within(self._settings.rate_limit, slots)
        grown = growth(first, slots, to.is_copy, self._observer.detail)
        return ProcessMover(setup, slots, grown, progress, self._clock, self._observer)


class ProcessMover:
    """A `Mover`. Few bytes are moved in this process: another one would cost more than it saves."""

    def __init__(
        self,
        setup: MoverSetup,
        slots: int,
        growth: AdaptiveConcurrency | None,
        progress: Progress,
        clock: Clock,
        observer: Observer,
    ) -> None:
        self._setup, self._slots, self._growth = setup, slots, growth
        self._progress, self._clock, self._observer = progress, clock, observer

    def move(self, parts: Iterable[Part], should_stop: ShouldStop = never_stop) -> Iterator[MovedPart]:
        todo = list(parts)
        # What may grow to many more does so over as many processes.
        most = self._slots if self._growth is None else min(self._slots, DEFAULT_SLOTS)
        count = 1 if self._in_one_process else worthwhile_processes(todo, most, os.cpu_count() or 1)
        method = None if count < 2 else start_method()
        if method is None:
            yield from self._move_here(todo, should_stop)
            return
        # The process that starts first must not take all of a few parts.
        slots = share(min(self._growth.limit if self._growth else self._slots, len(todo)), count)
        work = _Work(self._setup, todo, self._growth is not None)
        pool = _WorkerPool(method, work, slots, self._growth, self._clock)
        try:
            yield from pool.results(self._progress, should_stop, self._observer.check)
        finally:
            pool.end()

    def _move_here(self, parts: Sequence[Part], should_stop: ShouldStop) -> Iterator[MovedPart]:
        with watching(self._observer) as check:
            limit, counted = local_limit(self._growth, self._slots, self._clock, self._progress)
            yield from CurlMover(self._setup, limit, counted, self._clock, check).move(parts, should_stop)

    @property
    def _in_one_process(self) -> bool:
        """What S3 copies by itself is no work for a second one; the few connections of a file server are shared best,
        and given up one by one where they are too many, by one loop that knows of all of them."""
        route = self._setup.route
        gates, source = self._setup.settings.gates, route.origin.source
        is_limited = gates is not None and gates.limits(source)
        return route.is_copy or source.scheme in FILE_TRANSFER_SCHEMES or is_limited


def worthwhile_processes(parts: Sequence[Part], slots: int, cores: int) -> int:
    worth = sum(part.length for part in parts) // BYTES_WORTH_A_PROCESS
    return max(1, min(cores, slots, len(parts), worth))


class _WorkerPool:
    """Worker processes that share one list of parts through a counter."""

    def __init__(
        self,
        method: StartMethod,
        work: _Work,
        slots: Sequence[int],
        growth: AdaptiveConcurrency | None,
        clock: Clock,
    ) -> None:
        import multiprocessing

        forks = method == "fork"
        context = multiprocessing.get_context("fork") if forks else multiprocessing.get_context("spawn")
        # Held here, as it is gone with its last reference in this process.
        self._taken = context.Value("q", 0)
        self._counters, self._count = SharedCounters(context, slots), len(work.parts)
        self._foreman = None if growth is None else Coordinator(self._counters, growth, clock)
        self._processes: dict[Connection, BaseProcess] = {}
        self._indices: dict[Connection, int] = {}
        limit = work.setup.settings.rate_limit
        self._limit = limit if isinstance(limit, RateLimit) else None
        self._rates: list[SharedRate] = []
        # A fresh interpreter finds its credentials by itself; a forked one has them.
        setup = msgspec.structs.replace(work.setup, signers=work.setup.signers.apart() if forks else Signers())
        work = msgspec.structs.replace(work, setup=setup)
        try:
            with unscanned() if forks else nullcontext():
                for index in range(len(slots)):
                    self._start(context, work, index, forks)
        except BaseException:
            self.end()  # nobody else knows of those that have begun
            raise

    def results(self, progress: Progress, should_stop: ShouldStop, check: Callable[[], None]) -> Iterator[MovedPart]:
        """The parts as they finish. Raises the first error that a worker meets, or JobFailed where one died."""
        from multiprocessing import connection

        # The processes report a few times a second, so nobody waits long between two looks at `should_stop`.
        while self._processes and not should_stop():
            for pipe in connection.wait(list(self._processes)):
                assert isinstance(pipe, connection.Connection)
                yield from self._take(pipe, progress)
            check()
            if self._foreman is not None:
                self._foreman.look(self._taken.value >= self._count)

    def end(self) -> None:
        for process in self._processes.values():
            process.kill()
        for pipe, process in self._processes.items():
            process.join()
            pipe.close()
        if self._limit is not None:
            self._limit.take_back(self._rates)
            self._rates.clear()

    def _start(self, context: ForkContext | SpawnContext, work: _Work, index: int, forks: bool) -> None:
        work = self._limited(work)
        ours, theirs = context.Pipe(duplex=False)
        # A forked process has the parent's ends of all pipes, and keeps none: they close when the parent is gone.
        others = (*self._processes, ours) if forks else ()
        process = context.Process(
            target=_work,
            args=(work, index, self._counters, self._taken, theirs, others),
            daemon=True,
            name="s3am-cloud mover",
        )
        process.start()
        theirs.close()
        self._processes[ours], self._indices[ours] = process, index

    def _limited(self, work: _Work) -> _Work:
        """The work of one process, with a place of its own to count in."""
        if self._limit is None:
            return work
        self._rates.append(self._limit.lend())
        settings = msgspec.structs.replace(work.setup.settings, rate_limit=self._rates[-1])
        return msgspec.structs.replace(work, setup=msgspec.structs.replace(work.setup, settings=settings))

    def _take(self, pipe: Connection, progress: Progress) -> Iterator[MovedPart]:
        try:
            message = pipe.recv()
        except EOFError:
            raise self._died(self._processes[pipe]) from None
        match message:
            case int():
                progress(message)
            case MovedPart():
                yield message
            case TransferError():
                raise message
            case None:
                self._processes.pop(pipe).join()
                pipe.close()
                if self._foreman is not None:
                    self._foreman.left(self._indices[pipe])

    def _died(self, process: BaseProcess) -> JobFailed:
        process.join(_END_SECONDS)
        return JobFailed(f"a worker process died ({exit_text(process.exitcode)})")


def exit_text(code: int | None) -> str:
    """How a process ended: by which signal, if by one."""
    if code is None or code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
    return f"{name}, as the system sends where memory is short" if name == "SIGKILL" else name


class _Work(msgspec.Struct, frozen=True):
    """What the worker processes are to do, with as many connections as each has slots."""

    setup: MoverSetup
    parts: Sequence[Part]
    adapts: bool


def _work(
    work: _Work,
    index: int,
    counters: SharedCounters,
    taken: Synchronized[int],
    pipe: Connection,
    others: Sequence[Connection],
) -> None:
    """The life of a worker process. Stops are the parent's to handle; a broken pipe means that it is gone."""
    ignore_stops()
    for other in others:
        other.close()
    reporter = _Reporter(pipe)
    clock = SystemClock()
    limit = SharedLimit(counters, index, work.adapts, lambda: reporter.total)
    mover = CurlMover(work.setup, limit, reporter.count, clock, reporter.report_sometimes, counters.turn)
    try:
        for moved in mover.move(_take_turns(work.parts, taken)):
            reporter.report()
            pipe.send(moved)
        reporter.report()
        pipe.send(None)
    except TransferError as error:
        pipe.send(error)
    except BrokenPipeError:
        os._exit(1)
    except Exception as error:  # whatever a worker meets, its parent reports it with what is left
        pipe.send(_named(error))


def _named(error: Exception) -> TransferError:
    """What the parent raises for it. Only its name is shown: foreign messages may hold parts of a request."""
    named = named_system_error(error) or Unexpected(f"a worker process failed: {type(error).__name__}")
    named.add_note(traceback.format_exc())  # --debug shows it
    return named


def _take_turns(parts: Sequence[Part], taken: Synchronized[int]) -> Iterator[Part]:
    while True:
        with taken.get_lock():
            index = taken.value
            taken.value += 1
        if index >= len(parts):
            return
        yield parts[index]


class _Reporter:
    """Reports bytes moved to the parent, a few times a second, and so notices when it is gone."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._reported_at = pipe, time.monotonic()
        self.total = self._before = 0

    def count(self, count: int) -> None:
        self.total += count

    def report_sometimes(self) -> None:
        if time.monotonic() - self._reported_at >= _REPORT_SECONDS:
            self.report()

    def report(self) -> None:
        self._reported_at = time.monotonic()
        self._pipe.send(self.total - self._before)
        self._before = self.total
