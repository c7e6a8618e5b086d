"""What gives its bytes once and in order only, as a source: standard input, a pipe, a FIFO."""

from __future__ import annotations

import os
import re
import select
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from errno import EBADF

from s3am_cloud.adapters.files.file_errors import read_error
from s3am_cloud.checksums.digests import Digest
from s3am_cloud.errors import BadSource
from s3am_cloud.limits import MIB, WRITER_SECONDS
from s3am_cloud.model import Part, SourceInfo
from s3am_cloud.ports.transfer import Progress
from s3am_cloud.urls import STDIN, SourceUrl

_LOOK_SECONDS = 0.1
# Names of descriptors that a shell has opened: what comes through them must not be opened anew.
_DESCRIPTOR = re.compile(r"/dev/stdin|/(?:dev|proc/self)/fd/(?P<number>\d{1,6})")


def reads_once(url: SourceUrl) -> bool:
    """Whether this is such a source, by its name and kind; False where there is nothing."""
    if url.scheme != "file":
        return False
    try:
        return pipe_info(url) is not None
    except BadSource:
        return url.url == STDIN


def pipe_info(url: SourceUrl) -> SourceInfo | None:
    """What a probe finds; None of a regular file or another source, which is not read here.

    Raises BadSource for standard input that is closed, or a folder.
    """
    descriptor = _descriptor(url.url)
    try:
        mode = (os.stat(url.url) if descriptor is None else os.fstat(descriptor)).st_mode
    except OSError as error:
        if url.url != STDIN:
            return None
        raise _closed() from error
    once = SourceInfo(size=None, ranges=False, once=True)
    if stat.S_ISFIFO(mode):
        return once
    if url.url == STDIN:
        if stat.S_ISDIR(mode) or stat.S_ISBLK(mode):
            raise BadSource("standard input is neither a file nor a pipe", "redirect it from a file or a pipe")
        return once
    return once if descriptor is not None and (stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)) else None


class PipeReader:
    """An `OrderedReader` of such a source. Its end is where its writer has closed it, whatever the reason."""

    def __init__(self, url: SourceUrl, progress: Progress, hold: Progress = lambda count: None) -> None:
        """`hold` waits until the given number of bytes may pass."""
        self._url, self._progress, self._hold = url, progress, hold

    def read(self) -> Iterator[memoryview]:
        with _opened(self._url.url) as (descriptor, begun):
            data = begun
            while data or (data := self._next(descriptor)):
                self._hold(len(data))
                self._progress(len(data))
                yield memoryview(data)
                data = b""

    def digests(self, new: Callable[[], Digest], ranges: Iterable[Part] | None = None) -> Iterator[tuple[Part, Digest]]:
        raise BadSource(f"{_name(self._url.url)} can be read only once", "save what it gives to a file first")

    def _next(self, descriptor: int) -> bytes:
        while True:
            try:
                return os.read(descriptor, MIB)
            except BlockingIOError:
                select.select([descriptor], [], [], _LOOK_SECONDS)  # somebody has made the pipe non-blocking
            except OSError as error:
                if descriptor == 0 and error.errno == EBADF:
                    raise _closed() from error
                raise read_error(error, _name(self._url.url)) from error


def _name(path: str) -> str:
    return "standard input" if path == STDIN else path


def _closed() -> BadSource:
    return BadSource("standard input is not open", "redirect it from a file or a pipe")


def _descriptor(path: str) -> int | None:
    """The open descriptor that the path names; None for any other path."""
    if path == STDIN:
        return 0
    found = _DESCRIPTOR.fullmatch(path)
    return int(found["number"] or 0) if found else None


@contextmanager
def _opened(path: str) -> Iterator[tuple[int, bytes]]:
    """A descriptor to read from, and what has been read already. Those of a shell stay open."""
    descriptor = _descriptor(path)
    if descriptor is not None:
        yield descriptor, b""
        return
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise read_error(error, path) from error
    try:
        begun = _awaited(path, opened)
        os.set_blocking(opened, True)
        yield opened, begun
    finally:
        os.close(opened)


def _awaited(path: str, descriptor: int) -> bytes:
    """Waits until somebody writes to the FIFO; the first bytes, if any have been read for that.

    Without a writer a read ends at once; with one that has written nothing yet it would have to wait.
    """
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        raise BadSource(f"{path} was replaced by another file since it was looked at", "run the command again")
    looker = select.poll()
    looker.register(descriptor, select.POLLIN)
    deadline = time.monotonic() + WRITER_SECONDS
    while not looker.poll(_LOOK_SECONDS * 1000):
        try:
            found = os.read(descriptor, MIB)
        except BlockingIOError:
            return b""
        if found:
            return found
        if time.monotonic() > deadline:
            raise BadSource(f"nobody writes to {path}", "start its writer first")
    return b""
