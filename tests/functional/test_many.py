"""Many items in one command: an outcome for each, and a second run that copies only what is missing."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from servers.faults import Status
from servers.faulty_http import FaultyHttp
from servers.proxy import FaultyProxy
from servers.proxy_rules import Match
from support.command import Command, Result
from support.stored import Stored

PUT = Match("PUT")


@pytest.fixture
def tree(home: Path) -> Path:
    """Files of several sizes in folders."""
    folder = home / "runs"
    for number, size in enumerate((0, 1, 5000, 1 << 20, 3 << 20)):
        path = folder / f"lane{number % 2}" / f"{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def objects(stored: Stored, prefix: str) -> dict[str, bytes]:
    return {key.removeprefix(prefix): content(stored, key) for key in list(stored.keys()) if key.startswith(prefix)}


def content(stored: Stored, key: str) -> bytes:
    return stored.client.get_object(Bucket=stored.bucket, Key=key)["Body"].read()


def report_of(result: Result) -> Path:
    [line] = [line for line in result.stdout.splitlines() if line.startswith("report: ")]
    return Path(line.removeprefix("report: "))


def outcomes(folder: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(folder / "items.jsonl.gz") as lines:
        yield from map(json.loads, lines)


def test_a_folder_arrives_with_its_names(command: Command, stored: Stored, tree: Path) -> None:
    result = command.run("upload", f"{tree}/", stored.url("p/")).ended(0)
    assert objects(stored, "p/") == files(tree)
    assert result.stdout.startswith("5 items, 4.0 MiB: 5 copied")
    summary = json.loads((report_of(result) / "summary.json").read_text())
    assert (summary["state"], summary["counts"]["copied"]) == ("succeeded", 5)
    assert {one["verdict"] for one in outcomes(report_of(result))} == {"verified-in-transit"}


def test_the_same_command_again_copies_only_what_is_missing(
    through_proxy: Command, s3_proxy: FaultyProxy, stored: Stored, tree: Path
) -> None:
    arguments = ("upload", f"{tree}/", stored.url("p/"))
    through_proxy.run(*arguments).ended(0)
    (tree / "new.bin").write_bytes(b"new")
    before = len(s3_proxy.matching(PUT))
    assert "1 copied, 5 skipped" in through_proxy.run(*arguments).ended(0).stdout
    again = s3_proxy.matching(PUT)[before:]
    assert [one.path.rpartition("/")[2] for one in again if one.status == 200] == ["new.bin"]


def test_another_object_fails_its_item_unless_it_is_replaced(command: Command, stored: Stored, tree: Path) -> None:
    stored.put("p/lane0/2.bin", b"another object")
    result = command.run("upload", f"{tree}/", stored.url("p/")).ended(26)
    assert "4 copied, 1 failed" in result.stdout
    assert "1 ObjectExists" in result.stdout
    assert content(stored, "p/lane0/2.bin") == b"another object"
    assert (
        "1 copied, 4 skipped"
        in command.run("upload", f"{tree}/", stored.url("p/"), "--exists", "update").ended(0).stdout
    )
    assert objects(stored, "p/") == files(tree)


def test_a_list_of_urls_is_copied_and_its_failures_are_a_list(
    command: Command, stored: Stored, http_server: FaultyHttp, home: Path
) -> None:
    data = {f"/d/{number}.bin": os.urandom(1000 + number) for number in range(12)}
    lines = []
    for path, body in data.items():
        url = http_server.add(path, body)
        lines.append({"source": url, "digest": f"md5:{hashlib.md5(body).hexdigest()}", "sample": path})
    lines[3]["digest"] = "md5:" + "0" * 32
    http_server.set_faults("/d/5.bin", Status(status=404))
    (home / "list.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    result = command.run("upload", "--manifest", "list.jsonl", stored.url("a/")).ended(26)
    assert "10 copied, 2 failed" in result.stdout
    folder = report_of(result)
    found = {one["labels"]["sample"]: one for one in outcomes(folder)}
    assert Counter(one["state"] for one in found.values()) == {"copied": 10, "failed": 2}
    assert {found["/d/3.bin"]["error"]["name"], found["/d/5.bin"]["error"]["name"]} == {
        "NotAsExpected",
        "SourceNotFound",
    }
    assert {one.get("verdict") for one in found.values()} == {"verified-by-source", None}
    assert set(objects(stored, "a/")) == {f"{number}.bin" for number in range(12) if number not in {3, 5}}
    http_server.set_faults("/d/5.bin")
    again = command.run("upload", "--manifest", str(folder / "failed.jsonl"), stored.url("a/")).ended(26)
    assert "2 items" in again.stdout
    assert "1 copied, 1 failed" in again.stdout
    assert content(stored, "a/5.bin") == data["/d/5.bin"]


def test_a_bad_list_is_refused_before_a_byte_moves(command: Command, stored: Stored, home: Path) -> None:
    (home / "a.bin").write_bytes(b"a")
    (home / "list.csv").write_text("url,size,name\na.bin,1,a\na.bin,many,b\n")
    result = command.run("upload", "--manifest", "list.csv", stored.url("p/")).ended(2)
    assert "list.csv:3:7" in result.error_line
    (home / "list.csv").write_text("url,name\na.bin,x\nb.bin,x\n")
    result = command.run("upload", "--manifest", "list.csv", stored.url("p/")).ended(2)
    assert "list.csv:2 and at list.csv:3" in result.error_line
    assert stored.keys() == []


def test_each_item_is_a_line_of_json_as_it_ends(command: Command, stored: Stored, tree: Path) -> None:
    result = command.run("upload", "--json-lines", f"{tree}/", stored.url("p/"), "--exclude", "4.bin").ended(0)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert {one["destination"].rpartition("/")[2] for one in found} == {"0.bin", "1.bin", "2.bin", "3.bin"}
    assert {one["state"] for one in found} == {"copied"}
    assert "4 items" in result.stderr


def test_a_digest_of_one_object_is_not_taken_for_many(command: Command, stored: Stored, tree: Path) -> None:
    result = command.run("upload", "--expect", f"md5:{'0' * 32}", f"{tree}/", stored.url("p/")).ended(2)
    assert "state each one's in a manifest" in result.error_line
    assert stored.keys() == []


def test_a_single_object_is_updated_under_its_own_key(command: Command, stored: Stored, home: Path) -> None:
    (home / "a.bin").write_bytes(b"new")
    stored.put("p/b.bin", b"old")
    arguments = ("upload", "--exists", "update", "a.bin", stored.url("p/b.bin"))
    assert "1 copied" in command.run(*arguments).ended(0).stdout
    assert content(stored, "p/b.bin") == b"new"
    assert "1 skipped" in command.run(*arguments).ended(0).stdout
    result = command.run(*arguments, "--expect", f"md5:{'0' * 32}").ended(2)
    assert "state each one's in a manifest" in result.error_line
    assert stored.keys() == ["p/b.bin"]


def test_digests_beside_the_sources_are_compared_where_asked_for(
    command: Command, stored: Stored, http_server: FaultyHttp
) -> None:
    good, bad = http_server.add("/good", b"good"), http_server.add("/bad", b"bad")
    for name, content in (("good", b"good"), ("bad", b"other")):
        http_server.add(f"/{name}.sha256", f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode())
    result = command.run("upload", "--source-digest", "auto", good, bad, stored.url("p/")).ended(26)
    assert "1 NotAsStated" in result.stdout
    assert objects(stored, "p/") == {"good": b"good"}
