"""The operating system's errors on local files, under the names of our own errors and with a hint for each."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike

from s3am_cloud.errors import (
    AccessDenied,
    BadDestination,
    BadSource,
    DiskFailed,
    DiskFull,
    FileTooLarge,
    SourceNotFound,
    TooManyFiles,
    TransferError,
)

_RESUME = "then run the command again with --download-exists resume"
_MISSING = {errno.ENOENT, errno.ENOTDIR}
_REFUSED = {errno.EACCES, errno.EPERM}


def write_error(error: OSError, path: str | PathLike[str]) -> TransferError:
    """The error of who can't write, create or rename this file."""
    number = error.errno
    if number == errno.ENOSPC:
        return DiskFull(f"{path}: the disk is full")
    if number == errno.EDQUOT:
        return DiskFull(f"{path}: the disk quota is used up", f"free some of your quota, {_RESUME}")
    if number == errno.EFBIG:
        return FileTooLarge(f"{path} would be larger than a file may be here")
    if number == errno.EROFS:
        return AccessDenied(f"{path} is on a read-only file system", "choose a folder that can be written")
    if number in _REFUSED:
        return AccessDenied(f"{path} can't be written: permission denied", "check the permissions of the folder")
    if number == errno.ENAMETOOLONG:
        return BadDestination(f"the name {_short(path)} is too long for its file system", "give a shorter name as DST")
    if number == errno.EISDIR:
        return BadDestination(f"{path} is a folder", "give the name of a file, or another folder")
    if number == errno.ELOOP:
        return BadDestination(f"{path} is a symbolic link that can't be followed", "give the name of a file")
    if number in _MISSING:
        return BadDestination(f"{path} can't be written: its folder does not exist", "make the folder first")
    return _any(error, path) or BadDestination(
        f"{path} can't be written: {error.strerror}", "check the name and its file system, or choose another folder"
    )


def read_error(error: OSError, path: str | PathLike[str]) -> TransferError:
    """The error of who can't read this source."""
    number = error.errno
    if number in _REFUSED:
        return AccessDenied(f"{path} can't be read", "check the file's permissions")
    if number in _MISSING:
        return SourceNotFound(f"{path} does not exist", "check the path")
    if number == errno.ENAMETOOLONG:
        return BadSource(f"the name {_short(path)} is too long for a file", "check the path")
    if number == errno.ELOOP:
        return BadSource(f"{path} is a symbolic link that leads to itself", "check the link")
    return _any(error, path) or BadSource(f"{path} can't be read: {error.strerror}", "check the file and its disk")


@contextmanager
def naming_writes(path: str | PathLike[str]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise write_error(error, path) from error


def _any(error: OSError, path: str | PathLike[str]) -> TransferError | None:
    """What may happen to readers and writers alike."""
    if error.errno in {errno.EMFILE, errno.ENFILE}:
        return TooManyFiles(f"{path} can't be opened: too many open files")
    if error.errno in {errno.EIO, errno.ENXIO, errno.ENODEV}:
        return DiskFailed(f"{path}: the disk failed ({error.strerror})")
    if error.errno == errno.ESTALE:
        return DiskFailed(f"{path}: the network file system lost the file", "check the mount, then try again")
    return None


def _short(path: str | PathLike[str]) -> str:
    text = str(path).rpartition("/")[2]
    return text if len(text) < 64 else f"{text[:40]}... of {len(text.encode(errors='surrogateescape'))} bytes"
