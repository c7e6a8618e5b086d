"""The mover: many parts at once over one loop, in this process."""

from __future__ import annotations

import functools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, nullcontext

import msgspec

from s3am_cloud.adapters.curl.parts.body_sources import FileBody, StreamedBody
from s3am_cloud.adapters.curl.parts.copy import CopyFlow, CopyTarget
from s3am_cloud.adapters.curl.parts.download import DownloadFlow
from s3am_cloud.adapters.curl.parts.file_writer import FileWriter, Turn, open_sink
from s3am_cloud.adapters.curl.parts.upload import PutTarget, UploadFlow
from s3am_cloud.adapters.curl.source.ftp import by_file_transfer
from s3am_cloud.adapters.curl.source.get import MakeRevalidation, RangeGet
from s3am_cloud.adapters.curl.source.range_request import RangeRequest
from s3am_cloud.adapters.curl.source.revalidate import Revalidation
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
from s3am_cloud.adapters.curl.transport.context import CurlContext
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.curl.transport.loop import Loop
from s3am_cloud.adapters.curl.transport.pipes import BodySource, ByteSink, PartEvents
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


class MoverSetup(msgspec.Struct, frozen=True):
    """From where to where, and how: what all movers of one transfer have in common."""

    route: TransferRoute
    settings: CurlSettings
    signers: Signers


class CurlMover:
    """A `Mover` for one route, with as many parts in flight as `limit` says.

    `check` is called between the loop's turns, at least four times a second; what it raises ends the move. Movers in
    several processes that write to one file take `turn` for it.
    """

    def __init__(
        self,
        setup: MoverSetup,
        limit: ConcurrencyLimit,
        progress: Progress,
        clock: Clock,
        check: Callable[[], None] = lambda: None,
        turn: Turn | None = None,
    ) -> None:
        self._turn = turn or nullcontext()
        self._route, self._signers = setup.route, setup.signers
        self._settings, self._clock = setup.settings, clock
        self._limit, self._progress, self._check = limit, progress, check
        self._source = self._route.origin.source

    def move(self, parts: Iterable[Part], should_stop: ShouldStop = never_stop) -> Iterator[MovedPart]:
        if not self._settings.local_files:
            refuse_local(self._source)
        try:
            with ExitStack() as resources:
                run = self._run(resources, should_stop)
                yield from run.through((part.number, self._flow(part, run)) for part in parts)
                run.check_file()
                if run.count and self._is_file_transfer and not isinstance(self._route.sink, ObjectSink):
                    run.wait_for(self._revalidation(run))
        except AccessDenied as error:
            # A part's refusal does not say why; with a key of the customer's the likeliest reason is a new bucket.
            encrypted = self._route.target is not None and self._route.target.encrypted
            unexplained = error.hint == AccessDenied.hint
            raise AccessDenied(error.message, REFUSED_HINT if encrypted and unexplained else error.hint) from error

    def _run(self, resources: ExitStack, should_stop: ShouldStop) -> _Run:
        """A new run. `resources` closes what it holds open."""
        loop = resources.enter_context(closing(Loop(self._clock, self._settings.rate_limit)))
        context = CurlContext(loop, self._clock, self._settings)
        file, descriptor = None, -1
        if self._source.scheme == "file":
            file = resources.enter_context(closing(PinnedFile(self._source.url, self._route.origin.info)))
        if isinstance(self._route.sink, FileSink):
            descriptor = open_sink(self._route.sink)
            resources.callback(os.close, descriptor)
        run = _Run(context, AdmissionControl(self._limit, self._clock), self._check, should_stop, file, descriptor)
        resources.callback(run.abandon)
        return run

    def _flow(self, part: Part, run: _Run) -> Flow:
        if isinstance(self._route.sink, FileSink):
            return self._download(part, run)
        return self._copy(part, run) if self._route.is_copy else self._upload(part, run)

    def _copy(self, part: Part, run: _Run) -> CopyFlow:
        sink = self._route.sink
        # No progress is reported of a copy before it is done.
        run.chunk_size = max(run.chunk_size, part.length)
        target = CopyTarget(
            name=self._route.part_name(part),
            signed=part_copy(self._route, self._signers, part),
            attempt=copy_attempt(self._route),
            conditional=isinstance(sink, ObjectSink) and not sink.overwrite,
        )
        return CopyFlow(run.context, self._retry(run), part, target, self._progress, self._events(part, run))

    def _upload(self, part: Part, run: _Run) -> UploadFlow:
        target = PutTarget(
            name=self._route.part_name(part),
            signed=part_put(self._route, self._signers, part),
            attempt=put_attempt(self._route),
            commits=isinstance(self._route.sink, ObjectSink),
        )
        make_body = functools.partial(self._body, part, run)
        return UploadFlow(run.context, self._retry(run), part, target, make_body, self._events(part, run))

    def _retry(self, run: _Run) -> Retry:
        return Retry(self._clock, budget=run.budget, patience=self._settings.patience)

    def _events(self, part: Part, run: _Run) -> PartEvents:
        def failed(error: TransferError) -> None:
            # Who reads of a failure in a job's report needs to know which part it was.
            run.failed.append(error.about(self._route.part_name(part)))

        def yield_slot(error: TransferError, sent_at: float) -> None:
            run.admission.yield_slot(part.number, error, sent_at)

        return PartEvents(run.finished.append, failed, yield_slot if run.admission.adapts else None)

    def _body(self, part: Part, run: _Run, flow: UploadFlow) -> BodySource:
        if run.file is not None:
            return FileBody(part, run.file, self._progress, flow, run.context.loop.throttle)
        retry = self._retry(run)

        def get(body: StreamedBody) -> RangeGet:
            return self._get(part, body, retry, run)

        return StreamedBody(part, get, retry, self._progress, flow)

    def _download(self, part: Part, run: _Run) -> DownloadFlow:
        retry = self._retry(run)

        def get(flow: DownloadFlow) -> RangeGet:
            return self._get(part, FileWriter(part, run.descriptor, self._turn, self._progress, flow), retry, run)

        return DownloadFlow(run.context.loop, part, retry, get, PartEvents(run.finished.append, run.failed.append))

    def _get(self, part: Part, sink: ByteSink, retry: Retry, run: _Run) -> RangeGet:
        makes_object = isinstance(self._route.sink, ObjectSink)
        address = source_address(self._route.origin, self._route.source, self._signers)
        buffer = CURL_BUFFER if makes_object else FILE_BUFFER
        request = RangeRequest(self._settings, self._route.origin, address, part, buffer)
        # The part is the object at once: after the last part would be too late.
        revalidation = self._revalidation(run) if self._is_file_transfer and makes_object else None
        return RangeGet(run.context, request, sink, retry, run.admission, revalidation)

    def _revalidation(self, run: _Run) -> MakeRevalidation:
        return functools.partial(Revalidation, run.context, self._route.origin)

    @property
    def _is_file_transfer(self) -> bool:
        return by_file_transfer(self._source.scheme, self._route.origin.info)


