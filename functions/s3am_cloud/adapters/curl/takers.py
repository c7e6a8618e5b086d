"""Where a GET's bytes go when they do not go to S3: a local file."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from s3am_cloud.checksum import EMPTY, update
from s3am_cloud.errors import AccessDenied, DiskFull, TransferError
from s3am_cloud.model import Part
from s3am_cloud.ports import Progress

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class FileTaker:
    """Writes each chunk at its place in an open file as it comes."""

    def __init__(
        self,
        part: Part,
        descriptor: int,
        progress: Progress,
        on_end: Callable[[int], None],
        on_repeat: Callable[[TransferError], None],
        on_fail: Callable[[TransferError], None],
    ) -> None:
        self._part, self._descriptor, self._progress = part, descriptor, progress
        self._on_end, self._on_repeat, self._on_fail = on_end, on_repeat, on_fail
        self._crc, self._got = EMPTY, 0

    def full(self) -> bool:
        return False

    def accept(self, data: bytes) -> TransferError | None:
        try:
            self._write(data)
        except OSError as error:
            if error.errno in _FULL:
                return DiskFull("the disk is full")
            return AccessDenied(f"the file can't be written: {error.strerror}")
        self._crc = update(self._crc, data)
        self._progress(len(data))
        return None

    def end(self) -> None:
        self._on_end(self._crc)

    def repeat(self, error: TransferError) -> None:
        self._progress(-self._got)
        self._crc, self._got = EMPTY, 0
        self._on_repeat(error)

    def fail(self, error: TransferError) -> None:
        self._on_fail(error)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._descriptor, view, self._part.first + self._got)
            self._got += written
            view = view[written:]
