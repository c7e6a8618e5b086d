"""One range from a source, gone on with at the next byte whenever the connection breaks."""

from __future__ import annotations

from collections.abc import Callable

import pycurl

from s3am_cloud.adapters.curl.source.answers import (
    BROKEN,
    BUSY,
    PROXY_LOGIN,
    check_range,
    refused_by_proxy,
    retry_after,
)
from s3am_cloud.adapters.curl.source.ftp import check_modified, failure, is_crowded, modified
from s3am_cloud.adapters.curl.source.range_request import Address, RangeRequest
from s3am_cloud.adapters.curl.source.revalidate import Answered, Revalidation
from s3am_cloud.adapters.curl.source.validators import check_proven, pins
from s3am_cloud.adapters.curl.transport.admission import AdmissionControl
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.curl.transport.loop import Loop
from s3am_cloud.adapters.curl.transport.pipes import ByteSink
from s3am_cloud.adapters.curl.transport.rate_watch import RateWatch
from s3am_cloud.adapters.curl.transport.retry import Retry
from s3am_cloud.errors import BadSource, SourceBusy, SourceChanged, SourceUnavailable, TransferError
from s3am_cloud.limits import CURL_BUFFER, PROGRESS
from s3am_cloud.model import Part, PinnedSource

MakeRecheck = Callable[[Answered], Revalidation]


