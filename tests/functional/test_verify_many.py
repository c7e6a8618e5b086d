"""`verify --manifest`: the checksums of a run compared again, each object with an outcome of its own."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from servers.proxy import FaultyProxy
from servers.proxy_rules import GET_OBJECT, HEAD
from support.command import Command
from support.stored import Stored

DATA = {"a": b"first", "b": b"second", "c/d": b"third" * 1000}


@pytest.fixture
def checksums(through_proxy: Command, stored: Stored, home: Path) -> Path:
    """The file of a run that uploaded DATA below runs/."""
    for name, data in DATA.items():
        (home / "runs" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / "runs" / name).write_bytes(data)
    through_proxy.run("upload", "runs/", stored.url("runs/"), "--report-dir", "report").ended(0)
    return home / "report" / "checksums.txt"


def _requests(proxy: FaultyProxy) -> list[str]:
    """Those for objects."""
    found = [*proxy.matching(GET_OBJECT), *proxy.matching(HEAD)]
    return [request.method for request in found if "/runs/" in request.path]


def test_the_checksums_of_a_run_are_compared_with_those_of_s3(
    through_proxy: Command, s3_proxy: FaultyProxy, checksums: Path
) -> None:
    before = len(_requests(s3_proxy))
    document = through_proxy.run("verify", "--manifest", checksums, "--json").ended(0).document
    assert document["state"] == "succeeded"
    assert (document["counts"]["items"], document["counts"]["verified"]) == (3, 3)
    assert document["counts"]["verified_bytes"] == sum(map(len, DATA.values()))
    assert _requests(s3_proxy)[before:] == ["HEAD"] * 3


def test_what_differs_or_is_gone_stops_no_other(command: Command, stored: Stored, checksums: Path) -> None:
    stored.put("runs/b", b"other")
    stored.client.delete_object(Bucket=stored.bucket, Key="runs/a")
    done = command.run("verify", "--manifest", checksums, "--json-lines").ended(26)
    found = {one["source"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert found[stored.url("runs/a")]["error"]["name"] == "SourceNotFound"
    assert found[stored.url("runs/b")]["error"]["name"] == "NotAsExpected"
    assert found[stored.url("runs/c/d")]["compared_with"] in {"stored", "read"}
    assert "3 checksums: 1 match (4.9 KiB), 2 failed" in done.stderr
    stored.put("runs/c/d", b"other")
    assert "no checksum was confirmed" in command.run("verify", "--manifest", checksums).ended(25).error_line


def test_an_algorithm_that_s3_holds_nothing_of_is_read(command: Command, stored: Stored, home: Path) -> None:
    stored.put("k", DATA["c/d"])
    lines = [
        f"{name.upper()} ({stored.url('k')}) = {hashlib.new(name, DATA['c/d']).hexdigest()}"
        for name in ("sha512", "sha1")
    ]
    (home / "sums").write_text("\n".join(lines))
    done = command.run("verify", "--manifest", "sums", "--json-lines").ended(0)
    assert [json.loads(line)["compared_with"] for line in done.stdout.splitlines()] == ["read", "read"]


def test_a_list_that_names_no_objects_is_refused_with_its_line(command: Command, home: Path) -> None:
    (home / "sums").write_text(f"{'0' * 64}  s3://b/k\n{'0' * 64}  name\n")
    assert "sums:2" in command.run("verify", "--manifest", "sums").ended(2).error_line
    (home / "urls").write_text("s3://b/k\n")
    assert "urls:1" in command.run("verify", "--manifest", "urls").ended(2).error_line
    command.run("verify").ended(2)
    command.run("verify", "s3://b/k", "--manifest", "sums").ended(2)
    command.run("verify", "--expect", "md5:00", "--manifest", "sums").ended(2)
