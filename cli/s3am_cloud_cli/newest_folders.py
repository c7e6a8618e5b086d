"""Folders in a cache: the newest are kept."""

from __future__ import annotations

import shutil
from pathlib import Path


def keep_newest(folder: Path, count: int) -> None:
    """Removes all folders in it but the newest ones; those whose names begin with a dot are being made."""
    finished = [place for place in folder.iterdir() if not place.name.startswith(".")]
    for place in sorted(finished, key=lambda place: place.stat().st_mtime, reverse=True)[count:]:
        shutil.rmtree(place, ignore_errors=True)
