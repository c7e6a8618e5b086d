"""Says what is being checked when that takes long."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Final

QUIET_SECONDS: Final = 2.0


class Progress:
    """Silent for the first seconds; after that, each check is named once, the one under way first."""

    def __init__(self, note: Callable[[str], None], quiet_seconds: float = QUIET_SECONDS) -> None:
        self._note, self._quiet_seconds = note, quiet_seconds
        self._lock, self._ended = Lock(), Event()
        self._current, self._shown = "", False
        self._thread = Thread(target=self._wait, name="doctor progress", daemon=True)

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def begin(self, what: str) -> None:
        with self._lock:
            self._current = what
            if self._shown:
                self._note(f"checking {what}")

    def _wait(self) -> None:
        if self._ended.wait(self._quiet_seconds):
            return
        with self._lock:
            self._shown = True
            if self._current:
                self._note(f"checking {self._current}")
