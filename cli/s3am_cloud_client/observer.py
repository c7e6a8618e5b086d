"""What a transfer reports while it runs. The command's console is one observer, a program's callback another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from s3am_cloud.model import MovedPart


class Meter(Protocol):
    """Counts the bytes of one step; a byte that is sent again is taken back first with a negative count."""

    def __call__(self, count: int) -> None: ...

    def expect(self, total: int) -> None:
        """Sets the number of bytes, where it was unknown at the start."""

    def counting(self, moving: Iterable[MovedPart], count: int, done: int) -> Iterator[MovedPart]:
        """Passes parts on as they come; `count` is the number of all parts, `done` of those that were there before."""


class Observer(Protocol):
    """Hears of a transfer on this machine."""

    # What to do after an interruption, as far as the transfer has come.
    resume_hint: str | None

    def note(self, text: str) -> None:
        """Reports what the user has to know."""

    def detail(self, text: str) -> None:
        """Reports what is of interest with --verbose."""

    def progress(self, title: str, total: int) -> AbstractContextManager[Meter]:
        """The meter of a step of so many bytes; 0 where their number is unknown."""


def size_text(size: float) -> str:
    """1536 → '1.5 KiB'."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
