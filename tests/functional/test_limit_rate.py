"""--limit-rate: all connections and all processes of a command together."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from support.command import Command
from support.stored import Stored

MIB = 1 << 20
RATE = "8MB"


def test_a_copy_that_s3_makes_itself_takes_no_limit(command: Command, stored: Stored) -> None:
    stored.put("x", b"data")
    for sources in ([stored.url("x")], [stored.url("x"), __file__]):
        result = command.run("upload", *sources, stored.url("y/"), "--limit-rate", "1MB").ended(2)
        assert "S3 itself copies it. Hint: leave --limit-rate out." in result.error_line
    assert list(stored.keys()) == ["x"]


@pytest.mark.parametrize("name", ["submit", "plan"])
def test_the_cloud_takes_no_limit(command: Command, name: str) -> None:
    result = command.run(name, "https://host/x", "s3://bucket/x", "--limit-rate", "1MB").ended(2)
    assert "--limit-rate is for transfers on this machine" in result.error_line
    assert "s3am-cloud upload" in result.error_line


@pytest.mark.parametrize("rate", ["0", "fast"])
def test_a_rate_that_is_none_is_refused(command: Command, stored: Stored, rate: str) -> None:
    command.run("upload", __file__, stored.url("x"), "--limit-rate", rate).ended(2)


def test_one_file_and_many_keep_to_it(command: Command, stored: Stored, home: Path) -> None:
    for number in range(4):
        (home / "d").mkdir(exist_ok=True)
        (home / "d" / f"{number}").write_bytes(os.urandom(MIB))
    for arguments in (
        ("upload", "d/0", stored.url("one"), "--limit-rate", "1MB"),
        ("upload", "d/", stored.url("many/"), "--limit-rate", "4MB"),
        ("download", stored.url("one"), "one", "--limit-rate", "1MB"),
        ("download", stored.url("many/"), "many", "--limit-rate", "4MB"),
    ):
        began = time.monotonic()
        command.run(*arguments).ended(0)
        assert time.monotonic() - began > 0.94
    assert (home / "many" / "3").read_bytes() == (home / "d" / "3").read_bytes()


@pytest.mark.stress
@pytest.mark.parametrize("kind", ["file", "many", "stdin"])
def test_ten_seconds_take_ten_seconds(command: Command, stored: Stored, home: Path, kind: str) -> None:
    """Within 5 %, and what the command takes to start."""
    total = 80 * MIB
    (home / "d").mkdir()
    count = 1 if kind != "many" else 1280
    for number in range(count):
        (home / "d" / f"{number}").write_bytes(os.urandom(total // count))
    up, down = {
        "file": (("d/0", stored.url("x")), (stored.url("x"), "x")),
        "many": (("d/", stored.url("p/")), (stored.url("p/"), "x")),
        "stdin": (("-", stored.url("x")), (stored.url("x"), "-")),
    }[kind]
    for name, arguments in (("upload", up), ("download", down)):
        began = time.monotonic()
        before = ("sh", "-c", '"$@" < d/0 > /dev/null', "sh") if kind == "stdin" else ()
        command.run(name, *arguments, "--limit-rate", RATE, before=before).ended(0)
        took = time.monotonic() - began
        print(f"{name} {kind}: {took:.2f} s")
        assert 9.5 < took < 10.5 + 1.5
