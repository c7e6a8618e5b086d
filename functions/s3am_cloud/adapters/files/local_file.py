"""Local files as sources."""

from __future__ import annotations

import os
import stat

from s3am_cloud.adapters.files.file_errors import read_error
from s3am_cloud.adapters.files.pipes import pipe_info
from s3am_cloud.errors import AccessDenied, BadSource, SourceChanged, TransferError
from s3am_cloud.model import SourceInfo
from s3am_cloud.urls import SourceUrl, local_error

_STABLE = "upload it again when nobody writes to it"
_UNTOUCHED = "continue with --resume, which compares its parts first, when nobody writes to it or renames it"


class FileSource:
    """A `Source` of local files. What pins a version is its size, its inode, and its times of modification and change.

    The time of change (ctime) can't be set back, unlike that of modification. It changes with a rename, a new link or
    other permissions, too, which can't be distinguished from new bytes: all of them end a transfer.
    """

    def probe(self, url: SourceUrl) -> SourceInfo:
        pipe = pipe_info(url)
        if pipe is not None:
            return pipe
        try:
            status = os.stat(url.url)
        except OSError as error:
            raise read_error(error, url.url) from error
        if not stat.S_ISREG(status.st_mode):
            folder = stat.S_ISDIR(status.st_mode)
            hint = "give a file; a folder can be archived first" if folder else "save what it gives to a file first"
            raise BadSource(f"{url.url} is not a regular file", hint)
        if not os.access(url.url, os.R_OK):
            raise AccessDenied(f"{url.url} can't be read", "check the file's permissions")
        if not _ends_at(url.url, status.st_size):
            return SourceInfo(size=None, ranges=False)
        return SourceInfo(size=status.st_size, ranges=True, version=version_of(status), changed_ns=status.st_ctime_ns)


def _ends_at(path: str, size: int) -> bool:
    """Whether the file's end is where its size says: files in /proc and /sys, and some in FUSE, give a wrong one.

    What is written to at this moment is found later, by its version.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            found = len(os.pread(descriptor, 2, max(0, size - 1)))
            return found == min(1, size) or os.fstat(descriptor).st_size != size
        finally:
            os.close(descriptor)
    except OSError as error:
        raise read_error(error, path) from error


def refuse_local(url: SourceUrl) -> None:
    """Raises BadSource for a path: what a function finds on its own disk, its environment for one, is no source."""
    if url.scheme == "file":
        raise local_error(url)


class PinnedFile:
    """An open file, held to the version that a probe found."""

    def __init__(self, path: str, info: SourceInfo) -> None:
        """Raises SourceNotFound, AccessDenied, or SourceChanged where the file is no longer what was probed."""
        self._path, self._info = path, info
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise read_error(error, path) from error
        changed = self.change_error()
        if changed is not None:
            self.close()
            raise changed

    def read(self, first: int, length: int) -> bytes:
        """Some of the `length` bytes from offset `first`; none past the end of a file whose size is not known.

        Raises SourceChanged past the end of any other.
        """
        try:
            data = os.pread(self._descriptor, length, first)
        except OSError as error:
            raise read_error(error, self._path) from error
        if not data and self._info.size is not None:
            raise SourceChanged(f"{self._path} became shorter while it was read", _STABLE)
        return data

    def ahead(self, first: int, length: int) -> None:
        """Lets the kernel know what will be read soon: it then asks the disk for all of it at once."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self._descriptor, first, length, os.POSIX_FADV_WILLNEED)

    def change_error(self) -> TransferError | None:
        """SourceChanged where the file was written to since the probe: those without a size have no version either."""
        if self._info.size is None:
            return None
        status = os.fstat(self._descriptor)
        if (status.st_size, version_of(status)) != (self._info.size, self._info.version):
            return SourceChanged(f"{self._path} was changed while it was read", _STABLE)
        if status.st_ctime_ns != self._info.changed_ns:
            return SourceChanged(f"{self._path}, or its name or permissions, was changed while it was read", _UNTOUCHED)
        return None

    def close(self) -> None:
        os.close(self._descriptor)


def version_of(status: os.stat_result) -> str:
    """What identifies the bytes of a local file, with its size: its inode and the time of its modification."""
    return f"{status.st_ino}-{status.st_mtime_ns}"
