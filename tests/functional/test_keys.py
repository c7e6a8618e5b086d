"""Encryption with customer keys, by the installed command: what is written with a key is read with it alone."""

from __future__ import annotations

import base64
import stat
from pathlib import Path
from typing import Any

import pytest

from s3am_cloud.sse import SseKey, derive
from s3am_cloud.urls import S3Url
from servers.content import Pattern, write_file
from servers.proxy import FaultyProxy
from servers.proxy_rules import HEAD, Respond
from support.command import Command
from support.stored import Stored, assert_file_holds

MIB = 1 << 20
CONTENT = Pattern(13 * MIB, seed=11)
KEY = bytes(range(32))
OTHER = bytes(range(1, 33))


@pytest.fixture
def sent(home: Path) -> Path:
    return write_file(CONTENT, home / "sent.bin")


@pytest.fixture
def key_file(home: Path) -> Path:
    (home / "key").write_bytes(KEY)
    return home / "key"


@pytest.fixture
def encrypted(command: Command, sent: Path, key_file: Path, stored: Stored) -> str:
    """The URL of an object that was uploaded with a key."""
    command.run("upload", sent, stored.url("secret"), "--part-size", "5MB", "--sse-key-file", key_file).ended(0)
    return stored.url("secret")


def test_generate_sse_key_writes_32_random_bytes_for_the_owner(command: Command, home: Path) -> None:
    """generate-sse-key writes 32 random bytes that only the owner can read."""
    command.run("generate-sse-key", "one").ended(0)
    command.run("generate-sse-key", "two").ended(0)
    one, two = (home / name for name in ("one", "two"))
    assert len(one.read_bytes()) == len(two.read_bytes()) == 32
    assert one.read_bytes() != two.read_bytes()
    assert stat.S_IMODE(one.stat().st_mode) == 0o600


def test_generate_sse_key_replaces_no_key(command: Command, home: Path) -> None:
    (home / "key").write_bytes(KEY)
    command.run("generate-sse-key", "key").ended(11)
    assert (home / "key").read_bytes() == KEY


def test_an_object_written_with_a_key_is_read_with_it(
    command: Command, encrypted: str, key_file: Path, home: Path
) -> None:
    command.run("download", encrypted, "back.bin", "--sse-key-file", key_file).ended(0)
    assert_file_holds(home / "back.bin", CONTENT)


@pytest.mark.parametrize("given", [[], ["--sse-key-base64", base64.b64encode(OTHER).decode()]])
def test_without_its_key_or_with_another_one_nothing_is_read(
    given: list[str], command: Command, encrypted: str, home: Path
) -> None:
    refused = command.run("download", encrypted, "back.bin", *given).ended(10)
    assert refused.error_line
    assert not (home / "back.bin").exists()


def test_an_upload_onto_an_object_of_another_key_is_exit_code_10(command: Command, encrypted: str, sent: Path) -> None:
    """An upload to where an object is under another key ends with exit code 10."""
    command.run("upload", sent, encrypted).ended(10)


def test_an_upload_onto_an_object_that_may_not_be_read_is_exit_code_10(
    through_proxy: Command, stored: Stored, s3_proxy: FaultyProxy, sent: Path
) -> None:
    """S3AM's rule, which holds where the object is known to exist; without it the permission is what is missing."""
    s3_proxy.add(HEAD, Respond(403, "AccessDenied"), skip=1, times=None)
    through_proxy.run("upload", sent, stored.url("none")).ended(14)
    stored.put("one", b"x")
    through_proxy.run("upload", sent, stored.url("one")).ended(10)


@pytest.mark.parametrize(
    "given",
    [
        ["--sse-key", "k" * 32],
        ["--sse-key-base64", base64.b64encode(b"k" * 32).decode()],
        ["--sse-key-command", "printf " + "k" * 32],
        [],
    ],
)
def test_every_way_to_give_a_key_gives_the_same_key(
    given: list[str], command: Command, sent: Path, stored: Stored, home: Path
) -> None:
    (home / "k").write_bytes(b"k" * 32)
    variable = base64.b64encode(b"k" * 32).decode() if not given else ""
    command.run("upload", sent, stored.url("x"), *given, S3AM_CLOUD_SSE_KEY=variable).ended(0)
    command.run("download", stored.url("x"), "back.bin", "--sse-key-file", "k").ended(0)
    assert_file_holds(home / "back.bin", CONTENT)


