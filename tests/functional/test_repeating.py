"""The command that a summary gives for what was not copied or confirmed, typed as it stands there."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from servers.faults import Status
from servers.faulty_http import FaultyHttp
from support.command import Command, Result
from support.stored import Stored


def repeated(result: Result) -> list[str]:
    """The words of the command, without the program's name."""
    [line] = [line for line in result.stdout.splitlines() if line.startswith("to repeat what was not ")]
    return shlex.split(line.partition(": ")[2].partition(" (and the same")[0])[1:]


def test_uploads_that_failed_are_repeated_with_the_same_options(
    command: Command, stored: Stored, http_server: FaultyHttp
) -> None:
    urls = [http_server.add(f"/{name}", name.encode()) for name in ("a", "b", "c d")]
    http_server.set_faults("/b", Status(status=404))
    http_server.set_faults("/c d", Status(status=404))
    options = ("--metadata", "run=4 2", "--storage-class=STANDARD", "--no-provenance", "--report-dir", "r")
    result = command.run("upload", *urls, stored.url("p q/"), *options, "--name", "x-{name}").ended(26)
    assert "2 SourceNotFound: " in result.stdout
    assert result.stdout.count("Hint: ") == 1
    for path in ("/b", "/c d"):
        http_server.set_faults(path)
    before = len(http_server.requests_for("/a"))
    again = command.run(*repeated(result)).ended(0)
    assert "2 items, 4 B: 2 copied" in again.stdout
    assert set(stored.keys()) == {"p q/x-a", "p q/x-b", "p q/x-c d"}
    assert stored.client.head_object(Bucket=stored.bucket, Key="p q/x-b")["Metadata"] == {"run": "4 2"}
    assert len(http_server.requests_for("/a")) == before


def test_a_header_is_named_and_not_shown(command: Command, stored: Stored, http_server: FaultyHttp) -> None:
    url = http_server.add("/a", b"a")
    http_server.set_faults("/a", Status(status=404))
    result = command.run("upload", url, url + "2", stored.url("p/"), "--header", "X-Token: hunter2").ended(25)
    assert "(and the same --header)" in result.stdout
    assert "hunter2" not in result.stdout + result.stderr


def test_downloads_that_failed_are_repeated(command: Command, stored: Stored, home: Path) -> None:
    for key in ("p/a", "p/b"):
        stored.put(key, key.encode())
    (home / "to here").mkdir()
    (home / "to here" / "b").mkdir()
    result = command.run("download", stored.url("p/"), "to here", "--download-slots", "2").ended(26)
    (home / "to here" / "b").rmdir()
    assert "1 item, 3 B: 1 copied" in command.run(*repeated(result)).ended(0).stdout
    assert (home / "to here" / "b").read_bytes() == b"p/b"


def test_checksums_that_were_not_confirmed_are_compared_again(command: Command, stored: Stored, home: Path) -> None:
    lines = []
    for key in ("a", "b c"):
        stored.put(key, key.encode())
        lines.append(f"SHA256 ({stored.url(key)}) = {hashlib.sha256(key.encode()).hexdigest()}\n")
    (home / "list.txt").write_text("".join(lines))
    stored.put("b c", b"other")
    result = command.run("verify", "--manifest", "list.txt", "--download-slots", "3").ended(26)
    assert "1 NotAsExpected: " in result.stdout
    assert "--download-slots 3" in result.stdout
    command.run(*repeated(result)).ended(25)
    stored.put("b c", b"b c")
    assert "1 checksums: 1 match" in command.run(*repeated(result)).ended(0).stdout


@pytest.mark.parametrize("tool", ["md5sum", "sha1sum", "sha256sum"])
def test_checksums_of_downloads_are_read_by_the_tools_of_that_name(
    command: Command, stored: Stored, home: Path, tool: str
) -> None:
    algorithm, lines = tool.removesuffix("sum"), []
    for key in ("a", "b c"):
        stored.put(key, os.urandom(1000))
        body = stored.client.get_object(Bucket=stored.bucket, Key=key)["Body"].read()
        lines.append(f"{hashlib.new(algorithm, body).hexdigest()}  {stored.url(key)}\n")
    (home / "list").write_text("".join(lines))
    command.run("download", "--manifest", "list", "got", "--report-dir", "r").ended(0)
    words: list[str | Path] = [tool, "-c", "--strict", home / "r" / "checksums.txt"]
    checked = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout.count(": OK")) == (0, 2), checked.stderr


def test_a_run_of_one_item_ends_with_its_receipt(command: Command, stored: Stored, home: Path) -> None:
    (home / "d").mkdir()
    (home / "d" / "a").write_bytes(b"a")
    result = command.run("upload", "d/", stored.url("p/")).ended(0)
    for line in (
        "source       d/a",
        f"destination  {stored.url('p/a')}",
        "checksum     CRC64NVME ",
        "verdict      verified-",
    ):
        assert line in result.stdout
    assert "1 item, 1 B: 1 copied" in result.stdout
    assert "verdict" not in command.run("upload", "d/", stored.url("p/")).ended(0).stdout
    assert "verdict      verified-by-source" in command.run("download", stored.url("p/"), "x").ended(0).stdout
