"""`s3am-cloud demo`: the main job end to end, with nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from support.command import PROGRAM, Command, eventually, group

CACHE = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path, {"XDG_CACHE_HOME": CACHE})


def test_the_demo_verifies_all_its_files_and_leaves_nothing_running(command: Command) -> None:
    """The demo moves and verifies all its files and leaves nothing running."""
    running = command.start("demo", "--json")
    try:
        done = running.result(110).ended(0)
    finally:
        running.end()
    assert done.document["verified"] is True
    receipts = done.document["receipts"]
    assert [receipt["state"] for receipt in receipts] == ["succeeded"] * 3
    assert [receipt["source"].partition(":")[0] for receipt in receipts] == ["http", "http", "ftp"]
    assert "its server failed" in done.stderr
    assert command.run("local", "status").returncode == 1


@pytest.mark.parametrize("when", ["starting the emulator", pytest.param("... job ", marks=pytest.mark.stress)])
def test_ctrl_c_ends_the_demo_and_its_cloud(when: str, command: Command, tmp_path: Path) -> None:
    log = tmp_path / "stderr"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_CACHE_HOME": CACHE}
    environment["S3AM_CLOUD_STATE_HOME"] = str(command.state)
    with log.open("wb") as stderr:
        demo = subprocess.Popen([PROGRAM, "demo"], env=environment, stderr=stderr, start_new_session=True)
    try:
        eventually(lambda: when in log.read_text(), f"the step {when!r}", 60)
        os.killpg(demo.pid, signal.SIGINT)
        assert demo.wait(20) == 130, log.read_text()
    finally:
        demo.kill()
        demo.wait()
    assert "Traceback" not in log.read_text()
    assert command.run("local", "status").returncode == 1
    assert group(demo.pid) == []