class RangeGet:
    """Brings `part` of `origin` to `taker`. `pause` and `resume` are the back-pressure.

    With a `recheck`, the last bytes are held back until that has found the source unchanged. `buffer` bytes are taken
    from the socket at once.
    """

    def __init__(
        self,
        loop: Loop,
        settings: CurlSettings,
        origin: PinnedSource,
        address: Address,
        part: Part,
        taker: ByteSink,
        retry: Retry,
        crowd: AdmissionControl | None = None,
        recheck: MakeRecheck | None = None,
        buffer: int = CURL_BUFFER,
    ) -> None:
        self._loop, self._settings, self._info = loop, settings, origin.info
        self._request = RangeRequest(settings, origin, address, part, buffer)
        self._crowd, self._recheck = crowd, recheck(self._rechecked) if recheck else None
        self._held = b""
        self._part, self._taker, self._retry = part, taker, retry
        self._by_files, self._stored = self._request.by_files, self._request.stored
        self._name, self._scheme = self._request.name, self._request.scheme
        self._next, self._end_at = part.first, part.last + 1
        # Bytes of all parts at the last refusal, and when this request was sent.
        self._refusals, self._moved, self._moved_before = 0, 0, 0
        # Bytes since progress was last told of, and bytes of this request.
        self._unpaid, self._got = 0, 0
        self._asked = self._quiet_since = 0.0
        # Whether the server is asked to refuse another version: some refuse all.
        self._conditions = bool(pins(self._info))
        self._easy: pycurl.Curl | None = None
        self._paused = self._stopped = False

    def start(self) -> None:
        """Begins at the part's first byte."""
        self._next = self._part.first
        self._go_on()

    def _go_on(self) -> None:
        self._asked = self._loop.now()
        self._moved_before = self._crowd.moved() if self._crowd is not None else 0
        try:
            easy = self._request.begin(self._next, self._conditions)
        except BadSource as error:
            self._taker.fail(error)
        else:
            self._send(easy)

    def _send(self, easy: pycurl.Curl) -> None:
        self._error: TransferError | None = None
        self._checked = self._paused = False
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
        self._stopped = True
        if self._easy is not None:
            self._loop.stop(self._easy)
        if self._recheck is not None:
            self._recheck.stop()

    def resume(self) -> None:
        if self._paused and self._easy is not None:
            self._paused = False
            self._quiet_since = self._loop.now()
            self._loop.unpause(self._easy)

    def _write(self, data: bytes) -> int | None:
        if self._taker.full():
            self._paused = True
            return int(pycurl.WRITEFUNC_PAUSE)
        error = None if self._checked else self._begun()
        if error is None:
            following = self._next + len(data)
            error = self._too_much() if following > self._end_at else self._take(data, following)
        self._error = error
        return 0 if error is not None or self._needs_no_end else None

    @property
    def _needs_no_end(self) -> bool:
        """Whether a range from an FTP server is complete: its last reply may never come, and libcurl does nothing else
        while it waits for that."""
        return self._whole and self._info.ranges and self._scheme in {"ftp", "ftps"}

    def _begun(self) -> TransferError | None:
        """The first bytes of an answer."""
        self._checked = True
        self._request.response.begin_body()
        error = self._check()
        if error is None:
            self._refusals = 0
        return error

    def _too_much(self) -> SourceChanged:
        if self._by_files and not self._info.ranges:
            return SourceChanged(
                f"{self._name} holds more than the {self._part.length:,} bytes that its server says",
                "try again when nobody writes to it",
            )
        return SourceChanged(f"{self._name} sent more than the {self._part.length:,} bytes asked for")

    def _take(self, data: bytes, following: int) -> TransferError | None:
        self._next = following
        self._note(len(data))
        if self._recheck is not None and following == self._end_at:
            self._held = data
            return None
        return self._taker.accept(data)

    def _note(self, count: int) -> None:
        """Bytes that will be kept are a reason to count failures from zero again. Those of an answer that can't be
        continued are lost with its connection."""
        self._got += count
        self._unpaid += count
        self._quiet_since = self._loop.now()
        if self._unpaid < PROGRESS:
            return
        self._unpaid = 0
        if self._crowd is not None:
            self._crowd.gained()
        if self._info.ranges:
            self._retry.gained()

    def _watch(self, easy: pycurl.Curl) -> None:
        """Gives up the connection when it is too slow. The one after a failure is given less time."""
        settings = self._settings
        share = 3 if self._retry.silent else 1
        window = settings.least_rate_seconds / share
        watch = RateWatch(self._asked, settings.begin_seconds, settings.least_rate, window)

        def look() -> None:
            if self._stopped or self._easy != easy:
                return
            fault = watch.fault(self._loop.now(), self._got, int(easy.getinfo(pycurl.SIZE_DOWNLOAD_T)), self._paused)
            if fault is None or self._whole:
                self._retry.slow = 0 if watch.fast else self._retry.slow
                self._loop.later(min(1.0, window / 4), look)
                return
            self._loop.stop(easy)
            self._easy = None
            error = SourceUnavailable(f"{self._name}: {fault}")
            if self._retry.too_slow():
                self._taker.fail(error)
            else:
                self._again(error, settings.patience / 2)

        self._loop.later(min(1.0, window / 4), look)

    @property
    def _whole(self) -> bool:
        return self._next == self._end_at

    def _check(self) -> TransferError | None:
        if not self._request.response.status and self._by_files:
            return None  # not HTTP: libcurl has judged
        error = check_range(self._request.response, self._info, self._part, self._next, self._name, self._stored)
        if error is None and not self._conditions and pins(self._info):
            return check_proven(self._request.response, self._info, self._name)
        return error

    def _done(self, number: int, message: str) -> None:
        easy, self._easy = self._easy, None
        if easy is None or self._stopped or self._is_followed(easy):
            return
        if self._error is None:
            self._error = self._judge(easy, number, message)
        if self._error is None:
            self._end()
        elif self._request.response.status == 412 and self._conditions and not self._stored:
            self._conditions = False
            self._start_in(0, self._error)
        elif self._crowd is not None and is_crowded(number, message, self._request.response, self._error):
            self._wait_for_a_place(self._crowd, self._error)
        elif self._crowd is not None and self._crowd.adapts and self._request.response.status in BUSY:
            self._make_way(self._crowd, self._error)
        elif self._crowd is not None and self._is_one_too_many(self._crowd, number):
            (self._make_way if self._crowd.adapts else self._wait_for_a_place)(self._crowd, self._error)
        else:
            self._again(self._error)

    def _judge(self, easy: pycurl.Curl, number: int, message: str) -> TransferError | None:
        """What is wrong with the answer, now that it has ended. With all bytes there, how it ended is of no matter."""
        if (refused := self._refused_by_proxy(number, message)) is not None:
            return refused
        if self._request.response.ends_at_its_head and not self._checked and (refusal := self._check()) is not None:
            return refusal
        if number and not self._whole:
            return failure(number, message, self._request.response, self._request.guard, self._name)
        error = None if self._checked else self._check()
        if error is None and self._by_files:
            error = check_modified(modified(easy), self._info, self._name)
        if error is None and not self._whole and self._info.size is not None:
            return SourceUnavailable(f"{self._name}: the answer ended early")
        if error is None and self._next == self._part.first and not self._info.end_told:
            return SourceUnavailable(f"{self._name} sent no byte, and does not say how many there are")
        return error

    def _refused_by_proxy(self, number: int, message: str) -> TransferError | None:
        """Of a source that is not in S3, `failure` finds that out where there was no answer at all."""
        status = self._request.response.status
        if self._whole or not (self._stored or status == PROXY_LOGIN):
            return None
        return refused_by_proxy(number, message, status, self._name, self._request.url)

    def _end(self) -> None:
        if self._recheck is not None:
            self._recheck.start()
        else:
            self._taker.end()

    def _rechecked(self, error: TransferError | None) -> None:
        error = error or self._taker.accept(self._held)
        if error is None:
            self._taker.end()
        else:
            self._taker.fail(error)

    def _wait_for_a_place(self, crowd: AdmissionControl, error: TransferError) -> None:
        self._refusals += 1
        begun = self._next != self._part.first
        if begun and not self._info.ranges:
            self._taker.repeat(error)
        elif begun:
            self._retry.total += 1
            self._start_in(crowd.wait(), error)
        elif self._refusals == 1:
            # libcurl closes a connection whose file it has a part of, which the server may not have noticed yet.
            self._start_in(crowd.moment(), error)
        else:
            crowd.release_slot(self._part.number, error)

    def _is_one_too_many(self, crowd: AdmissionControl, number: int) -> bool:
        """Whether an HTTP server, or a firewall before it, seems to refuse this connection because of the others."""
        if self._next != self._part.first or self._by_files or self._stored:
            return False
        if self._request.response.status == 403:
            return crowd.may_be_full(self._moved_before)
        return crowd.adapts and crowd.places > 1 and not self._request.response.status and number in BROKEN

    def _make_way(self, crowd: AdmissionControl, error: TransferError) -> None:
        """A server that is too busy for this request is asked by fewer. What has begun stays, as its PUT goes on."""
        if self._next == self._part.first:
            self._retry.total += 1
            crowd.yield_slot(self._part.number, error, self._asked, self._retry_after())
        else:
            crowd.refused(self._asked)
            if crowd.moved() > self._moved:
                # Others get on: this one's turn will come.
                self._moved = crowd.moved()
                self._retry.gained()
            self._again(error)

    def _again(self, error: TransferError, silent: float | None = None) -> None:
        if silent is None:
            silent = self._loop.now() - self._quiet_since
        passing = isinstance(error, SourceBusy)
        if passing and not self._info.ranges and self._next != self._part.first:
            if self._retry.exhausted(silent):
                self._taker.fail(error)
            else:
                self._taker.repeat(error)
            return
        self._start_in(self._retry.wait(self._retry_after(), silent) if passing else None, error)

    def _start_in(self, wait: float | None, error: TransferError) -> None:
        if wait is None:
            self._taker.fail(error)
        else:
            self._loop.later(wait, self._restart)

    def _restart(self) -> None:
        if not self._stopped:
            self._go_on()

    def _retry_after(self) -> float:
        return retry_after(self._request.response.header("Retry-After"), self._loop.date())
