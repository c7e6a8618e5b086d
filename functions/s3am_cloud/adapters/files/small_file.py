"""A small local file, read whole: five system calls, where a probe and a transfer of a larger one take eleven."""

from __future__ import annotations

import os
import stat

from s3am_cloud.adapters.files.local_file import version_of
from s3am_cloud.model import SourceInfo
from s3am_cloud.urls import STDIN

# What is named there may be a descriptor that a shell has opened, or have another size than its status says.
_SPECIAL = ("/dev/stdin", "/dev/fd/", "/proc/", "/sys/")


def read_small(path: str, most: int) -> tuple[bytes, SourceInfo] | None:
    """All bytes of one version of a regular file, and what identifies that.

    None where it has more than `most` bytes, is not a regular file, can't be read, or was changed meanwhile: `probe`
    looks at it thoroughly, and names what is wrong.
    """
    if path == STDIN or path.startswith(_SPECIAL):
        return None
    try:
        status = os.stat(path)
        # To open a FIFO would be noticed at its other end.
        if not stat.S_ISREG(status.st_mode) or status.st_size > most:
            return None
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            # One byte more shows whether the file ends where its status says.
            data = os.pread(descriptor, status.st_size + 1, 0)
            after = os.fstat(descriptor)
        finally:
            os.close(descriptor)
    except (OSError, ValueError):  # the second for a name that no file can have
        return None
    if len(data) != status.st_size or _version(after) != _version(status):
        return None
    return data, SourceInfo(size=status.st_size, ranges=True, version=version_of(status), changed_ns=status.st_ctime_ns)


def _version(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
