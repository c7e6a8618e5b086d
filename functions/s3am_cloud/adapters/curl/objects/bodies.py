"""The bytes of one whole object: a local file's, or those that a server has sent.

Their checksums are known before the PUT begins, so that they are sent as headers, before a plain body.
"""

from __future__ import annotations

from typing import Protocol

from s3am_cloud.adapters.curl.objects.holding import digest_error
from s3am_cloud.adapters.curl.transport.pipes import BodyFlow
from s3am_cloud.adapters.curl.transport.throttle import Throttle
from s3am_cloud.adapters.files.local_file import FileSource, PinnedFile
from s3am_cloud.checksums.crc64nvme import EMPTY, update
from s3am_cloud.checksums.digests import PARTS_CRC, Expected, new
from s3am_cloud.errors import TransferError
from s3am_cloud.limits import MIB
from s3am_cloud.model import SourceInfo
from s3am_cloud.ports.transfer import Progress
from s3am_cloud.urls import SourceUrl

# What is not larger is kept in memory while it is sent.
IN_MEMORY = MIB


class Content(Protocol):
    """All bytes of one version of one source."""

    info: SourceInfo
    length: int
    crc: int

    def read(self, first: int, length: int) -> bytes:
        """Some of the bytes from offset `first`, up to `length`. Raises TransferError."""

    def close(self) -> None: ...


class FileContent:
    """A local file of any size. It is read once for its checksums, and again for the PUT where it is not kept in
    memory; S3 refuses the second reading where it is not that of the first."""

    def __init__(self, url: SourceUrl, info: SourceInfo, expected: Expected | None) -> None:
        """`info` is what its probe found. Raises what `PinnedFile` does, and NotAsExpected."""
        self.info, self.length = info, info.size or 0
        self._name = url.display
        self._file = PinnedFile(url.url, info)
        try:
            self.crc, self._data = self._read_once(expected)
        except BaseException:
            self._file.close()
            raise
        if self._data is not None:
            self._file.close()

    def read(self, first: int, length: int) -> bytes:
        return self._file.read(first, length) if self._data is None else self._data[first : first + length]

    def close(self) -> None:
        """Lets the bytes go, which the flow that has sent them would keep until it is collected as garbage."""
        if self._data is None:
            self._file.close()
        else:
            self._data = b""

    def _read_once(self, expected: Expected | None) -> tuple[int, bytes | None]:
        """Its CRC64NVME, and the bytes where they are to be kept."""
        digest = None if expected is None else new(expected.algorithm)
        crc, at, data = EMPTY, 0, b""
        while at < self.length:
            data = self._file.read(at, min(IN_MEMORY, self.length - at))
            crc, at = update(crc, data), at + len(data)
            if digest is not None:
                digest.update(data)
        error = self._file.change_error()
        if error is None and expected is not None and digest is not None:
            error = digest_error(expected, digest.hexdigest(), self._name)
        if error is not None:
            raise error
        return crc, data if len(data) == self.length else None


class MemoryContent:
    """All of it in memory: a small file's bytes, or what a server has sent."""

    def __init__(self, data: bytes, info: SourceInfo) -> None:
        self.info, self.length, self._data = info, len(data), data
        self.crc = update(EMPTY, data)

    def read(self, first: int, length: int) -> bytes:
        return self._data[first : first + length]

    def close(self) -> None:
        """As for files."""
        self._data = b""

    def digest_error(self, expected: Expected, name: str) -> TransferError | None:
        if expected.algorithm == PARTS_CRC:
            return digest_error(expected, self.crc.to_bytes(8, "big").hex(), name)
        digest = new(expected.algorithm)
        digest.update(self._data)
        return digest_error(expected, digest.hexdigest(), name)


class WholeBody:
    """A `BodySource` of some content; it is read anew for each try."""

    retries = 0

    def __init__(self, content: Content, throttle: Throttle | None, progress: Progress, flow: BodyFlow) -> None:
        self._content, self._progress, self._flow = content, progress, flow
        self._throttle = throttle
        self.crc = content.crc
        self._got = 0

    def start(self) -> None:
        self._progress(-self._got)
        self._got = 0

    def take(self, most: int) -> bytes | None:
        if self._throttle is not None:
            most = min(most, self._throttle.piece)
            if self._throttle.holds(self._flow.on_bytes, min(most, self._content.length - self._got)):
                return None
        try:
            data = self._content.read(self._got, most)
        except TransferError as error:
            self._flow.fail(error)
            return None
        self._got += len(data)
        self._progress(len(data))
        return data

    def change_error(self) -> TransferError | None:
        return None  # S3 has compared the bytes with the checksum of what was read

    def stop(self) -> None:
        """Nothing runs here."""


def probe_file(url: SourceUrl) -> SourceInfo:
    """Raises what `FileSource.probe` does."""
    return FileSource().probe(url)
