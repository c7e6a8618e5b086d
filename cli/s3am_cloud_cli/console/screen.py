"""Standard error: lines, and one bar below them that is drawn again over itself."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import IO

_USUAL_COLUMNS = 80


class Screen:
    """Thread-safe: lanes report while the bar is drawn. It uses no escape sequence, which some terminals don't know."""

    def __init__(self, file: IO[str]) -> None:
        self.file = file
        self._lock = threading.RLock()
        # What stands on the line that has no end yet.
        self._bar = ""

    def lines(self, lines: Sequence[str]) -> None:
        """Above the bar, where there is one."""
        with self._lock:
            bar = self._bar
            self.hide()
            self.file.write("".join(f"{line}\n" for line in lines))
            self.file.flush()
            if bar:
                self.draw(bar)

    def draw(self, bar: str) -> None:
        with self._lock:
            blank = " " * max(0, len(self._bar) - len(bar))
            self._bar = bar
            self.file.write(f"\r{bar}{blank}")
            self.file.flush()

    def hide(self) -> None:
        """For what others print. The next bar is drawn anew."""
        with self._lock:
            if self._bar:
                self.file.write(f"\r{' ' * self.columns}\r")
                self.file.flush()
                self._bar = ""

    def leave(self) -> None:
        """The bar stays as it is, and lines follow it."""
        with self._lock:
            if self._bar:
                self._bar = ""
                self.file.write("\n")
                self.file.flush()

    @property
    def columns(self) -> int:
        """Without the last one, in which some terminals begin a new line."""
        try:
            columns = os.get_terminal_size(self.file.fileno()).columns
        except (OSError, ValueError):
            columns = 0  # no terminal
        return max(1, (columns or _USUAL_COLUMNS) - 1)
