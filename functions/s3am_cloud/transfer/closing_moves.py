"""Ends a move with the block that uses it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

Moved = TypeVar("Moved")


@contextmanager
def closing_move(moving: Iterator[Moved]) -> Iterator[Iterator[Moved]]:
    """Closes what moves parts when the block ends. Otherwise its connections would stay open as long as somebody keeps
    the error that ended the block."""
    try:
        yield moving
    finally:
        if isinstance(moving, Generator):
            moving.close()
