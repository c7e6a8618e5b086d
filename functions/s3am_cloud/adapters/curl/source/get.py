"""One range from a source. Whenever the connection breaks, another one continues at the next byte."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import pycurl

from s3am_cloud.adapters.curl.source.answers import BROKEN, BUSY, PROXY_LOGIN, refused_by_proxy, retry_after
from s3am_cloud.adapters.curl.source.ftp import failure, is_over_capacity, modification_error, modified
from s3am_cloud.adapters.curl.source.range_request import RangeRequest
from s3am_cloud.adapters.curl.source.revalidate import Answered, Revalidation
from s3am_cloud.adapters.curl.source.validators import pins
from s3am_cloud.adapters.curl.transport.admission import AdmissionControl
from s3am_cloud.adapters.curl.transport.context import CurlContext
from s3am_cloud.adapters.curl.transport.pipes import ByteSink
from s3am_cloud.adapters.curl.transport.rate_watch import RateWatch
from s3am_cloud.adapters.curl.transport.retry import Retry
from s3am_cloud.errors import BadSource, SourceBusy, SourceUnavailable, TransferError
from s3am_cloud.limits import PROGRESS

MakeRevalidation = Callable[[Answered], Revalidation]


class State(Enum):
    """How far a GET is."""

    IDLE = "no request is running"
    ASKED = "no byte of the answer's content has come"
    RECEIVING = "the answer was judged at its first byte, and its content is coming"
    PAUSED = "as RECEIVING, while the sink is full"
    STOPPED = "it was stopped, for good"


# For what runs with each chunk: an Enum's member is found more slowly by its name.
_ASKED = State.ASKED


class RangeGet:
    """Brings the range of `request` to `sink`, whose `full` and `resume` are the back-pressure.

    With a `revalidation`, the last bytes are held back until that has found the source unchanged.
    """

    def __init__(
        self,
        context: CurlContext,
        request: RangeRequest,
        sink: ByteSink,
        retry: Retry,
        admission: AdmissionControl | None = None,
        revalidation: MakeRevalidation | None = None,
    ) -> None:
        self._loop, self._settings, self._request, self._info = context.loop, context.settings, request, request.info
        self._admission, self._throttle = admission, context.loop.throttle
        self._pass = request.gate_pass
        self._revalidation = revalidation(self._revalidated) if revalidation else None
        self._held_back = b""
        self._part, self._sink, self._retry = request.part, sink, retry
        self._by_files, self._stored = self._request.by_files, self._request.stored
        self._name, self._scheme = self._request.name, self._request.scheme
        self._next, self._end_at = self._part.first, self._part.last + 1
        # Bytes of all parts at the last refusal, and when this request was sent.
        self._refusals, self._moved, self._moved_before = 0, 0, 0
        # Bytes since progress was last reported, and bytes of this request.
        self._unpaid, self._got = 0, 0
        self._asked = self._quiet_since = 0.0
        # Whether the server is asked to refuse another version: some refuse all.
        self._conditions = bool(pins(self._info))
        self._easy: pycurl.Curl | None = None
        self._state = State.IDLE
        # What is wrong with the present answer.
        self._error: TransferError | None = None

    def start(self) -> None:
        """Begins at the part's first byte."""
        self._next = self._part.first
        self._request_rest()

    def _request_rest(self) -> None:
        if wait := self._pass.wait():
            self._loop.later(wait, self._restart)
            return
        self._asked = self._loop.now()
        self._moved_before = self._admission.moved() if self._admission is not None else 0
        try:
            easy = self._request.begin(self._next, self._conditions)
        except BadSource as error:
            self._pass.leave()
            self._sink.fail(error)
        else:
            self._send(easy)

    def _send(self, easy: pycurl.Curl) -> None:
        self._error, self._state = None, State.ASKED
        easy.setopt(pycurl.WRITEFUNCTION, self._write)
        self._easy = easy
        self._quiet_since = self._loop.now()
        self._got = 0
        self._loop.start(easy, self._done)
        self._watch(easy)

    def _is_followed(self, easy: pycurl.Curl) -> bool:
        """Whether the answer was a redirect, which is followed now, or refused by name."""
        try:
            following = self._request.follow(easy, self._next, self._conditions)
        except BadSource as error:
            self._error = error
            return False
        if following is not None:
            self._send(following)
        return following is not None

    def stop(self) -> None:
        self._state = State.STOPPED
        self._pass.leave()
        if self._easy is not None:
            self._loop.stop(self._easy)
        if self._revalidation is not None:
            self._revalidation.stop()

    def resume(self) -> None:
        if self._state is State.PAUSED and self._easy is not None:
            self._state = State.RECEIVING
            self._quiet_since = self._loop.now()
            self._loop.unpause(self._easy)

    def _write(self, data: bytes) -> int | None:
        if self._state is _ASKED:
            if self._request.refused:
                return self._request.take_refusal(data)
            self._error = error = self._begin()
            if error is not None:
                return 0
        throttle = self._throttle
        if self._sink.full() or (throttle is not None and throttle.holds(self.resume, len(data))):
            self._state = State.PAUSED
            return int(pycurl.WRITEFUNC_PAUSE)
        following = self._next + len(data)
        is_too_much = following > self._end_at
        self._error = error = self._request.too_much_error() if is_too_much else self._take(data, following)
        return 0 if error is not None or self._needs_no_end else None

    @property
    def _needs_no_end(self) -> bool:
        """Whether a range from an FTP server is complete: its last reply may never come, and libcurl does nothing else
        while it waits for that."""
        return self._whole and self._info.ranges and self._scheme in {"ftp", "ftps"}

    def _begin(self) -> TransferError | None:
        """Judges the answer, as its first byte comes."""
        self._state = State.RECEIVING
        self._request.response.begin_body()
        error = self._answer_error()
        if error is None:
            self._refusals = 0
        return error

    def _take(self, data: bytes, following: int) -> TransferError | None:
        self._next = following
        self._note(len(data))
        if self._revalidation is not None and following == self._end_at:
            self._held_back = data
            return None
        return self._sink.accept(data)

    def _note(self, count: int) -> None:
        """Bytes that will be kept are a reason to count failures from zero again. Those of an answer that can't be
        continued are lost with its connection."""
        self._got += count
        self._unpaid += count
        self._quiet_since = self._loop.now()
        if self._unpaid < PROGRESS:
            return
        self._unpaid = 0
        if self._admission is not None:
            self._admission.gained()
        if self._info.ranges:
            self._retry.gained()

    def _watch(self, easy: pycurl.Curl) -> None:
        """Gives up the connection when it is too slow. The one after a failure is given less time."""
        settings = self._settings
        share = 3 if self._retry.silent else 1
        window = settings.least_rate_seconds / share
        watch = RateWatch(self._asked, settings.begin_seconds, settings.least_rate, window)

        def look() -> None:
            if self._state is State.STOPPED or self._easy != easy:
                return
            received, paused = int(easy.getinfo(pycurl.SIZE_DOWNLOAD_T)), self._state is State.PAUSED
            fault = watch.fault(self._loop.now(), self._got, received, paused)
            if fault is None or self._whole:
                self._retry.slow = 0 if watch.fast else self._retry.slow
                self._loop.later(min(1.0, window / 4), look)
                return
            self._loop.stop(easy)
            self._pass.leave()
            self._easy, self._state = None, State.IDLE
            error = SourceUnavailable(f"{self._name}: {fault}")
            if self._retry.too_slow():
                self._sink.fail(error)
            else:
                self._retry_later(error, settings.patience / 2)

        self._loop.later(min(1.0, window / 4), look)

    @property
    def _whole(self) -> bool:
        return self._next == self._end_at

    def _answer_error(self) -> TransferError | None:
        return self._request.answer_error(self._next, self._conditions)

    def _done(self, number: int, message: str) -> None:
        easy, self._easy = self._easy, None
        if easy is None or self._state is State.STOPPED or self._is_followed(easy):
            return
        error = self._error or self._end_error(easy, number, message)
        self._state = State.IDLE
        if error is None:
            self._end()
        else:
            self._pass.leave()
            self._recover(error, number, message)

    def _recover(self, error: TransferError, number: int, message: str) -> None:
        """After an answer that failed: tries again in the way that fits the error, or gives up."""
        status, admission = self._request.response.status, self._admission
        if status in BUSY:
            self._pass.busy(self._retry_after())
        if status == 412 and self._conditions and not self._stored:
            self._conditions = False
            self._start_in(0, error)
        elif admission is not None and is_over_capacity(number, message, self._request.response, error):
            self._wait_for_slot(admission, error)
        elif admission is not None and admission.adapts and status in BUSY:
            self._yield_slot(admission, error)
        elif admission is not None and self._is_over_capacity(admission, number):
            (self._yield_slot if admission.adapts else self._wait_for_slot)(admission, error)
        else:
            self._retry_later(error)

    def _end_error(self, easy: pycurl.Curl, number: int, message: str) -> TransferError | None:
        """What is wrong with the answer, now that it has ended. With all bytes there, how it ended is of no matter."""
        unjudged = self._state is State.ASKED
        if (refused := self._proxy_error(number, message)) is not None:
            return refused
        if self._request.ends_early and unjudged and (refusal := self._answer_error()) is not None:
            return refusal
        if number and not self._whole:
            return failure(number, message, self._request.response, self._request.guard, self._name)
        error = self._answer_error() if unjudged else None
        if error is None and self._by_files:
            error = modification_error(modified(easy), self._info, self._name)
        if error is None and not self._whole and self._info.size is not None:
            return SourceUnavailable(f"{self._name}: the answer ended early")
        if error is None and self._next == self._part.first and not self._info.end_told:
            return SourceUnavailable(f"{self._name} sent no byte, and does not say how many there are")
        return error

    def _proxy_error(self, number: int, message: str) -> TransferError | None:
        """Of a source that is not in S3, `failure` finds that out where there was no answer at all."""
        status = self._request.response.status
        if self._whole or not (self._stored or status == PROXY_LOGIN):
            return None
        return refused_by_proxy(number, message, status, self._name, self._request.url)

    def _end(self) -> None:
        self._pass.answered()
        if self._revalidation is not None:
            self._revalidation.start()
        else:
            self._pass.leave()
            self._sink.end()

    def _revalidated(self, error: TransferError | None) -> None:
        self._pass.leave()
        error = error or self._sink.accept(self._held_back)
        if error is None:
            self._sink.end()
        else:
            self._sink.fail(error)

    def _wait_for_slot(self, admission: AdmissionControl, error: TransferError) -> None:
        self._refusals += 1
        begun = self._next != self._part.first
        if begun and not self._info.ranges:
            self._sink.repeat(error)
        elif begun:
            self._retry.total += 1
            self._start_in(admission.wait(), error)
        elif self._refusals == 1:
            # libcurl closes a connection whose file it has a part of, which the server may not have noticed yet.
            self._start_in(admission.moment(), error)
        else:
            admission.release_slot(self._part.number, error)

    def _is_over_capacity(self, admission: AdmissionControl, number: int) -> bool:
        """Whether an HTTP server, or a firewall before it, seems to refuse this connection because of the others."""
        if self._next != self._part.first or self._by_files or self._stored:
            return False
        if self._request.response.status == 403:
            return admission.may_be_full(self._moved_before)
        return admission.adapts and admission.limit > 1 and not self._request.response.status and number in BROKEN

    def _yield_slot(self, admission: AdmissionControl, error: TransferError) -> None:
        """A server that is too busy for this request is asked by fewer. What has begun stays, as its PUT goes on."""
        if self._next == self._part.first:
            self._retry.total += 1
            admission.yield_slot(self._part.number, error, self._asked, self._retry_after())
        else:
            admission.refused(self._asked)
            if admission.moved() > self._moved:
                # Others get on: this one's turn will come.
                self._moved = admission.moved()
                self._retry.gained()
            self._retry_later(error)

    def _retry_later(self, error: TransferError, silent: float | None = None) -> None:
        if silent is None:
            silent = self._loop.now() - self._quiet_since
        passing = isinstance(error, SourceBusy)
        if passing and not self._info.ranges and self._next != self._part.first:
            if self._retry.exhausted(silent):
                self._sink.fail(error)
            else:
                self._sink.repeat(error)
            return
        self._start_in(self._retry.wait(self._retry_after(), silent) if passing else None, error)

    def _start_in(self, wait: float | None, error: TransferError) -> None:
        if wait is None:
            self._sink.fail(error)
        else:
            self._loop.later(wait, self._restart)

    def _restart(self) -> None:
        if self._state is not State.STOPPED:
            self._request_rest()

    def _retry_after(self) -> float:
        return retry_after(self._request.response.header("Retry-After"), self._loop.date())
