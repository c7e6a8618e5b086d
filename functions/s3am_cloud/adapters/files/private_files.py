"""Files and folders of this user's alone, under names that others can foresee: records, notes, locks, logs, keys.

Whoever may write to a folder on the way can put a link, a FIFO or a file of their own there first, to have us overwrite
another file of the user's, wait for ever, or believe a forged record. So folders that we make have mode 0700, files
0600; what is there already is used only if it belongs to this user, and is a folder or a regular file by no other name.
The folder that the user names for all of it is theirs to choose: it is closed to others only where they could write to
it, and refused where it is another user's.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from s3am_cloud.errors import AccessDenied

_FOLDER_MODE, _FILE_MODE, _OTHERS = 0o700, 0o600, 0o077
# A FIFO or a terminal by that name must not block, or become ours.
_FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


def private_folder(root: Path, *names: str) -> Path:
    """The folder of these names below `root`, each made or closed to others. Raises AccessDenied, OSError."""
    _make(root)
    _check_root(root)
    folder = root
    for name in names:
        folder = folder / name
        try:
            folder.mkdir(_FOLDER_MODE)
        except FileExistsError:
            _close(folder)
    return folder


def open_private(path: Path, how: int) -> int:
    """A descriptor of the file, which `how` may create. Raises AccessDenied for what is not ours alone, and OSError."""
    try:
        descriptor = os.open(path, _FLAGS | how, _FILE_MODE)
    except OSError:
        if _is_strange(path):
            raise _not_ours(path) from None
        raise
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_nlink > 1:
        os.close(descriptor)
        raise _not_ours(path)
    if status.st_mode & _OTHERS:
        os.fchmod(descriptor, _FILE_MODE)
    return descriptor


def read_private(path: Path) -> bytes:
    """Raises AccessDenied, OSError."""
    with os.fdopen(open_private(path, os.O_RDONLY), "rb") as file:
        return file.read()


def create_private(path: Path, data: bytes) -> None:
    """Writes a file that is not there yet. Raises FileExistsError, OSError."""
    with os.fdopen(os.open(path, _FLAGS | os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE), "wb") as file:
        file.write(data)


def write_private(path: Path, data: bytes) -> None:
    """Puts the file in place at once, so that nobody reads half of it. Raises AccessDenied, OSError."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)  # of a process that had this number, and died
    create_private(fresh, data)
    if _is_strange(path):
        fresh.unlink()
        raise _not_ours(path)
    fresh.replace(path)


def _make(folder: Path) -> None:
    """Parents that are missing as well: `mkdir(parents=True)` would leave them open to others."""
    if folder.is_dir():
        return
    _make(folder.parent)
    try:
        folder.mkdir(_FOLDER_MODE, exist_ok=True)
    except FileExistsError:  # which would say that a file of ours is taken
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None


def _check_root(root: Path) -> None:
    """The root may be reached through a link of the user's own, or of the system's."""
    status = os.stat(root)
    if not {os.lstat(root).st_uid, status.st_uid} <= {os.geteuid(), 0}:
        raise AccessDenied(f"the folder {root} belongs to another user", "name another folder")
    written_by_others = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX
    if written_by_others and status.st_uid == os.geteuid():
        os.chmod(root, _FOLDER_MODE)


def _close(folder: Path) -> None:
    """Leaves a folder of ours to its owner alone. Raises AccessDenied for anything else of that name."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in {errno.ENOTDIR, errno.ELOOP}:
            raise _not_ours(folder) from None
        raise
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid():
            raise _not_ours(folder)
        if status.st_mode & _OTHERS:
            os.fchmod(descriptor, _FOLDER_MODE)
    finally:
        os.close(descriptor)


def _is_strange(path: Path) -> bool:
    """Whether there is something else than a regular file."""
    try:
        return not stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def _not_ours(path: Path) -> AccessDenied:
    return AccessDenied(f"{path} is in the way: it is not this user's own", "look at what it is, and remove it")
