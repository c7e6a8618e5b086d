"""The promise to users of S3AM 2.1: their scripts work after `s3am` is replaced by `s3am-cloud`.

Each row is one rule: what is there, what is typed, and the exit code that S3AM gave.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from servers.content import Pattern, write_file
from servers.faults import Slow
from servers.faulty_http import FaultyHttp
from support.command import Command, eventually
from support.stored import Stored

CONTENT = Pattern(12 << 20, seed=3)
KEY, OTHER_KEY = "k" * 32, "o" * 32


class Scene:
    """A user's folder with `file`, and a bucket in which something may be already."""

    def __init__(self, home: Path, stored: Stored, command: Command) -> None:
        self.home, self.stored, self.command = home, stored, command
        write_file(CONTENT, home / "file")

    def nothing(self) -> None:
        """An empty bucket."""

    def object_(self) -> None:
        self.stored.put("x", b"old")

    def encrypted_object(self) -> None:
        self.command.run("upload", "file", self.stored.url("x"), "--sse-key", KEY).ended(0)

    def unfinished(self) -> None:
        self.stored.begin("x")

    def two_unfinished(self) -> None:
        self.stored.begin("x")
        self.stored.begin("x")

    def object_and_unfinished(self) -> None:
        self.object_()
        self.unfinished()

    def unfinished_of_a_longer_name(self) -> None:
        self.stored.begin("x.bai")

    def part_of_another_size(self) -> None:
        upload = self.stored.begin("x")
        for number in (1, 2):
            self.stored.client.upload_part(
                Bucket=self.stored.bucket, Key="x", UploadId=upload, PartNumber=number, Body=bytes(6 << 20)
            )

    def local_file(self) -> None:
        self.object_()
        (self.home / "out").write_bytes(b"mine")

    def partial_download(self) -> None:
        self.object_()
        (self.home / ".out.partial").write_bytes(b"half")


@dataclass(frozen=True)
class Rule:
    sentence: str
    scene: Callable[[Scene], None]
    typed: str
    code: int


RULES = [
    Rule("an upload to where nothing is succeeds", Scene.nothing, "upload file {x}", 0),
    Rule("an existing object is exit 3", Scene.object_, "upload file {x}", 3),
    Rule("--exists skip leaves it and exits 0 at once", Scene.object_, "upload missing {x} --exists skip", 0),
    Rule("--exists overwrite replaces it", Scene.object_, "upload file {x} --exists overwrite", 0),
    Rule("one unfinished upload is exit 4", Scene.unfinished, "upload file {x}", 4),
    Rule("an upload of another key that begins alike is none", Scene.unfinished_of_a_longer_name, "upload file {x}", 0),
    Rule("several unfinished uploads are exit 13", Scene.two_unfinished, "upload file {x}", 13),
    Rule("several are exit 13 with --resume too", Scene.two_unfinished, "upload file {x} --resume", 13),
    Rule("--force removes them all first", Scene.two_unfinished, "upload file {x} --force", 0),
    Rule("--resume goes on with one that has no parts", Scene.unfinished, "upload file {x} --resume", 0),
    Rule("--resume with nothing unfinished uploads", Scene.nothing, "upload file {x} --resume", 0),
    Rule(
        "another part size than the parts' is exit 8",
        Scene.part_of_another_size,
        "upload file {x} --resume --part-size 5M",
        8,
    ),
    Rule("--resume and --force exclude each other", Scene.nothing, "upload file {x} --resume --force", 2),
    Rule("the object is looked for before unfinished uploads", Scene.object_and_unfinished, "upload file {x}", 3),
    Rule("an object under a key is exit 10 without one", Scene.encrypted_object, "upload file {x}", 10),
    Rule(
        "an object under a key is exit 10 with another",
        Scene.encrypted_object,
        f"upload file {{x}} --sse-key {OTHER_KEY}",
        10,
    ),
    Rule(
        "an object under a key is exit 3 with its own", Scene.encrypted_object, f"upload file {{x}} --sse-key {KEY}", 3
    ),
    Rule("a key of another length is exit 10", Scene.nothing, "upload file {x} --sse-key short", 10),
    Rule("a file may be given as file:/PATH", Scene.nothing, "upload file:{home}/file {x}", 0),
    Rule("a file may be given as file:///PATH", Scene.nothing, "upload file://{home}/file {x}", 0),
    Rule("a file may be given as file://localhost/PATH", Scene.nothing, "upload file://localhost{home}/file {x}", 0),
    Rule("a file may be given by its whole path", Scene.nothing, "upload {home}/file {x}", 0),
    Rule("a file may be given as ./PATH", Scene.nothing, "upload ./file {x}", 0),
    Rule("a source that is missing is exit 5", Scene.nothing, "upload missing {x}", 5),
    Rule("an unknown scheme is exit 5", Scene.nothing, "upload gopher://host/file {x}", 5),
    Rule("a destination that is not in S3 is exit 6", Scene.nothing, "upload file https://host/x", 6),
    Rule("a bucket that does not exist is exit 6", Scene.nothing, "upload file s3://no-such-bucket-here/x", 6),
    Rule("a part of less than 5 MB is refused", Scene.nothing, "upload file {x} --part-size 4M", 8),
    Rule(
        "40 slots are 40 connections at most",
        Scene.nothing,
        "upload file {x} --part-size 5M --download-slots 40 --upload-slots 40",
        0,
    ),
    Rule("an S3 URL without key is exit 7", Scene.nothing, "download s3://bucket out", 7),
    Rule("what is no S3 URL is exit 7", Scene.nothing, "download https://host/x out", 7),
    Rule("an existing file is exit 11", Scene.local_file, "download {x} out", 11),
    Rule("--file-exists skip exits 0", Scene.local_file, "download {x} out --file-exists skip", 0),
    Rule("--file-exists overwrite replaces it", Scene.local_file, "download {x} out --file-exists overwrite", 0),
    Rule("an unfinished download is exit 12", Scene.partial_download, "download {x} out", 12),
    Rule("--download-exists discard drops it", Scene.partial_download, "download {x} out --download-exists discard", 0),
    Rule(
        "--download-exists resume goes on with it",
        Scene.partial_download,
        "download {x} out --download-exists resume",
        0,
    ),
    Rule("a file may not be named like a partial one", Scene.object_, "download {x} out.partial", 6),
    Rule("cancel with nothing unfinished does nothing", Scene.object_, "cancel {x}", 0),
    Rule("cancel removes all unfinished uploads of an object", Scene.two_unfinished, "cancel {x}", 0),
    Rule("cancel of a URL that ends in / is exit 6", Scene.nothing, "cancel {bucket}dir/", 6),
    Rule("cancel of a whole bucket needs --prefix", Scene.nothing, "cancel {bucket}", 6),
    Rule("cancel --prefix takes whatever begins so", Scene.unfinished_of_a_longer_name, "cancel --prefix {x}", 0),
    Rule("verify prints a digest", Scene.object_, "verify {x}", 0),
    Rule("an unknown checksum is exit 9", Scene.object_, "verify {x} --checksum md17", 9),
    Rule("generate-sse-key writes a key", Scene.nothing, "generate-sse-key key", 0),
]


