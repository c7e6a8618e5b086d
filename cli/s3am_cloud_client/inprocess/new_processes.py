"""How worker processes may be started from the program that this is part of, whatever program that is."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

StartMethod = Literal["fork", "spawn"]
_THREADS = Path("/proc/self/task")
_GUARD = "__main__"
_LOOKS, _LOOK_SECONDS = 10, 0.001


def start_method() -> StartMethod | None:
    """None where this process has to do all the work: where it may have no children, or a fresh interpreter would run
    the program's main module again."""
    import multiprocessing

    if multiprocessing.current_process().daemon:
        return None
    if may_fork():
        return "fork"
    return "spawn" if _may_spawn() else None


def may_fork() -> bool:
    """A fork costs next to nothing, where a fresh interpreter takes 0.25 s and 50 MB to import what the parent has.

    It is safe where no other thread may hold a lock at that moment; macOS's own libraries don't bear it.
    """
    return sys.platform == "linux" and threading.active_count() == 1 and _is_alone()


def _is_alone() -> bool:
    """Whether the kernel knows no other thread either: of those that libraries in C start Python knows nothing. One
    that has just ended may still be listed for a moment."""
    for _ in range(_LOOKS):
        if _kernel_threads() == 1:
            return True
        time.sleep(_LOOK_SECONDS)
    return False


def _kernel_threads() -> int:
    try:
        return sum(1 for _ in _THREADS.iterdir())
    except OSError:
        return 1  # without /proc, Python's own number is all there is


def _may_spawn() -> bool:
    """A fresh interpreter imports the main module of the program. One without the guard that multiprocessing asks for
    (`if __name__ == "__main__":`) would begin the same transfer again; a prompt or a notebook has no such file."""
    if getattr(sys, "frozen", False):
        return False
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    if file is None:
        return True
    try:
        return _GUARD in Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


@contextmanager
def unscanned() -> Iterator[None]:
    """While processes are forked: what their garbage collector does not look at stays memory that they share."""
    if gc.get_freeze_count():
        yield  # the program has done so itself, and its objects have to stay frozen
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
