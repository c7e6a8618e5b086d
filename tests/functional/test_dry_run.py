"""`upload --dry-run`: what would be done with each item, and nothing done."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from servers.proxy import FaultyProxy
from support.command import Command, Result
from support.stored import Stored

READING = {"GET", "HEAD"}


@pytest.fixture
def tree(home: Path) -> Path:
    folder = home / "runs"
    folder.mkdir()
    for name, size in (("new", 10), ("same", 2048), ("other", 7)):
        (folder / name).write_bytes(os.urandom(size))
    return folder


def lines(result: Result) -> dict[str, dict[str, Any]]:
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return {one["source"].rpartition("/")[2]: one for one in found}


def test_a_dry_run_names_each_action_and_writes_nothing(
    through_proxy: Command, s3_proxy: FaultyProxy, stored: Stored, tree: Path
) -> None:
    (tree / "new").rename(tree.parent / "new")
    through_proxy.run("upload", f"{tree}/", stored.url("runs/")).ended(0)
    (tree.parent / "new").rename(tree / "new")
    (tree / "other").write_bytes(b"changed")
    os.mkfifo(tree / "pipe")
    (tree / "bad\nname").write_bytes(b"x")
    before, seen, state = stored.keys(), len(s3_proxy.requests), through_proxy.records()
    done = through_proxy.run("upload", "--dry-run", f"{tree}/", stored.url("runs/"), "--json-lines").ended(26)
    found = lines(done)
    assert {name: one["action"] for name, one in found.items() if name in {"new", "same", "other", "pipe"}} == {
        "new": "copy",
        "same": "skip",
        "other": "compare",
        "pipe": "skip",
    }
    assert found["new"]["size"] == 10
    assert sum(one["action"] == "fail" for one in found.values()) == 1
    assert "copy 1 (10 B), compare 1 (7 B), skip 2 (2.0 KiB), fail 1" in done.stderr
    assert {request.method for request in s3_proxy.requests[seen:]} <= READING
    assert (stored.keys(), through_proxy.records()) == (before, state)


@pytest.mark.parametrize(
    ("exists", "action"), [("overwrite", "replace"), ("skip", "skip"), ("update", "compare"), ("fail", "fail")]
)
def test_a_dry_run_decides_as_the_run_does(
    exists: str, action: str, command: Command, stored: Stored, tree: Path
) -> None:
    stored.put("runs/other", b"old")
    done = command.run("upload", "--dry-run", f"{tree}/", stored.url("runs/"), "--exists", exists, "--json")
    document = done.ended(26 if action == "fail" else 0).document
    actions = {one["source"].rpartition("/")[2]: one["action"] for one in document["items"]}
    assert actions == {"new": "copy", "same": "copy", "other": action}
    assert document["totals"]["copy"]["items"] == 2


def test_a_dry_run_of_one_item_says_what_would_become_of_it(command: Command, stored: Stored, tree: Path) -> None:
    done = command.run("upload", "--dry-run", tree / "new", stored.url("k")).ended(0)
    assert done.stdout == f"copy          10 B  {tree / 'new'} -> {stored.url('k')}\n"
    stored.put("k", b"there")
    exists = command.run("upload", "--dry-run", tree / "new", stored.url("k")).ended(25)
    assert "ObjectExists" in exists.stdout
    missing = command.run("upload", "--dry-run", tree / "none", stored.url("n")).ended(25)
    assert "SourceNotFound" in missing.stdout
    assert stored.keys() == ["k"]


def test_a_dry_run_of_downloads_names_each_action_and_makes_nothing(
    command: Command, stored: Stored, home: Path
) -> None:
    for key in ("p/a", "p/b/c", "p/d"):
        stored.put(key, key.encode())
    command.run("download", stored.url("p/"), "known").ended(0)
    stored.put("p/new", b"new")
    (home / "known" / "d").write_bytes(b"other")
    before = {path: path.stat().st_mtime_ns for path in (home / "known").rglob("*")}
    for folder, expected in (
        ("fresh", {"a": "copy", "b/c": "copy", "d": "copy", "new": "copy"}),
        ("known", {"a": "skip", "b/c": "skip", "d": "compare", "new": "copy"}),
    ):
        result = command.run("download", stored.url("p/"), folder, "--dry-run", "--json-lines").ended(0)
        planned = [json.loads(line) for line in result.stdout.splitlines()]
        assert {one["source"].removeprefix(stored.url("p/")): one["action"] for one in planned} == expected
        assert {one["size"] for one in planned} == {3, 5}
        assert "dry run: copy" in result.stderr
    assert not (home / "fresh").exists()
    assert {path: path.stat().st_mtime_ns for path in (home / "known").rglob("*")} == before


def test_a_dry_run_of_one_download_says_what_would_become_of_it(command: Command, stored: Stored, home: Path) -> None:
    stored.put("x", b"data")
    (home / "there").write_bytes(b"")

    def action(destination: str, code: int, *options: str, source: str = "x") -> str:
        result = command.run("download", stored.url(source), destination, "--dry-run", "--json", *options).ended(code)
        return str(json.loads(result.stdout)["items"][0]["action"])

    assert action("new", 0) == action("-", 0) == "copy"
    assert action("there", 25) == action("new", 25, source="none") == "fail"
    assert action("there", 0, "--exists", "skip") == "skip"
    assert action("there", 0, "--exists", "overwrite") == "replace"
    assert sorted(path.name for path in home.iterdir() if path.is_file()) == ["there"]
