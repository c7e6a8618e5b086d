"""--log-file: what a run reports, with the time of each line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from s3am_cloud_cli.console.escaping import escaped

if TYPE_CHECKING:
    from datetime import datetime

    from s3am_cloud_client import Clock


class LogFile:
    """Lines are added to what is in the file, so that several runs may write to one. Only its owner may read it."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Raises OSError."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.path, self._clock = path, clock
        self._file = os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", buffering=1)

    def add(self, kind: str, text: str) -> None:
        """Raises OSError."""
        self._file.write(f"{time_text(self._clock.now())} {kind} {escaped(text)}\n")


def time_text(moment: datetime) -> str:
    """2026-11-28T16:50:00Z, by UTC, so that lines of several machines can be put in order."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
