"""Whether a file is, at the end of a transfer, still the one that was probed.

An FTP or SFTP server can't be asked to refuse another version, so the file's attributes are read again.
"""

from __future__ import annotations

from collections.abc import Callable

import pycurl

from s3am_cloud.adapters.curl.source.ftp import (
    answered,
    failure,
    known_without_size,
    modification_error,
    question,
    size_refused,
)
from s3am_cloud.adapters.curl.transport.admission import patience
from s3am_cloud.adapters.curl.transport.context import CurlContext
from s3am_cloud.adapters.curl.transport.easy import Response, guard_of
from s3am_cloud.errors import SourceBusy, SourceChanged, TransferError
from s3am_cloud.limits import OVER_CAPACITY_SECONDS
from s3am_cloud.model import PinnedSource, SourceInfo

Answered = Callable[[TransferError | None], None]


class Revalidation:
    """`answered` gets None where nothing has changed, SourceChanged, or why the server can't be asked."""

    def __init__(self, context: CurlContext, origin: PinnedSource, answered: Answered) -> None:
        self._loop, self._settings, self._info, self._answered = context.loop, context.settings, origin.info, answered
        self._url = origin.source
        self._patience, self._asked = patience(context.clock), 0.0
        self._easy: pycurl.Curl | None = None
        self._response, self._guard = Response(), guard_of(self._settings)
        self._stopped = False

    def start(self) -> None:
        if self._stopped:
            return
        self._response, self._guard = Response(), guard_of(self._settings)
        self._easy = question(self._url, self._settings, self._guard, self._response, self._info.reached)
        self._asked = self._loop.now()
        self._loop.start(self._easy, self._done)

    def stop(self) -> None:
        self._stopped = True
        if self._easy is not None:
            self._loop.stop(self._easy)

    def _done(self, number: int, message: str) -> None:
        easy, self._easy = self._easy, None
        if easy is None or self._stopped:
            return
        if not number or self._knows_no_size(number):
            self._answered(
                self._compare(answered(easy, self._url, self._response) if not number else known_without_size(easy))
            )
            return
        error = failure(number, message, self._response, self._guard, self._url.display)
        wait = (
            self._patience.wait(OVER_CAPACITY_SECONDS, self._loop.now() - self._asked)
            if isinstance(error, SourceBusy)
            else None
        )
        if wait is None:
            self._answered(error)
        else:
            self._loop.later(wait, self.start)

    def _knows_no_size(self, number: int) -> bool:
        """Whether SIZE was refused as it was before."""
        return self._info.size is None and size_refused(number, self._response)

    def _compare(self, now: SourceInfo) -> TransferError | None:
        if None not in {now.size, self._info.size} and now.size != self._info.size:
            return SourceChanged(f"{self._url.display} has {now.size:,} bytes now, and had {self._info.size:,}")
        if now.size is None and self._info.size is None and now.last_modified is None and self._info.last_modified:
            return SourceChanged(f"{self._url.display} has no date any more")
        return modification_error(now.last_modified, self._info, self._url.display)
