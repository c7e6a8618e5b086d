"""A file that one process at a time has: it is locked from when it is opened until it is closed.

The lock is the kernel's (`flock`), so it ends with the process, however that ends. Worker processes that were forked
meanwhile keep it until they have ended, too, as they may still write.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
import time
from collections.abc import Callable
from pathlib import Path

from s3am_cloud.adapters.files.file_errors import write_error
from s3am_cloud.errors import BadDestination, DownloadBusy
from s3am_cloud.limits import ORPHAN_SECONDS

Identity = tuple[int, int]

_LOOK_SECONDS = 0.05
_TRIES = 100
# Where Linux keeps a POSIX ACL (acl(5)).
_ACL = "system.posix_acl_access"
_NO_LOCKS = {errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL}
# No file of ours is reached through a link that somebody put there; a FIFO or a device there must not block.
_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
# "1: FLOCK  ADVISORY  WRITE 4711 08:01:131090 0 EOF" (proc_locks(5))
_LOCK = re.compile(r"FLOCK\s+ADVISORY\s+WRITE\s+(\d+)\s+[0-9a-f]+:[0-9a-f]+:(\d+)\s")


def open_locked(path: Path, fresh: bool, without_locks: Callable[[], None]) -> int:
    """A descriptor of the file, made if it is not there; if `fresh`, it must not be there.

    `without_locks` is called where the file system has none. Raises DownloadBusy where another process has the file,
    BadDestination where it is no regular file, and what `write_error` names.
    """
    how = os.O_CREAT | (os.O_EXCL if fresh else 0)
    for _ in range(_TRIES):
        try:
            descriptor = open_regular(path, how)
        except FileExistsError as error:
            raise DownloadBusy(f"another download to this name has just begun: {path}") from error
        try:
            _lock(descriptor, path, without_locks)
        except BaseException:
            os.close(descriptor)
            raise
        # Whoever had the lock until now may have given the file its name, or removed it.
        if is_named(descriptor, path):
            return descriptor
        os.close(descriptor)
    raise DownloadBusy(f"{path} is replaced again and again by others")


def open_regular(path: Path, how: int) -> int:
    """A descriptor to read and write a regular file of that very name.

    Raises BadDestination for anything else of that name, and for what somebody else may have put there for us to trust;
    FileExistsError for O_EXCL, and what `write_error` names.
    """
    try:
        descriptor = os.open(path, _FLAGS | how, 0o666)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EMLINK, errno.EISDIR, errno.ENXIO}:
            raise _in_the_way(path) from error
        raise write_error(error, path) from error
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and not _is_planted(status, path.parent):
        return descriptor
    os.close(descriptor)
    raise _in_the_way(path)


def identity(descriptor: int) -> Identity:
    """What identifies the open file, whatever its name."""
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def keep_acl(path: Path, descriptor: int) -> bool:
    """Gives an open file the ACL of the file of this name; False where that has one which can't be kept."""
    if not hasattr(os, "getxattr"):
        return True
    try:
        acl = os.getxattr(path, _ACL, follow_symlinks=False)
    except OSError:
        return True  # none, or a file system without
    try:
        os.setxattr(descriptor, _ACL, acl)
    except OSError:
        return False
    return True


def is_named(descriptor: int, path: Path) -> bool:
    """Whether the open file is the one that has this name."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return identity(descriptor) == (status.st_dev, status.st_ino)


def _is_planted(status: os.stat_result, folder: Path) -> bool:
    """Whether another user put the file into a folder where all may do so, and nobody may touch what others have.

    Whose it is could change it for ever. Where a group shares a folder, each of them could do that anyhow.
    """
    is_sticky = os.stat(folder).st_mode & stat.S_ISVTX
    return bool(is_sticky) and status.st_uid not in {os.geteuid(), 0}


def _in_the_way(path: Path) -> BadDestination:
    return BadDestination(
        f"{path} is in the way: it is not a regular file of this user's", f"remove {path}, or choose another folder"
    )


def _lock(descriptor: int, path: Path, without_locks: Callable[[], None]) -> None:
    deadline = time.monotonic() + ORPHAN_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = _holder(os.fstat(descriptor).st_ino)
            if _alive(holder) or time.monotonic() > deadline:
                who = f" (process {holder})" if holder else ""
                raise DownloadBusy(f"another download{who} is writing to {path}") from error
            time.sleep(_LOOK_SECONDS)  # it was killed, and its worker processes are about to notice
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise write_error(error, path) from error
            without_locks()
            return
        else:
            return


def _holder(inode: int) -> int | None:
    """The process that has locked the file of this inode, where the system says so."""
    try:
        lines = Path("/proc/locks").read_text()
    except OSError:
        return None
    found = {int(pid) for pid, of in _LOCK.findall(lines) if int(of) == inode}
    return found.pop() if len(found) == 1 else None


def _alive(pid: int | None) -> bool:
    if pid is None:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
