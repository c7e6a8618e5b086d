"""What a test can't do to a command from outside, done in its process before it begins. The command is unchanged."""

import errno
import functools
import importlib
import os
import random
import resource
from typing import Any

RATE_WINDOW = "TEST_RATE_WINDOW"
_HURRY, _ROOM, _LIMIT = "TEST_HURRIED_DICE", "TEST_DISK_ROOM", "TEST_FILE_LIMIT"


def _hurry() -> None:
    """Waits between tries have full jitter: dice that show little make them short, and change nothing else."""
    throw = random.random
    random.random = lambda: throw() / 50


def _fill_disk_at(room: int) -> None:
    """Every write beyond that offset of a file ends as on a disk that is full."""
    write = os.pwritev

    def pwritev(descriptor: int, chunks: list[bytes], offset: int) -> int:
        if offset + sum(map(len, chunks)) > room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, chunks, offset)

    os.pwritev = pwritev  # type: ignore[assignment]  # what the command gives it


def _shorten_the_window(seconds: float) -> None:
    """A connection's rate is measured over `seconds`; the command measures it over a minute."""
    ports: Any = importlib.import_module("s3am_cloud_client.inprocess.ports")
    ports.CurlSettings = functools.partial(ports.CurlSettings, least_rate_seconds=seconds)


def apply() -> None:
    """What this process's environment asks for."""
    if os.environ.get(_HURRY):
        _hurry()
    if os.environ.get(RATE_WINDOW):
        _shorten_the_window(float(os.environ[RATE_WINDOW]))
    if os.environ.get(_ROOM):
        _fill_disk_at(int(os.environ[_ROOM]))
    if os.environ.get(_LIMIT):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(os.environ[_LIMIT]),) * 2)
