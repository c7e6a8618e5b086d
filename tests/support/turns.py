"""What several workers would do at once is done by one after the other, so that the rest find it done."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Waits for whoever is in such a block of the same name, in any process of this machine."""
    with _lock_file(name) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def after_the_first(name: str) -> Iterator[None]:
    """Lets the first process go alone; those that come meanwhile wait for it, and then go all at once."""
    with _lock_file(name) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(file, fcntl.LOCK_SH)
        yield


def _lock_file(name: str) -> TextIO:
    return (Path(tempfile.gettempdir()) / f"s3am-cloud-tests-{name}.lock").open("a")
