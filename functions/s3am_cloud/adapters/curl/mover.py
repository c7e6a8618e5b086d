"""The mover: many parts at once over one loop, in this process."""

from __future__ import annotations

import functools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext

from s3am_cloud.adapters.curl.parts.body_sources import FileBody, StreamedBody
from s3am_cloud.adapters.curl.parts.copy import CopyFlow
from s3am_cloud.adapters.curl.parts.download import DownloadFlow
from s3am_cloud.adapters.curl.parts.file_writer import FileWriter, Turn, open_sink
from s3am_cloud.adapters.curl.parts.upload import PutTarget, UploadFlow
from s3am_cloud.adapters.curl.source.ftp import by_file_transfer
from s3am_cloud.adapters.curl.source.get import MakeRecheck, RangeGet
from s3am_cloud.adapters.curl.source.revalidate import Answered, Revalidation
from s3am_cloud.adapters.curl.store.put import StreamedPut
from s3am_cloud.adapters.curl.store.routing import (
    Signers,
    TransferRoute,
    copy_attempt,
    part_copy,
    part_put,
    put_attempt,
    source_address,
)
from s3am_cloud.adapters.curl.transport.admission import AdmissionControl
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.curl.transport.loop import Loop
from s3am_cloud.adapters.curl.transport.pipes import BodySource, ByteSink, MakeWay
from s3am_cloud.adapters.curl.transport.retry import Budget, Retry
from s3am_cloud.adapters.files.local_file import PinnedFile, refuse_local
from s3am_cloud.concurrency import ConcurrencyLimit
from s3am_cloud.errors import AccessDenied, TransferError
from s3am_cloud.limits import CURL_BUFFER, FILE_BUFFER
from s3am_cloud.model import MovedPart, Part
from s3am_cloud.ports.pace import ShouldStop, never_stop
from s3am_cloud.ports.transfer import Clock, FileSink, ObjectSink, Progress
from s3am_cloud.sse import REFUSED_HINT

_WATCH_SECONDS = 1.0

Flow = UploadFlow | DownloadFlow | CopyFlow


class CurlMover:
    """A `Mover` for one route, with as many parts in flight as it has `places`.

    `check` is called between the loop's turns, at least four times a second; what it raises ends the move. Movers in
    several processes that write to one file take `turn` for it.
    """

    def __init__(
        self,
        route: TransferRoute,
        settings: CurlSettings,
        signers: Signers,
        places: ConcurrencyLimit,
        progress: Progress,
        clock: Clock,
        check: Callable[[], None] = lambda: None,
        turn: Turn | None = None,
    ) -> None:
        self._turn = turn or nullcontext()
        self._route, self._settings, self._signers, self._check = route, settings, signers, check
        self._places, self._progress, self._clock = places, progress, clock
        self._source = route.origin.source

    def move(self, parts: Iterable[Part], over: ShouldStop = never_stop) -> Iterator[MovedPart]:
        if not self._settings.local_files:
            refuse_local(self._source)
        run = _Run(AdmissionControl(self._places, self._clock), Loop(self._clock), self._check, over)
        run.file = PinnedFile(self._source.url, self._route.origin.info) if self._source.scheme == "file" else None
        run.target = open_sink(self._route.sink) if isinstance(self._route.sink, FileSink) else -1
        try:
            yield from run.through(self._flows(parts, run))
            run.check_file()
            if run.count and self._is_file_transfer and not isinstance(self._route.sink, ObjectSink):
                run.wait_for(functools.partial(self._recheck, run))
        except AccessDenied as error:
            # A part's refusal does not say why; with a key of the customer's the likeliest reason is a new bucket.
            encrypted = self._route.target is not None and self._route.target.encrypted
            unexplained = error.hint == AccessDenied.hint
            raise AccessDenied(error.message, REFUSED_HINT if encrypted and unexplained else error.hint) from error
        finally:
            run.close()

    def _flows(self, parts: Iterable[Part], run: _Run) -> Iterator[tuple[int, Flow]]:
        for part in parts:
            yield part.number, self._flow(part, run)

    def _flow(self, part: Part, run: _Run) -> Flow:
        if isinstance(self._route.sink, FileSink):
            return self._download(part, run)
        return self._copy(part, run) if self._route.is_copy else self._upload(part, run)

    def _copy(self, part: Part, run: _Run) -> CopyFlow:
        sink = self._route.sink
        # Nothing is told of a copy before it is done.
        run.chunk_size = max(run.chunk_size, part.length)
        return CopyFlow(
            run.loop,
            self._retry(run),
            self._settings,
            part_copy(self._route, self._signers, part),
            copy_attempt(self._route),
            part,
            self._route.part_name(part),
            isinstance(sink, ObjectSink) and not sink.overwrite,
            self._progress,
            run.finished.append,
            self._failed(part, run),
            self._make_way(part, run),
        )

    def _upload(self, part: Part, run: _Run) -> UploadFlow:
        flow = UploadFlow(
            run.loop,
            self._clock,
            self._retry(run),
            part,
            PutTarget(
                name=self._route.part_name(part),
                attempt=put_attempt(self._route),
                commits=isinstance(self._route.sink, ObjectSink),
            ),
            self._settings.stall_seconds,
            run.finished.append,
            self._failed(part, run),
            self._make_way(part, run),
        )
        flow.giver = self._giver(part, flow, run)
        signed = part_put(self._route, self._signers, part)
        flow.put = StreamedPut(run.loop, self._settings, signed, part.length, flow.giver, flow.answered)
        return flow

    def _retry(self, run: _Run) -> Retry:
        return Retry(self._clock, budget=run.budget, patience=self._settings.patience)

    def _failed(self, part: Part, run: _Run) -> Callable[[TransferError], None]:
        """Who reads of a failure in a job's report has to be told which part it was."""
        return lambda error: run.failed.append(error.about(self._route.part_name(part)))

    def _make_way(self, part: Part, run: _Run) -> MakeWay | None:
        if not run.crowd.adapts:
            return None
        return lambda error, asked: run.crowd.yield_slot(part.number, error, asked)

    def _giver(self, part: Part, flow: UploadFlow, run: _Run) -> BodySource:
        if run.file is not None:
            return FileBody(part, run.file, self._progress, flow.fail)
        retry = self._retry(run)
        flow.source_retries = lambda: retry.total

        def get(taker: ByteSink) -> RangeGet:
            return self._get(part, taker, retry, run)

        return StreamedBody(part, get, self._progress, flow.on_bytes, flow.repeat, flow.fail)

    def _download(self, part: Part, run: _Run) -> DownloadFlow:
        retry = self._retry(run)
        flow = DownloadFlow(run.loop, part, retry, run.finished.append, run.failed.append)
        taker = FileWriter(part, run.target, self._turn, self._progress, flow.end, flow.repeat, flow.fail)
        flow.get = self._get(part, taker, retry, run)
        return flow

    def _get(self, part: Part, taker: ByteSink, retry: Retry, run: _Run) -> RangeGet:
        address = source_address(self._route.origin, self._route.source, self._signers)
        recheck: MakeRecheck | None = None
        if self._is_file_transfer and isinstance(self._route.sink, ObjectSink):
            # The part is the object at once: later would be too late.
            recheck = functools.partial(self._recheck, run)
        buffer = CURL_BUFFER if isinstance(self._route.sink, ObjectSink) else FILE_BUFFER
        return RangeGet(
            run.loop, self._settings, self._route.origin, address, part, taker, retry, run.crowd, recheck, buffer
        )

    def _recheck(self, run: _Run, answered: Answered) -> Revalidation:
        return Revalidation(run.loop, self._clock, self._settings, self._route.origin, answered)

    @property
    def _is_file_transfer(self) -> bool:
        return by_file_transfer(self._source.scheme, self._route.origin.info)


