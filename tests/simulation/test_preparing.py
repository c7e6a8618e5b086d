"""What Prepare holds of a dataset is bounded: a file of its items, and a few bytes of each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
MB = 10**6


def most_memory(items: int) -> int:
    """In bytes, of a process of its own that prepares `items` items."""
    command = [sys.executable, "-m", "simulation.preparing", str(items)]
    ended = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, check=True, timeout=1800)
    return int(ended.stdout)


@pytest.mark.stress
def test_five_million_items_are_prepared_in_200_megabytes() -> None:
    assert most_memory(5_000_000) <= 200 * MB
