"""Memory stays small whatever the object's and the parts' size: no part is ever held whole."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from s3am_cloud.limits import DEFAULT_SLOTS, MIB
from servers.content import BLOCK
from support.command import Command, Running, private_memory
from support.stored import Stored

SIZE = 260 * MIB
MOST = 60 * 10**6 + DEFAULT_SLOTS * MIB
"""Bytes that all processes of a transfer together have for themselves: the interpreter, its libraries, and a window."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel is asked by way of /proc")


@pytest.fixture
def command(installed: Command) -> Command:
    """A process of its own, whose memory is its own."""
    return installed


@pytest.mark.parametrize("part_size", ["5MB", pytest.param("256MB", marks=pytest.mark.stress)])
def test_a_quarter_of_a_gibibyte_goes_there_and_back_in_little_memory(
    part_size: str, command: Command, home: Path, stored: Stored
) -> None:
    with (home / "sent.bin").open("wb") as file:
        file.truncate(SIZE)
    # As many as grow by themselves would depend on what else this machine does.
    sized = "--part-size", part_size, "--download-slots", str(DEFAULT_SLOTS)
    _run(command.start("upload", "sent.bin", stored.url("x.bin"), *sized))
    _run(command.start("download", stored.url("x.bin"), "got.bin", *sized))
    assert _is_zeros(home / "got.bin", SIZE)
    (home / "got.bin").unlink()
    stored.client.delete_object(Bucket=stored.bucket, Key="x.bin")


@pytest.mark.stress
@pytest.mark.timeout(900)
def test_a_run_over_a_million_items_keeps_none_of_them_in_memory(home: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.million"],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "HOME": str(home), "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "1,000,000: " in said
    assert max(map(int, re.findall(r"(\d+) private", said))) < 100, said


def _run(running: Running) -> None:
    """Let it end well, while watching all its processes."""
    most, workers = 0, 0
    try:
        while not running.ended(0.05):
            most = max(most, private_memory(running.pid))
            workers = max(workers, len(running.workers()))
        running.result().ended(0)
    finally:
        running.end()
    assert workers > 1, "a quarter of a gibibyte is worth more than one process"
    assert most < MOST, f"{most / 10**6:.0f} MB"


def _is_zeros(path: Path, size: int) -> bool:
    zeros = bytes(BLOCK)
    with path.open("rb") as file:
        return path.stat().st_size == size and all(block == zeros for block in iter(lambda: file.read(BLOCK), b""))
