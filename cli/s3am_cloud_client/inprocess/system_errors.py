"""What the operating system refuses a process, under our names."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from s3am_cloud.errors import AccessDenied, DiskFull, JobFailed, TransferError

_FILES = {errno.EMFILE, errno.ENFILE}
_SPACE = {errno.ENOSPC, errno.EDQUOT}
_RIGHTS = {errno.EACCES, errno.EPERM, errno.EROFS}
# Python's own words for a thread that the system refuses.
_NO_THREAD = "can't start new thread"


@contextmanager
def naming_system_errors() -> Iterator[None]:
    """Raises what the system refuses under our names; other errors pass as they are."""
    try:
        yield
    except (MemoryError, RuntimeError, OSError) as error:
        named = named_system_error(error)
        if named is None:
            raise
        raise named from error


def named_system_error(error: BaseException) -> TransferError | None:
    """None for what is no lack of resources or rights."""
    if isinstance(error, MemoryError):
        return _out_of_memory()
    if isinstance(error, RuntimeError) and _NO_THREAD in str(error):
        return _no_process()
    if not isinstance(error, OSError):
        return None
    what = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    if error.errno in _FILES:
        return JobFailed(f"too many open files ({what})", "allow more with ulimit -n, then run the command again")
    if error.errno == errno.ENOMEM:
        return _out_of_memory()
    if error.errno == errno.EAGAIN:
        return _no_process()
    if error.errno in _SPACE:
        return DiskFull(what, "make room, then run the command again")
    return AccessDenied(what, "check the permissions of the file or folder") if error.errno in _RIGHTS else None


def _out_of_memory() -> JobFailed:
    return JobFailed("not enough memory", "allow more (ulimit -v), or free some, then run the command again")


def _no_process() -> JobFailed:
    return JobFailed("no further process or thread can be started", "allow more (ulimit -u), then run it again")
