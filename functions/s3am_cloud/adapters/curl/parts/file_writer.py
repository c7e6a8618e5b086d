"""Where a GET's bytes go when they do not go to S3: a local file."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager

from s3am_cloud.adapters.curl.transport.pipes import FileFlow
from s3am_cloud.adapters.files.file_errors import naming_writes, write_error
from s3am_cloud.adapters.files.locked_file import identity
from s3am_cloud.checksums.crc64nvme import EMPTY, update
from s3am_cloud.errors import JobFailed, TransferError
from s3am_cloud.limits import WRITE_CHUNKS
from s3am_cloud.model import Part
from s3am_cloud.ports.transfer import FileSink, Progress

Turn = AbstractContextManager[object]


def open_sink(sink: FileSink) -> int:
    """The file to write to. Raises JobFailed where another one has taken its name, and what `write_error` names."""
    with naming_writes(sink.path):
        descriptor = os.open(sink.path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    if sink.identity in {None, identity(descriptor)}:
        return descriptor
    os.close(descriptor)
    raise JobFailed(f"{sink.path} was replaced by somebody else during the download", "run the command again")


class FileWriter:
    """Writes the bytes at their place in an open file, many of libcurl's chunks at once, when it is its `turn`."""

    def __init__(self, part: Part, descriptor: int, turn: Turn, progress: Progress, flow: FileFlow) -> None:
        self._part, self._descriptor, self._turn, self._progress = part, descriptor, turn, progress
        self._flow = flow
        self._chunks: list[bytes] = []
        self._crc, self._written = EMPTY, 0

    def full(self) -> bool:
        return False

    def accept(self, data: bytes) -> TransferError | None:
        self._crc = update(self._crc, data)
        self._chunks.append(data)
        return self._flush() if len(self._chunks) >= WRITE_CHUNKS else None

    def end(self) -> None:
        error = self._flush()
        if error is None:
            self._flow.end(self._crc)
        else:
            self._flow.fail(error)

    def repeat(self, error: TransferError) -> None:
        self._progress(-self._written)
        self._chunks.clear()
        self._crc, self._written = EMPTY, 0
        self._flow.repeat(error)

    def fail(self, error: TransferError) -> None:
        self._flow.fail(error)

    def _flush(self) -> TransferError | None:
        before = self._written
        try:
            self._write()
        except OSError as error:
            return write_error(error, "the partial file")
        self._progress(self._written - before)
        return None

    def _write(self) -> None:
        left = self._chunks
        while left:
            with self._turn:
                written = os.pwritev(self._descriptor, left, self._part.first + self._written)
            self._written += written
            left = _after(left, written)
        self._chunks = []


def _after(chunks: list[bytes], count: int) -> list[bytes]:
    """What is left of the chunks without the first `count` bytes: a disk that fills up takes a part."""
    for index, chunk in enumerate(chunks):
        if count < len(chunk):
            return [chunk[count:], *chunks[index + 1 :]]
        count -= len(chunk)
    return []