@pytest.mark.parametrize("rule", RULES, ids=[rule.sentence for rule in RULES])
def test_s3am_s_rule(rule: Rule, home: Path, stored: Stored, command: Command) -> None:
    scene = Scene(home, stored, command)
    rule.scene(scene)
    typed = rule.typed.format(x=stored.url("x"), bucket=stored.url(""), home=home)
    result = command.run(*typed.split()).ended(rule.code)
    if rule.code:
        assert result.error_line
    if rule.typed.startswith("upload file") and rule.code == 0:
        assert stored.unfinished() in ([], [(key, upload) for key, upload in stored.unfinished() if key != "x"])
    if rule.typed.startswith("cancel") and rule.code == 0:
        assert stored.unfinished() == []


def test_cancel_of_one_object_leaves_the_uploads_of_others(command: Command, stored: Stored) -> None:
    stored.begin("x")
    other = stored.begin("x.bai")
    command.run("cancel", stored.url("x")).ended(0)
    assert stored.unfinished() == [("x.bai", other)]


def test_verify_prints_the_md5_and_nothing_else(command: Command, stored: Stored) -> None:
    stored.put("x", b"old")
    assert command.run("verify", stored.url("x")).ended(0).stdout == "149603e6c03516362a8da23f624db945\n"


@pytest.mark.stress
def test_more_than_a_thousand_unfinished_uploads_are_all_cancelled(command: Command, stored: Stored) -> None:
    for _ in range(1002):
        stored.begin("x")
    assert command.run("cancel", stored.url("x"), "--json").ended(0).document["cancelled"] == 1002
    assert stored.unfinished() == []


def test_40_slots_are_40_connections_over_as_many_processes_as_cores(
    command: Command, stored: Stored, http_server: FaultyHttp
) -> None:
    """40 slots on a few cores are 40 connections and no more processes than cores."""
    content = Pattern(260 << 20, seed=4)
    url = http_server.add("/x", content, Slow(bytes_per_second=4 << 20))
    slots = ("--part-size", "5MB", "--download-slots", "40", "--upload-slots", "40")
    running = command.start("upload", url, stored.url("x"), *slots)
    try:
        eventually(lambda: http_server.most_at_once >= 30, "thirty connections at once")
        assert len(running.workers()) <= (os.cpu_count() or 1)
        eventually(lambda: http_server.bytes_sent("/x") > 80 << 20, "two parts over each connection")
    finally:
        running.end()
    assert http_server.most_at_once <= 40
