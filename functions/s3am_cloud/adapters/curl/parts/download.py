"""One part on its way to a file: a GET, and the file that takes it."""

from __future__ import annotations

from s3am_cloud.adapters.curl.parts.upload import Failed, Finished
from s3am_cloud.adapters.curl.source.get import RangeGet
from s3am_cloud.adapters.curl.transport.loop import Loop
from s3am_cloud.adapters.curl.transport.retry import Retry
from s3am_cloud.errors import TransferError
from s3am_cloud.model import MovedPart, Part


class DownloadFlow:
    """`get` is set by whoever builds the flow."""

    get: RangeGet

    def __init__(self, loop: Loop, part: Part, retry: Retry, finished: Finished, failed: Failed) -> None:
        self._loop, self._part, self._retry, self._finished, self._failed = loop, part, retry, finished, failed

    def start(self) -> None:
        if self._part.length:
            self.get.start()
        else:
            self._loop.later(0, lambda: self.end(0))

    def stop(self) -> None:
        self.get.stop()

    def rest(self) -> None:
        """The GET, which is all there is, has ended already."""

    def watch(self) -> None:
        """libcurl itself gives up a GET that stalls."""

    def end(self, crc: int) -> None:
        self._finished(MovedPart(self._part.number, self._part.length, crc, "", self._retry.total))

    def repeat(self, error: TransferError) -> None:
        wait = self._retry.wait()
        if wait is None:
            self._failed(error)
        else:
            self._loop.later(wait, self.start)

    def fail(self, error: TransferError) -> None:
        self._failed(error)
