"""Uploads that are held to a checksum: what becomes of content that is another."""

import hashlib
from pathlib import Path

import pytest

from servers.content import pattern, write_file
from servers.faulty_http import FaultyHttp
from support.command import Command
from support.stored import Stored, answer

MIB = 1 << 20
SMALL_PARTS = ("--part-size", "5MB")
WRONG = f"sha256:{'0' * 64}"


class Expected:
    """Uploads from one kind of source, of one size."""

    def __init__(self, command: Command, source: str, data: bytes, stored: Stored) -> None:
        self.command, self.source, self.data, self.stored = command, source, data, stored

    def upload(self, expect: str, *options: str) -> int:
        arguments = (self.source, self.stored.url("x.bin"), "--expect", expect, *SMALL_PARTS, *options)
        result = self.command.run("upload", *arguments)
        assert self.command.records() == []
        assert self.stored.unfinished() == []
        return result.returncode


@pytest.fixture
def make(home: Path, command: Command, stored: Stored, http_server: FaultyHttp) -> "Make":
    return Make(home, command, stored, http_server)


class Make:
    """Makes uploads from every kind of source."""

    def __init__(self, home: Path, command: Command, stored: Stored, server: FaultyHttp) -> None:
        self.home, self.command, self.stored, self.server = home, command, stored, server

    def __call__(self, kind: str, size: int) -> Expected:
        data = pattern(size, size + 1)
        if kind == "file":
            source = str(write_file(data, self.home / "sent.bin"))
        elif kind == "http":
            source = self.server.add("/sent.bin", data)
        else:
            self.stored.put("sent.bin", data)
            source = self.stored.url("sent.bin")
        return Expected(self.command, source, data, self.stored)


@pytest.mark.parametrize(("kind", "algorithm"), [("file", "sha256"), ("http", "crc64nvme"), ("s3", "sha256")])
def test_an_upload_that_is_what_was_expected_succeeds(make: Make, kind: str, algorithm: str) -> None:
    upload = make(kind, 12 * MIB)
    assert upload.upload(f"{algorithm}:{answer(algorithm, upload.data)}") == 0
    told = upload.command.run("verify", upload.stored.url("x.bin"), "--checksum", "sha256").ended(0)
    assert told.stdout.strip() == answer("sha256", upload.data)


@pytest.mark.parametrize(
    ("kind", "size", "expect"),
    [
        ("file", 1, WRONG),
        ("file", 12 * MIB, "crc32c:01234567"),
        ("file", 12 * MIB, "crc64nvme:0123456789abcdef"),
        ("http", 0, WRONG),
        ("http", 1, "crc64nvme:0123456789abcdef"),
        ("http", 12 * MIB, WRONG),
        ("s3", 12 * MIB, "crc32c:01234567"),
    ],
)
def test_an_upload_that_is_not_what_was_expected_leaves_nothing(make: Make, kind: str, size: int, expect: str) -> None:
    upload = make(kind, size)
    assert upload.upload(expect) == 21
    assert set(upload.stored.keys()) <= {"sent.bin"}


@pytest.mark.parametrize(("kind", "expect"), [("file", WRONG), ("http", WRONG), ("http", "crc64nvme:0123456789abcdef")])
def test_it_stays_with_keep_mismatch_and_is_no_success_all_the_same(make: Make, kind: str, expect: str) -> None:
    upload = make(kind, 6 * MIB)
    assert upload.upload(expect, "--keep-mismatch") == 21
    stored = upload.stored.client.get_object(Bucket=upload.stored.bucket, Key="x.bin")["Body"].read()
    assert hashlib.sha256(stored).hexdigest() == answer("sha256", upload.data)


@pytest.mark.parametrize(("expect", "size"), [(WRONG, 1), ("crc64nvme:0123456789abcdef", 12 * MIB)])
def test_an_object_is_not_replaced_by_an_unexpected_local_file(make: Make, expect: str, size: int) -> None:
    """An object is not replaced by a local file that is not what was expected."""
    upload = make("file", size)
    upload.stored.put("x.bin", b"good")
    assert upload.upload(expect, "--exists", "overwrite") == 21
    assert upload.stored.client.get_object(Bucket=upload.stored.bucket, Key="x.bin")["Body"].read() == b"good"


def test_a_receipt_says_what_was_expected(make: Make) -> None:
    upload = make("file", 12 * MIB)
    expect = f"sha512:{answer('sha512', upload.data)}"
    told = upload.command.run("upload", upload.source, upload.stored.url("x.bin"), "--expect", expect, "--json")
    assert told.ended(0).document["expected"] == expect


def test_only_the_version_that_was_written_is_deleted(make: Make) -> None:
    upload = make("http", 6 * MIB)
    upload.stored.client.put_bucket_versioning(
        Bucket=upload.stored.bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    upload.stored.put("x.bin", b"good")
    assert upload.upload(WRONG, "--exists", "overwrite") == 21
    assert upload.stored.client.get_object(Bucket=upload.stored.bucket, Key="x.bin")["Body"].read() == b"good"
    listed = upload.stored.client.list_object_versions(Bucket=upload.stored.bucket, Prefix="x.bin")
    assert (len(listed["Versions"]), listed.get("DeleteMarkers", [])) == (1, [])
