"""What several workers would do at once is done by one after the other, so that the rest find it done."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Waits for whoever is in such a block of the same name, in any process of this machine."""
    with (Path(tempfile.gettempdir()) / f"s3am-cloud-tests-{name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
