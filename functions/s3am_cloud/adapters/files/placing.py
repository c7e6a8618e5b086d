"""A whole file gets its name: one that exists is replaced only with leave, and keeps who may do what with it."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from s3am_cloud.adapters.files.locked_file import keep_acl
from s3am_cloud.errors import BadDestination, LocalFileExists

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


def put_in_place(partial: Path, final: Path, descriptor: int, overwrite: bool) -> None:
    """`descriptor` is the open file that is called `partial`. Raises LocalFileExists unless `overwrite`,
    BadDestination where something else than a regular file would be replaced, and OSError."""
    if overwrite:
        _keep_mode(final, descriptor)
        partial.replace(final)
    else:
        _link(partial, final)


def _keep_mode(final: Path, descriptor: int) -> None:
    """Who replaces a file keeps its permissions, with its ACL, and, where that is allowed, its owner.

    Only files are replaced. Other attributes of the old file (capabilities, where it was downloaded from) are about
    its content, and are not kept.
    """
    try:
        old = os.lstat(final)
    except FileNotFoundError:
        return
    if not stat.S_ISREG(old.st_mode):
        raise BadDestination(f"{final} is not a regular file any more", "choose another name")
    mode = stat.S_IMODE(old.st_mode)
    if not keep_acl(final, descriptor):
        mode &= ~stat.S_IRWXG  # with an ACL they are its mask, and may be more than the group had
    new = os.fstat(descriptor)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        try:
            os.fchown(descriptor, old.st_uid, old.st_gid)
        except PermissionError:
            mode &= ~(stat.S_ISUID | stat.S_ISGID)
    with suppress(PermissionError):  # file systems without permissions
        os.fchmod(descriptor, mode)


def _link(partial: Path, final: Path) -> None:
    """A rename would replace a file that appeared meanwhile; a link does not."""
    try:
        final.hardlink_to(partial)
    except FileExistsError as error:
        raise LocalFileExists(f"{final} exists") from error
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(final):
            raise LocalFileExists(f"{final} exists") from error
        partial.rename(final)  # a file system without links
        return
    partial.unlink()
