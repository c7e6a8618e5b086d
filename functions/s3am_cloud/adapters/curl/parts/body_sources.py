"""Where a PUT's bytes come from: a GET through a window, or a local file."""

from __future__ import annotations

from collections.abc import Callable

from s3am_cloud.adapters.curl.parts.window import Window
from s3am_cloud.adapters.curl.source.get import RangeGet
from s3am_cloud.adapters.curl.transport.pipes import BodyFlow
from s3am_cloud.adapters.curl.transport.retry import Retry
from s3am_cloud.adapters.curl.transport.throttle import Throttle
from s3am_cloud.adapters.files.local_file import PinnedFile
from s3am_cloud.checksums.crc64nvme import EMPTY, update
from s3am_cloud.errors import TransferError
from s3am_cloud.model import Part
from s3am_cloud.ports.transfer import Progress

MakeGet = Callable[["StreamedBody"], RangeGet]


class StreamedBody:
    """The bytes of a GET, at most a window of them at a time."""

    def __init__(self, part: Part, make_get: MakeGet, retry: Retry, progress: Progress, flow: BodyFlow) -> None:
        """`make_get` makes GETs that count their failures in `retry`."""
        self._part, self._make_get, self._retry, self._progress = part, make_get, retry, progress
        self._flow, self._on_bytes = flow, flow.on_bytes
        self._window = Window()
        self._get: RangeGet | None = None
        self.crc = EMPTY
        self._got = 0

    @property
    def retries(self) -> int:
        return self._retry.total

    def start(self) -> None:
        self.stop()
        self._window.clear()
        self._progress(-self._got)
        self.crc, self._got = EMPTY, 0
        if self._part.length:
            self._get = self._make_get(self)
            self._get.start()

    def stop(self) -> None:
        if self._get is not None:
            self._get.stop()
            self._get = None

    def take(self, most: int) -> bytes | None:
        data = self._window.take(most)
        if self._get is not None and self._window.low:
            self._get.resume()
        return data or None

    def change_error(self) -> TransferError | None:
        return None  # each answer of the source was held to the pinned version

    def full(self) -> bool:
        return self._window.full

    def accept(self, data: bytes) -> TransferError | None:
        self.crc = update(self.crc, data)
        self._got += len(data)
        self._progress(len(data))
        self._window.put(data)
        self._on_bytes()
        return None

    def end(self) -> None:
        self._get = None

    def repeat(self, error: TransferError) -> None:
        self._get = None
        self._flow.repeat(error)

    def fail(self, error: TransferError) -> None:
        self._get = None
        self._flow.fail(error)


class FileBody:
    """The bytes of an open file, read where they are wanted: `pread` keeps no page of ours resident."""

    retries = 0

    def __init__(
        self, part: Part, file: PinnedFile, progress: Progress, flow: BodyFlow, throttle: Throttle | None = None
    ) -> None:
        self._part, self._file, self._progress, self._flow = part, file, progress, flow
        self._throttle = throttle
        self.crc = EMPTY
        self._got = 0

    def start(self) -> None:
        self._progress(-self._got)
        self.crc, self._got = EMPTY, 0

    def stop(self) -> None:
        """Nothing runs here."""

    def take(self, most: int) -> bytes | None:
        most = min(most, self._part.length - self._got)
        if self._throttle is not None:
            most = min(most, self._throttle.piece)
            if self._throttle.holds(self._flow.on_bytes, most):
                return None
        try:
            data = self._file.read(self._part.first + self._got, most)
        except TransferError as error:
            self._flow.fail(error)
            return None
        self.crc = update(self.crc, data)
        self._got += len(data)
        self._progress(len(data))
        return data

    def change_error(self) -> TransferError | None:
        return self._file.change_error()
