"""What a GET of an ordered reader fills: a buffer that is emptied in its turn, or a digest that keeps no byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from s3am_cloud.adapters.curl.source.get import RangeGet
from s3am_cloud.adapters.curl.transport.loop import Loop
from s3am_cloud.adapters.curl.transport.retry import Retry
from s3am_cloud.checksums.digests import Digest
from s3am_cloud.errors import TransferError
from s3am_cloud.limits import CURL_CHUNK
from s3am_cloud.model import Part
from s3am_cloud.ports.transfer import Progress


class RangeSink(Protocol):
    """Takes bytes as they come."""

    # Whether it may be smaller than the range, so that the GET has to pause now and then.
    bounded: bool

    @property
    def full(self) -> bool: ...

    def put(self, data: bytes) -> None: ...

    def restart(self) -> bool:
        """Forgets all that came; False where some of it was given away already."""


class Buffer:
    """Holds bytes in memory that is used again and again: nothing is allocated for a chunk."""

    def __init__(self, store: memoryview, length: int) -> None:
        """`length` bytes will come."""
        self.store, self.bounded = store, length > len(store)
        self._filled, self._emptied = 0, False

    @property
    def full(self) -> bool:
        """Whether another chunk of libcurl's might not fit."""
        return self._filled + CURL_CHUNK > len(self.store)

    def put(self, data: bytes) -> None:
        self.store[self._filled : self._filled + len(data)] = data
        self._filled += len(data)

    def restart(self) -> bool:
        self._filled = 0
        return not self._emptied

    def empty(self) -> memoryview:
        """What is there; its room is free again when the next chunk comes."""
        filled, self._filled, self._emptied = self._filled, 0, True
        return self.store[:filled]


class DigestSink:
    """Lets bytes run through a digest."""

    bounded = False

    def __init__(self, new: Callable[[], Digest]) -> None:
        self._new = new
        self.digest = new()

    @property
    def full(self) -> bool:
        return False

    def put(self, data: bytes) -> None:
        self.digest.update(data)

    def restart(self) -> bool:
        self.digest = self._new()
        return True


B = TypeVar("B", bound=RangeSink)
MakeGet = Callable[["RangeRead[B]"], RangeGet]


class RangeRead(Generic[B]):
    """One range on its way into a buffer or a digest: the `ByteSink` of its GET."""

    def __init__(self, part: Part, sink: B, make_get: MakeGet[B], loop: Loop, retry: Retry, progress: Progress) -> None:
        self.part, self.sink, self._bounded = part, sink, sink.bounded
        self._make_get, self._loop, self._retry, self._progress = make_get, loop, retry, progress
        self._get: RangeGet | None = None
        self._got = 0
        self.done = False
        self.error: TransferError | None = None

    def start(self) -> None:
        self._get = self._make_get(self)
        self._get.start()

    def stop(self) -> None:
        self.done = True
        if self._get is not None:
            self._get.stop()

    def resume(self) -> None:
        """There is room again."""
        if self._get is not None:
            self._get.resume()

    def full(self) -> bool:
        return self._bounded and self.sink.full

    def accept(self, data: bytes) -> TransferError | None:
        self.sink.put(data)
        self._got += len(data)
        self._progress(len(data))
        return None

    def end(self) -> None:
        self.done = True

    def repeat(self, error: TransferError) -> None:
        """The range begins anew, if nobody has seen a byte of it and it was not repeated too often."""
        wait = self._retry.wait() if self.sink.restart() else None
        if wait is None:
            self.fail(error)
            return
        self._progress(-self._got)
        self._got = 0
        self._loop.later(wait, self._restart)

    def fail(self, error: TransferError) -> None:
        self.error = error

    def _restart(self) -> None:
        if not self.done:
            self.start()
