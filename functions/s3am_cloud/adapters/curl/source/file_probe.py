"""Probing a file on an FTP or SFTP server: what the server says of it, and whether its end is where it says.

A size is a claim. SIZE may be refused, come from another representation of the file, or be too small or zero, and a
REST that is accepted may be ignored. So the last byte is read before the size is relied on, by the same connection.
libcurl itself never reads beyond what SIZE says, unless it leaves SIZE out and sends REST as a command of ours.
"""

from __future__ import annotations

from contextlib import closing

import msgspec
import pycurl

from s3am_cloud.adapters.curl.source.ftp import (
    answered,
    failure,
    is_over_capacity,
    known_without_size,
    needs_tls,
    question,
    size_refused,
)
from s3am_cloud.adapters.curl.transport.easy import CurlSettings, Response, guard_of
from s3am_cloud.adapters.curl.transport.guard import Guard
from s3am_cloud.adapters.curl.transport.perform import perform
from s3am_cloud.errors import BadSource, SourceBusy
from s3am_cloud.limits import KIB, LAST_REPLY_SECONDS
from s3am_cloud.model import Reached, SourceInfo
from s3am_cloud.ports.transfer import Clock
from s3am_cloud.urls import SourceUrl

# Enough to see that a REST was ignored: what comes is compared with the file's first bytes.
_LOOK = 4 * KIB


class OverCapacity(SourceBusy):
    """The server lets no more connections in: it is asked for longer. Nobody outside meets this."""


class AnsweredByHttp(Exception):
    """A proxy answered in HTTP for the server: it is to be asked as a web server is."""


def probe_file(url: SourceUrl, settings: CurlSettings, clock: Clock) -> SourceInfo:
    """Raises BadSource, SourceNotFound, AccessDenied, SourceBusy, SourceUnavailable, and AnsweredByHttp."""
    if not url.name:
        raise BadSource(f"{url.display} names a folder", "give the URL of a file")
    with closing(pycurl.CurlMulti()) as multi:
        try:
            return _Probe(url, settings, clock, multi).info()
        except _TlsNeeded:
            info = _Probe(url, settings, clock, multi, "tls").info()
            return msgspec.structs.replace(info, reached="tls")


class _TlsNeeded(Exception):
    """The server lets in nobody whose connection is not encrypted."""


class _RestRefused(Exception):
    """The server does not begin in the middle of the file."""


class _Probe:
    """The requests of one probe, which share a connection as long as none of them has to be cut short."""

    def __init__(
        self,
        url: SourceUrl,
        settings: CurlSettings,
        clock: Clock,
        multi: pycurl.CurlMulti,
        reached: Reached | None = None,
    ) -> None:
        self._url, self._settings, self._clock, self._multi, self._reached = url, settings, clock, multi, reached

    def info(self) -> SourceInfo:
        said = self._asked()
        if not said.size:
            return self._begun(said)
        if self._url.scheme == "sftp":
            return self._ended_over_sftp(said, said.size)
        return self._ended(said, said.size) if said.ranges else said

    def _asked(self) -> SourceInfo:
        guard, response = guard_of(self._settings), Response()
        with closing(question(self._url, self._settings, guard, response, self._reached)) as easy:
            number, message = perform(easy, self._clock, patience=self._settings.patience, multi=self._multi)
            if response.status:
                raise AnsweredByHttp
            if size_refused(number, response):
                return known_without_size(easy)
            self._check(number, message, response, guard)
            return answered(easy, self._url, response)

    def _begun(self, said: SourceInfo) -> SourceInfo:
        """Of a file whose size is not known, or nothing: whether it has a first byte."""
        if self._read(None, 1):
            return msgspec.structs.replace(said, size=None, ranges=False)
        return msgspec.structs.replace(said, size=0, ranges=True)

    def _ended(self, said: SourceInfo, size: int) -> SourceInfo:
        """Without ranges where REST has no effect; to be streamed, without a size, where there is more than that."""
        try:
            end = self._read(f"REST {size - 1}", _LOOK)
        except _RestRefused:
            return msgspec.structs.replace(said, ranges=False)
        if len(end) == 1:
            return said
        if not end:
            # The size may be wrong or the file cut short; neither shows which, and no short object may come of it.
            raise self._too_short(size)
        start = self._read(None, len(end))
        ignored = size > 1 and start[: len(end)] == end[: len(start)]
        return msgspec.structs.replace(said, size=size if ignored else None, ranges=False)

    def _ended_over_sftp(self, said: SourceInfo, size: int) -> SourceInfo:
        """libcurl reads no more than an SFTP server says that there is, and fails where there is less."""
        if self._read(f"{size - 1}-", 1):
            return said
        raise self._too_short(size)

    def _too_short(self, size: int) -> BadSource:
        return BadSource(
            f"{self._url.display} ends before the {size:,} bytes that its server says it has",
            "try again when nobody writes to it",
        )

    def _read(self, start: str | None, most: int) -> bytes:
        """Bytes from there on, `most` or a few more at once; fewer where the file ends."""
        guard, response, sample = guard_of(self._settings), Response(), _Sample(most)
        with closing(question(self._url, self._settings, guard, response, self._reached)) as easy:
            easy.setopt(pycurl.NOBODY, 0)
            easy.setopt(pycurl.HTTPGET, 1)
            if self._url.scheme != "sftp":
                easy.setopt(pycurl.IGNORE_CONTENT_LENGTH, 1)
                easy.setopt(pycurl.PREQUOTE, [start] if start else [])
            elif start:
                easy.setopt(pycurl.RANGE, start)
            # The date is known by now.
            easy.setopt(pycurl.OPT_FILETIME, 0)
            easy.setopt(pycurl.WRITEFUNCTION, sample.take)
            # Some servers never say that a file was sent, and libcurl does nothing else while it waits for that.
            easy.setopt(pycurl.FTP_RESPONSE_TIMEOUT, min(LAST_REPLY_SECONDS, max(1, int(self._settings.patience))))
            number, message = perform(easy, self._clock, patience=self._settings.patience, multi=self._multi)
        if number == pycurl.E_QUOTE_ERROR:
            raise _RestRefused
        if not sample.data:
            self._check(number, message, response, guard)
        # With what was looked for there, how the answer ended is of no matter.
        return bytes(sample.data)

    def _check(self, number: int, message: str, response: Response, guard: Guard) -> None:
        if not number:
            return
        if self._reached is None and self._url.scheme == "ftp" and needs_tls(response.reply):
            raise _TlsNeeded
        check_run(number, message, response, guard, self._url.display)


def check_run(number: int, message: str, response: Response, guard: Guard, name: str) -> None:
    """Raises the error that a request ended with, OverCapacity where the server lets no more connections in."""
    if number:
        error = failure(number, message, response, guard, name)
        raise OverCapacity(error.message, error.hint) if is_over_capacity(number, message, response, error) else error


class _Sample:
    """Up to `most` bytes, or somewhat more that came with them."""

    def __init__(self, most: int) -> None:
        self.data = bytearray()
        self._most = most

    def take(self, data: bytes) -> int | None:
        self.data += data
        return 0 if len(self.data) >= self._most else None
