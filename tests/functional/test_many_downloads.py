"""Many objects in one download: nothing outside the folder, nothing overwritten, and only what is missing again."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from functional.test_many import files, outcomes, report_of
from servers.proxy import FaultyProxy
from servers.proxy_rules import GET_OBJECT, HEAD, Delay, FlipReplyBit, Match
from support.command import Command, eventually
from support.stored import Stored

ONE_OBJECT = Match("GET", {}, without=("list-type", "location"))


@pytest.fixture
def data(stored: Stored) -> dict[str, bytes]:
    """Objects of several sizes, the markers of a folder, and one beside the prefix."""
    made = {f"lane{n % 2}/{n}.bin": os.urandom(size) for n, size in enumerate((0, 1, 5000, 1 << 20, 17 << 20))}
    for name, content in made.items():
        stored.put(f"p/{name}", content)
    stored.put("p/", b"")
    stored.put("p/lane0/", b"")
    stored.put("px", b"not below p/")
    return made


def objects_asked_for(proxy: FaultyProxy, match: Match = ONE_OBJECT) -> list[str]:
    return [one.path.rpartition("/")[2] for one in proxy.matching(match) if "/p/" in one.path]


def test_a_prefix_arrives_with_its_names(command: Command, stored: Stored, home: Path, data: dict[str, bytes]) -> None:
    result = command.run("download", stored.url("p/"), "out").ended(0)
    assert files(home / "out") == data
    assert "5 copied, 2 skipped" in result.stdout
    found = {one["destination"]: one for one in outcomes(report_of(result)) if one["state"] == "copied"}
    assert set(found) == {str(home / "out" / name) for name in data}
    assert {one["verdict"] for one in found.values()} == {"verified-by-source"}


def test_a_second_run_fetches_only_what_is_missing(
    through_proxy: Command, s3_proxy: FaultyProxy, stored: Stored, home: Path, data: dict[str, bytes]
) -> None:
    arguments = ("download", stored.url("p/"), "out", "--exclude", "lane0/4.bin")
    through_proxy.run(*arguments).ended(0)
    (home / "out" / "lane0" / "2.bin").unlink()
    os.utime(home / "out" / "lane1" / "3.bin", (1, 1))
    before = len(objects_asked_for(s3_proxy))
    result = through_proxy.run(*arguments).ended(0)
    assert "1 copied, 5 skipped" in result.stdout
    # That with another date was compared by its ETag, which is an MD5.
    assert objects_asked_for(s3_proxy)[before:] == ["2.bin"]
    assert objects_asked_for(s3_proxy, HEAD) == []


def test_another_file_fails_its_item_unless_it_is_replaced(
    command: Command, stored: Stored, home: Path, data: dict[str, bytes]
) -> None:
    other = home / "out" / "lane0" / "2.bin"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"x" * 5000)
    result = command.run("download", stored.url("p/"), "out").ended(26)
    assert "4 copied, 2 skipped, 1 failed" in result.stdout
    assert "1 LocalFileExists" in result.stdout
    assert other.read_bytes() == b"x" * 5000
    assert "4 copied, 3 skipped" not in command.run("download", stored.url("p/"), "out", "--exists", "skip").stdout
    assert other.read_bytes() == b"x" * 5000
    again = command.run("download", "--manifest", str(report_of(result) / "failed.jsonl"), "out", "--exists", "update")
    assert "1 item," in again.ended(0).stdout
    assert files(home / "out") == data


HOSTILE = {
    "p/link/stolen": "BadDestination",
    "p/both": "BadDestination",
}


def test_nothing_is_written_outside_the_folder(command: Command, stored: Stored, home: Path) -> None:
    for key in (*HOSTILE, "p/both/file", "p/good"):
        stored.put(key, key.encode())
    (home / "elsewhere").mkdir()
    (home / "out").mkdir()
    (home / "out" / "link").symlink_to(home / "elsewhere")
    result = command.run("download", stored.url("p/"), "out").ended(26)
    found = {one["source"]: one["error"]["name"] for one in outcomes(report_of(result)) if one["state"] == "failed"}
    assert found == {stored.url(key): name for key, name in HOSTILE.items()}
    assert files(home / "out") == {"good": b"p/good", "both/file": b"p/both/file"}
    assert list((home / "elsewhere").iterdir()) == []
    (home / "list.csv").write_text(f"url,name\n{stored.url('p/good')},../out-of-it\n")
    assert "list.csv:2" in command.run("download", "--manifest", "list.csv", "out").ended(2).error_line
    assert not (home / "out-of-it").exists()


def test_corrupted_bytes_on_the_way_never_become_a_file(
    through_proxy: Command, s3_proxy: FaultyProxy, stored: Stored, home: Path
) -> None:
    for number in range(3):
        stored.put(f"p/{number}", os.urandom(1000))
    s3_proxy.add(
        Match("GET", {}, without=("list-type", "location"), header=("x-amz-checksum-mode", "E")), FlipReplyBit(9)
    )
    assert "3 copied" in through_proxy.run("download", stored.url("p/"), "out").ended(0).stdout
    assert {path: stored.url(f"p/{path}") for path in files(home / "out")}.keys() == {"0", "1", "2"}
    s3_proxy.clear()


def test_a_list_of_objects_with_digests_is_downloaded(command: Command, stored: Stored, home: Path) -> None:
    stored.put("p/a", b"aaa")
    stored.put("q/b", b"bbb")
    lines = [
        {"source": stored.url("p/a"), "destination": "one/a", "digest": "md5:47bce5c74f589f4867dbd57e9ca9f808"},
        {"source": stored.url("q/b"), "destination": "two/b", "digest": "md5:47bce5c74f589f4867dbd57e9ca9f808"},
    ]
    (home / "list.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    result = command.run("download", "--manifest", "list.jsonl", "out", "--json-lines").ended(26)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert {(one["state"], (one.get("error") or {}).get("name")) for one in found} == {
        ("copied", None),
        ("failed", "NotAsExpected"),
    }
    assert files(home / "out") == {"one/a": b"aaa"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["SIGINT", "SIGKILL"])
def test_an_interrupted_run_is_continued_by_the_same_command(
    through_proxy: Command, s3_proxy: FaultyProxy, stored: Stored, home: Path, number: signal.Signals
) -> None:
    for one in range(100):
        stored.put(f"p/{one:03}", os.urandom(100))
    arguments = ("download", stored.url("p/"), "out")
    s3_proxy.add(GET_OBJECT, Delay(0.1), times=None)
    run = through_proxy.start(*arguments)
    eventually(lambda: len(objects_asked_for(s3_proxy)) > 40, "some of the objects")
    run.signal_group(number)
    code = run.result().returncode
    assert code == (130 if number == signal.SIGINT else -signal.SIGKILL)
    s3_proxy.clear()
    there = {name for name in files(home / "out") if not name.startswith(".")}
    assert 0 < len(there) < 100
    before = len(objects_asked_for(s3_proxy))
    through_proxy.run(*arguments).ended(0)
    assert len(files(home / "out")) == 100
    asked = Counter(objects_asked_for(s3_proxy)[before:])
    assert not there & set(asked)


def test_a_folder_that_has_only_its_marker_is_no_success(command: Command, stored: Stored, home: Path) -> None:
    stored.put("dir/", b"")
    result = command.run("download", stored.url("dir/"), home / "back").ended(26)
    assert f"there is no object below {stored.url('dir/')}" in result.stdout
