"""Memory stays small whatever the object's and the parts' size: no part is ever held whole."""

import sys
from pathlib import Path

import pytest

from functional.command import Command, Running, peak_memory
from functional.stored import Stored
from servers.content import BLOCK

GIB = 1 << 30
MOST = 150 << 20
"""Bytes resident in any one process of a transfer, most of which are the interpreter and its libraries."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel is asked by way of /proc")


@pytest.mark.parametrize("part_size", ["5MB", "512MB"])
def test_a_gibibyte_goes_there_and_back_in_little_memory(
    part_size: str, command: Command, home: Path, stored: Stored
) -> None:
    with (home / "sent.bin").open("wb") as file:
        file.truncate(GIB)
    _run(command.start("upload", "sent.bin", stored.url("x.bin"), "--part-size", part_size))
    _run(command.start("download", stored.url("x.bin"), "got.bin", "--part-size", part_size))
    assert _is_zeros(home / "got.bin", GIB)
    (home / "got.bin").unlink()
    stored.client.delete_object(Bucket=stored.bucket, Key="x.bin")


def _run(running: Running) -> None:
    """Let it end well, while watching each of its processes."""
    peaks: dict[int, int] = {}
    try:
        while not running.ended(0.05):
            for pid, size in peak_memory(running.pid).items():
                peaks[pid] = max(size, peaks.get(pid, 0))
        running.result().ended(0)
    finally:
        running.end()
    assert len(peaks) > 1, "a gibibyte is worth more than one process"
    assert max(peaks.values()) < MOST, {pid: f"{size >> 20} MiB" for pid, size in peaks.items()}


def _is_zeros(path: Path, size: int) -> bool:
    zeros = bytes(BLOCK)
    with path.open("rb") as file:
        return path.stat().st_size == size and all(block == zeros for block in iter(lambda: file.read(BLOCK), b""))