def test_two_ways_to_give_a_key_exclude_each_other(command: Command, sent: Path, stored: Stored) -> None:
    given = ("--sse-key", "k" * 32, "--sse-key-base64", base64.b64encode(KEY).decode())
    command.run("upload", sent, stored.url("x"), *given).ended(2)


@pytest.mark.parametrize(
    "given",
    [
        ["--sse-key", "hunter2"],
        ["--sse-key-base64", "hunter2-is-no-base64!"],
        ["--sse-key-file", "missing"],
        ["--sse-key-command", "false"],
    ],
)
def test_what_is_no_key_ends_with_exit_code_10_and_is_not_repeated(
    given: list[str], command: Command, sent: Path, stored: Stored
) -> None:
    refused = command.run("upload", sent, stored.url("x"), *given, "--debug").ended(10)
    assert "hunter2" not in refused.stdout + refused.stderr
    stored.assert_untouched()


def test_a_master_key_gives_each_object_the_key_that_s3am_gave_it(
    command: Command, sent: Path, key_file: Path, stored: Stored, home: Path
) -> None:
    given = ("--sse-key-file", key_file, "--sse-key-is-master")
    command.run("upload", sent, stored.url("x"), *given).ended(0)
    own = derive(SseKey(KEY), S3Url(stored.bucket, "x"), "us-east-1")
    answer: Any = stored.client.get_object(
        Bucket=stored.bucket, Key="x", SSECustomerAlgorithm="AES256", SSECustomerKey=own.raw
    )
    assert answer["Body"].read() == bytes(CONTENT.read(0, CONTENT.size))
    command.run("download", stored.url("x"), "back.bin", *given).ended(0)
    assert_file_holds(home / "back.bin", CONTENT)


def test_verify_reads_with_a_key_and_with_a_master_key(
    command: Command, encrypted: str, sent: Path, key_file: Path, stored: Stored
) -> None:
    import hashlib

    digest = hashlib.md5(sent.read_bytes()).hexdigest()
    assert command.run("verify", encrypted, "--sse-key-file", key_file).ended(0).stdout.strip() == digest
    master = ("--sse-key-file", key_file, "--sse-key-is-master")
    command.run("upload", sent, stored.url("x"), *master).ended(0)
    assert command.run("verify", stored.url("x"), *master).ended(0).stdout.strip() == digest
    command.run("verify", encrypted).ended(10)


def test_no_key_shows_in_anything_that_is_said_or_kept(command: Command, sent: Path, stored: Stored) -> None:
    key = "abcdefghijklmnopqrstuvwxyz012345"
    shown = command.run("upload", sent, stored.url("x"), "--sse-key", key, "--debug", "--verbose", "--json").ended(0)
    again = command.run("upload", sent, stored.url("x"), "--sse-key", key[::-1], "--debug").ended(10)
    for secret in (key, key[::-1], base64.b64encode(key.encode()).decode(), key.encode().hex()):
        assert secret not in shown.stdout + shown.stderr + again.stdout + again.stderr
        for path in command.state.rglob("*"):
            assert not path.is_file() or secret.encode() not in path.read_bytes()


def test_a_failed_upload_with_a_key_is_resumed_with_it(command: Command, stored: Stored, http_server: Any) -> None:
    from servers.faults import Status

    url = http_server.add("/x", CONTENT, Status(status=404, where=lambda request: "bytes=0-" not in _range(request)))
    given = ("--part-size", "5MB", "--download-slots", "1", "--sse-key", "k" * 32)
    command.run("upload", url, stored.url("x"), *given).ended(5)
    http_server.set_faults("/x")
    command.run("upload", url, stored.url("x"), *given, "--resume").ended(0)
    command.run("download", stored.url("x"), "back", "--sse-key", "k" * 32).ended(0)


def _range(request: Any) -> str:
    return str(request.headers.get("range", ""))