class _Run:
    """What one call of `move` holds open, and the turning of its loop."""

    def __init__(self, crowd: AdmissionControl, loop: Loop, check: Callable[[], None], over: ShouldStop) -> None:
        self.crowd, self.loop, self._check, self._over = crowd, loop, check, over
        self.file: PinnedFile | None = None
        self.target = -1
        # Bytes that are told at once, where those are many.
        self.chunk_size = 0
        self.budget = Budget()
        self.finished: deque[MovedPart] = deque()
        self.failed: deque[TransferError] = deque()
        self.count = 0
        self._active: dict[int, Flow] = {}
        # Parts that the source had no place for.
        self._waiting: deque[tuple[int, Flow]] = deque()
        self._pauses = 0
        self._all_begun = False

    def through(self, flows: Iterator[tuple[int, Flow]]) -> Iterator[MovedPart]:
        self.loop.later(_WATCH_SECONDS, self._watch)
        self._fill(flows)
        # Another process may have all places for now.
        while self._active or self._waiting or not self._all_begun:
            self.loop.turn()
            self._check()
            if self.failed:
                raise self.failed[0]
            while self.finished:
                part = self.finished.popleft()
                del self._active[part.number]
                self.count += 1
                self.budget.earn()
                yield part
            if self._over():
                self._abandon()
                return
            self._take_back()
            self.crowd.look(self.chunk_size, self._all_begun)
            self._fill(flows)

    def wait_for(self, make: MakeRecheck) -> None:
        """Turns until that is done. Raises what it found."""
        answers: list[TransferError | None] = []
        make(answers.append).start()
        while not answers:
            self.loop.turn()
            self._check()
        if answers[0] is not None:
            raise answers[0]

    def check_file(self) -> None:
        """Raises SourceChanged where the local source is not, at the end, what it was at the beginning."""
        changed = self.file.check() if self.file is not None else None
        if changed is not None:
            raise changed

    def close(self) -> None:
        self._abandon()
        self.loop.close()
        if self.file is not None:
            self.file.close()
        if self.target >= 0:
            os.close(self.target)

    def _abandon(self) -> None:
        for flow in self._active.values():
            flow.stop()
        self._active.clear()

    def _fill(self, flows: Iterator[tuple[int, Flow]]) -> None:
        while not self._pauses and len(self._active) < self.crowd.places:
            numbered = self._waiting.popleft() if self._waiting else next(flows, None)
            if numbered is None:
                self._all_begun = True
                return
            number, flow = numbered
            self._active[number] = flow
            flow.start()

    def _take_back(self) -> None:
        """Parts that were refused wait for a place, or for better times where no other part has one."""
        error = None
        while self.crowd.given_back:
            number, error = self.crowd.given_back.popleft()
            flow = self._active.pop(number)
            if isinstance(flow, UploadFlow | DownloadFlow):
                flow.rest()
            self._waiting.append((number, flow))
        if error is None:
            return
        pause = self.crowd.pause()
        wait = None if self._active else self.crowd.wait(pause)
        if wait is None and not self._active:
            raise error
        wait = max(wait or 0.0, pause)
        if wait:
            self._pauses += 1
            self.loop.later(wait, self._go_on)

    def _go_on(self) -> None:
        self._pauses -= 1

    def _watch(self) -> None:
        for flow in self._active.values():
            flow.watch()
        self.loop.later(_WATCH_SECONDS, self._watch)
