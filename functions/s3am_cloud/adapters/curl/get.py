"""One range from a source, gone on with at the next byte whenever the connection breaks."""

from __future__ import annotations

from typing import Protocol

import pycurl

from s3am_cloud.adapters.curl.easy import CurlSettings, Response, as_source, new_easy, set_headers
from s3am_cloud.adapters.curl.flow import Taker
from s3am_cloud.adapters.curl.guard import Guard
from s3am_cloud.adapters.curl.loop import Loop
from s3am_cloud.adapters.curl.retry import Retry
from s3am_cloud.adapters.curl.source_answers import check_curl, check_range
from s3am_cloud.errors import BadSource, SourceBusy, SourceChanged, SourceUnavailable, TransferError
from s3am_cloud.model import Origin, Part, SourceInfo
from s3am_cloud.urls import parse_source

# A server that asks for more patience than this is as good as gone; the job's own retries come later.
_LONGEST_RETRY_AFTER = 60


class Address(Protocol):
    """Where a GET goes and what it carries, made anew for each request as signatures age."""

    def __call__(self) -> tuple[str, dict[str, str]]: ...


def pins(info: SourceInfo) -> dict[str, str]:
    """The request headers by which a server itself refuses another version (RFC 9110, section 13.1)."""
    if info.strong_etag:
        return {"If-Match": info.strong_etag}
    if info.last_modified:
        return {"If-Unmodified-Since": info.last_modified}
    return {}


class RangeGet:
    """Brings `part` of `origin` to `taker`. `pause` and `resume` are the back-pressure."""

    def __init__(
        self,
        loop: Loop,
        settings: CurlSettings,
        origin: Origin,
        address: Address,
        part: Part,
        taker: Taker,
        retry: Retry,
    ) -> None:
        self._loop, self._settings, self._info = loop, settings, origin.info
        self._address, self._part, self._taker, self._retry = address, part, taker, retry
        source = parse_source(origin.url)
        self._name, self._stored = source.display, source.scheme == "s3"
        self._next = part.first
        self._easy: pycurl.Curl | None = None
        self._paused = self._stopped = False

    def start(self) -> None:
        self._error: TransferError | None = None
        self._checked = self._paused = False
        self._response = Response()
        self._guard = Guard(self._settings.allow_private)
        url, headers = self._address()
        easy = as_source(new_easy(self._settings), self._settings, self._guard)
        easy.setopt(pycurl.URL, url)
        if url.startswith("http"):
            set_headers(easy, {"Accept-Encoding": "identity", **pins(self._info), **headers})
        if self._info.ranges:
            easy.setopt(pycurl.RANGE, f"{self._next}-{self._part.last}")
        easy.setopt(pycurl.HEADERFUNCTION, self._response.take_line)
        easy.setopt(pycurl.WRITEFUNCTION, self._write)
        self._easy = easy
        self._loop.start(easy, self._done)

    def stop(self) -> None:
        self._stopped = True
        if self._easy is not None:
            self._loop.stop(self._easy)

    def resume(self) -> None:
        if self._paused and self._easy is not None:
            self._paused = False
            self._loop.unpause(self._easy)

    def _write(self, data: bytes) -> int | None:
        if self._taker.full():
            self._paused = True
            return int(pycurl.WRITEFUNC_PAUSE)
        if not self._checked:
            self._checked = True
            self._error = self._check()
        if self._error is None and self._next + len(data) > self._part.last + 1:
            self._error = SourceChanged(f"{self._name} sent more than the {self._part.length:,} bytes asked for")
        if self._error is None:
            self._next += len(data)
            self._retry.gained()
            self._error = self._taker.accept(data)
        return None if self._error is None else 0

    def _check(self) -> TransferError | None:
        if not self._response.status:
            return None  # not HTTP: libcurl has judged
        return check_range(self._response, self._info, self._part, self._next, self._name, self._stored)

    def _done(self, number: int, message: str) -> None:
        self._easy = None
        if self._stopped:
            return
        if self._guard.refused:
            self._error = BadSource(f"{self._name} leads to an address that is not public", "use a public address")
        if self._error is None and not self._checked:
            self._error = self._check() if number == 0 else None
        if self._error is None and number == 0 and self._next == self._part.last + 1:
            self._taker.end()
            return
        if self._error is None and number:
            self._error = check_curl(number, message, self._name)
        self._again(self._error or SourceUnavailable(f"{self._name}: the answer ended early"))

    def _again(self, error: TransferError) -> None:
        passing = isinstance(error, SourceBusy)
        if passing and not self._info.ranges and self._next != self._part.first:
            self._taker.repeat(error)
            return
        wait = self._retry.wait(self._retry_after()) if passing else None
        if wait is None:
            self._taker.fail(error)
        else:
            self._loop.later(wait, self._restart)

    def _restart(self) -> None:
        if not self._stopped:
            self.start()

    def _retry_after(self) -> float:
        asked = self._response.header("Retry-After") or ""
        return float(min(int(asked), _LONGEST_RETRY_AFTER)) if asked.isdigit() else 0.0