class _Run:
    """One call of `move`: its parts, and the turning of its loop."""

    def __init__(
        self,
        context: CurlContext,
        admission: AdmissionControl,
        check: Callable[[], None],
        should_stop: ShouldStop,
        file: PinnedFile | None,
        descriptor: int,
    ) -> None:
        """`file` is the source where that is a local file; `descriptor` is that of the file to write to, if any."""
        self.context, self._loop, self.admission = context, context.loop, admission
        self._check, self._should_stop = check, should_stop
        self.file, self.descriptor = file, descriptor
        # Bytes that are reported at once, where those are many.
        self.chunk_size = 0
        self.budget = Budget()
        self.finished: deque[MovedPart] = deque()
        self.failed: deque[TransferError] = deque()
        self.count = 0
        self._active: dict[int, Flow] = {}
        # Parts that the source had no slot for.
        self._waiting: deque[tuple[int, Flow]] = deque()
        self._pauses = 0
        self._all_begun = False

    def through(self, flows: Iterator[tuple[int, Flow]]) -> Iterator[MovedPart]:
        self._loop.later(_WATCH_SECONDS, self._watch)
        self._fill(flows)
        # Another process may have all slots for now.
        while self._active or self._waiting or not self._all_begun:
            self._loop.turn()
            self._check()
            if self.failed:
                raise self.failed[0]
            while self.finished:
                part = self.finished.popleft()
                del self._active[part.number]
                self.count += 1
                self.budget.earn()
                yield part
            if self._should_stop():
                self.abandon()
                return
            self._take_back_refused()
            self.admission.look(self.chunk_size, self._all_begun)
            self._fill(flows)

    def wait_for(self, make: MakeRevalidation) -> None:
        """Turns until that is done. Raises the error that it was answered with."""
        answers: list[TransferError | None] = []
        make(answers.append).start()
        while not answers:
            self._loop.turn()
            self._check()
        if answers[0] is not None:
            raise answers[0]

    def check_file(self) -> None:
        """Raises SourceChanged where the local source is not, at the end, what it was at the beginning."""
        changed = self.file.change_error() if self.file is not None else None
        if changed is not None:
            raise changed

    def abandon(self) -> None:
        """Stops the parts in flight."""
        for flow in self._active.values():
            flow.stop()
        self._active.clear()

    def _fill(self, flows: Iterator[tuple[int, Flow]]) -> None:
        while not self._pauses and len(self._active) < self.admission.limit:
            numbered = self._waiting.popleft() if self._waiting else next(flows, None)
            if numbered is None:
                self._all_begun = True
                return
            number, flow = numbered
            self._active[number] = flow
            flow.start()

    def _take_back_refused(self) -> None:
        """Parts that were refused wait for a slot, or for some time where no other part has one."""
        error = None
        while self.admission.released:
            number, error = self.admission.released.popleft()
            flow = self._active.pop(number)
            if isinstance(flow, UploadFlow | DownloadFlow):
                flow.rest()
            self._waiting.append((number, flow))
        if error is None:
            return
        pause = self.admission.pause()
        wait = None if self._active else self.admission.wait(pause)
        if wait is None and not self._active:
            raise error
        wait = max(wait or 0.0, pause)
        if wait:
            self._pauses += 1
            self._loop.later(wait, self._end_pause)

    def _end_pause(self) -> None:
        self._pauses -= 1

    def _watch(self) -> None:
        for flow in self._active.values():
            flow.watch()
        self._loop.later(_WATCH_SECONDS, self._watch)
