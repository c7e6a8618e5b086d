"""One part on its way to a file: a GET, and the file that takes it."""

from __future__ import annotations

from collections.abc import Callable

from s3am_cloud.adapters.curl.source.get import RangeGet
from s3am_cloud.adapters.curl.transport.loop import Loop
from s3am_cloud.adapters.curl.transport.pipes import PartEvents
from s3am_cloud.adapters.curl.transport.retry import Retry
from s3am_cloud.errors import TransferError
from s3am_cloud.model import MovedPart, Part

MakeGet = Callable[["DownloadFlow"], RangeGet]


class DownloadFlow:
    """`make_get` makes the GET, whose sink reports to the flow."""

    def __init__(self, loop: Loop, part: Part, retry: Retry, make_get: MakeGet, events: PartEvents) -> None:
        self._loop, self._part, self._retry, self._events = loop, part, retry, events
        self._get = make_get(self)

    def start(self) -> None:
        if self._part.length:
            self._get.start()
        else:
            self._loop.later(0, lambda: self.end(0))

    def stop(self) -> None:
        self._get.stop()

    def rest(self) -> None:
        """The GET, which is all there is, has ended already."""

    def watch(self) -> None:
        """libcurl itself gives up a GET that stalls."""

    def end(self, crc: int) -> None:
        self._events.finished(MovedPart(self._part.number, self._part.length, crc, "", self._retry.total))

    def repeat(self, error: TransferError) -> None:
        wait = self._retry.wait()
        if wait is None:
            self._events.failed(error)
        else:
            self._loop.later(wait, self.start)

    def fail(self, error: TransferError) -> None:
        self._events.failed(error)
