"""Writing in order to what can't be written at any place: standard output, a pipe, a FIFO, a character device."""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager

from s3am_cloud.adapters.files.file_errors import write_error
from s3am_cloud.errors import BadDestination, OutputClosed
from s3am_cloud.limits import READER_SECONDS

_LOOK_SECONDS = 0.1
_AGAIN = "fix the cause and run the command again: an output can't be resumed"


class OutputStream:
    """An open descriptor that takes bytes in order. Raises OutputClosed when its reader has left."""

    def __init__(self, name: str, descriptor: int) -> None:
        self._name, self._descriptor = name, descriptor
        self.written = 0

    def write(self, data: memoryview) -> None:
        rest = data
        while rest:
            try:
                count = os.write(self._descriptor, rest)
                self.written, rest = self.written + count, rest[count:]
            except BlockingIOError:
                select.select([], [self._descriptor], [], _LOOK_SECONDS)  # somebody has made the pipe non-blocking
            except BrokenPipeError as error:
                raise OutputClosed(f"the reader of {self._name} has left before the end") from error
            except OSError as error:
                named = write_error(error, self._name)
                raise type(named)(named.message, _AGAIN) from error


@contextmanager
def open_output(name: str, descriptor: int | None) -> Iterator[OutputStream]:
    """The output of this descriptor, which stays open, or what has this name, which is closed again.

    Raises BadDestination where the descriptor is not open, or nobody comes to read from a FIFO.
    """
    if descriptor is not None:
        try:
            os.fstat(descriptor)
        except OSError as error:
            raise BadDestination(f"{name} is not open", "give a file, or redirect it") from error
        yield OutputStream(name, descriptor)
        return
    opened = _opened(name)
    try:
        yield OutputStream(name, opened)
    finally:
        os.close(opened)


def _opened(name: str) -> int:
    deadline = time.monotonic() + READER_SECONDS
    while True:
        try:
            descriptor = os.open(name, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        except OSError as error:
            # A FIFO that nobody reads from yet.
            if error.errno != errno.ENXIO:
                raise write_error(error, name) from error
            if time.monotonic() > deadline:
                raise BadDestination(f"nobody reads from {name}", "start its reader first") from error
            time.sleep(_LOOK_SECONDS)
        else:
            if not _takes_a_stream(descriptor):
                os.close(descriptor)
                raise BadDestination(f"{name} was replaced by a file since it was looked at", "run the command again")
            os.set_blocking(descriptor, True)
            return descriptor


def _takes_a_stream(descriptor: int) -> bool:
    """Whether this is no regular file, whose beginning would be overwritten."""
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)
