"""--progress, --quiet and --log-file, for one object and for many."""

from __future__ import annotations

import gzip
import json
import re
import stat
from pathlib import Path

import pytest

from servers.faults import Status
from servers.faulty_http import FaultyHttp
from support.command import Command
from support.stored import Stored


@pytest.fixture
def urls(http_server: FaultyHttp) -> list[str]:
    """Two good ones, with a password, and one that is missing."""
    for name in ("a", "b", "c"):
        http_server.add(f"/{name}", name.encode())
    http_server.set_faults("/c", Status(status=404))
    return [http_server.url(f"/{name}", login="ann:hunter2") + "?token=hunter2" for name in ("a", "b", "c")]


def test_quiet_prints_errors_only(command: Command, stored: Stored, home: Path, urls: list[str]) -> None:
    (home / "x").write_bytes(b"x")
    result = command.run("upload", "x", stored.url("x"), "--quiet").ended(0)
    assert (result.stdout, result.stderr) == ("", "")
    result = command.run("upload", *urls[:2], stored.url("p/"), "--quiet").ended(0)
    assert (result.stdout, result.stderr) == ("", "")
    result = command.run("upload", *urls, stored.url("p/"), "--quiet", "--exists", "skip").ended(26)
    assert result.stdout == ""
    assert "1 SourceNotFound" in result.stderr
    assert "--manifest" in result.stderr
    assert json.loads(command.run("upload", "x", stored.url("y"), "--quiet", "--json").ended(0).stdout)


def test_progress_as_json_ends_with_all_items(command: Command, stored: Stored, urls: list[str]) -> None:
    result = command.run("upload", *urls, stored.url("p/"), "--progress", "json").ended(26)
    said = [json.loads(line) for line in result.stderr.splitlines()]
    [last] = [one["progress"] for one in said if one["type"] == "progress"]
    assert (last["items"], last["total_items"], last["failed"], last["bytes"]) == (3, 3, 1, 2)
    assert said[-1]["type"] == "error"
    assert said[-1]["error"]["name"] == "ItemsFailed"


def test_a_bar_that_is_asked_for_fits_80_columns(command: Command, stored: Stored, home: Path) -> None:
    (home / "x").write_bytes(b"x" * (1 << 20))
    result = command.run("upload", "x", stored.url("x"), "--progress", "bar", "--limit-rate", "1MB").ended(0)
    bars = [bar for bar in re.split("[\r\n]", result.stderr) if bar]
    assert bars[-1].startswith("x 100% [#")
    assert max(map(len, bars)) < 80


def test_a_log_has_how_each_item_ended_and_no_secret(
    command: Command, stored: Stored, home: Path, urls: list[str]
) -> None:
    result = command.run("upload", *urls, stored.url("p/"), "--log-file", "run.log", "--report-dir", "r").ended(26)
    assert "hunter2" not in result.stdout + result.stderr
    kept = {path.name for path in (home / "r").iterdir() if b"hunter2" in _content(path)}
    assert kept == {"failed.jsonl"}
    assert stat.S_IMODE((home / "r" / "failed.jsonl").stat().st_mode) == 0o600
    for option in ("--dry-run", "--json-lines"):
        assert "hunter2" not in command.run("upload", *urls, stored.url("q/"), option).stdout
    command.run("download", stored.url("p/a"), "a", "--log-file", "run.log").ended(0)
    command.run("download", stored.url("p/none"), "none", "--log-file", "run.log").ended(5)
    log = (home / "run.log").read_text()
    assert "hunter2" not in log
    lines = [re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (\S+) (.*)", line) for line in log.splitlines()]
    assert None not in lines
    kinds = [line[2] for line in lines if line is not None]
    assert (kinds.count("copied"), kinds.count("failed"), kinds.count("error")) == (2, 1, 2)
    assert f"{stored.url('p/a')}, 1 bytes: verified-in-transit" in log
    assert "SourceNotFound: " in log


def test_a_log_that_can_not_be_made_is_an_error_before_anything_moves(command: Command, stored: Stored) -> None:
    command.run("upload", __file__, stored.url("x"), "--log-file", "none/run.log").ended(6)
    assert list(stored.keys()) == []


def _content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
