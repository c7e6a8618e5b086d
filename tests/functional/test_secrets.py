"""Passwords, signatures and keys are shown nowhere, whatever happens."""

from pathlib import Path

import pytest

from servers.content import Pattern
from servers.faults import BasicAuth, Redirect, Reset, Status
from servers.faulty_http import FaultyHttp
from servers.strict_s3 import StrictS3
from support.command import Command, Result
from support.stored import Stored

MIB = 1 << 20
PASSWORD = "pa55w0rd"
LOGIN = f"alice:{PASSWORD}"
SIGNATURE = "deadbeef51gnature"
CONTENT = Pattern(6 * MIB)
SMALL_PARTS = ("--part-size", "5MB")


def _assert_silent(result: Result) -> None:
    for secret in (PASSWORD, SIGNATURE, StrictS3.secret_key):
        assert secret not in result.stdout
        assert secret not in result.stderr


@pytest.mark.parametrize("options", [(), ("--json",), ("--verbose",), ("--debug",)])
def test_a_url_with_secrets_is_read_and_they_are_not_shown(
    options: tuple[str, ...], command: Command, stored: Stored, http_server: FaultyHttp
) -> None:
    """A URL with a password and a signature is read and its secrets are not shown."""
    http_server.add("/x.bin", CONTENT, BasicAuth(user="alice", password=PASSWORD))
    url = http_server.url(f"/x.bin?X-Amz-Signature={SIGNATURE}", login=LOGIN)
    sent = command.run("upload", url, stored.url("x.bin"), *SMALL_PARTS, *options).ended(0)
    stored.assert_holds("x.bin", CONTENT)
    assert "127.0.0.1" in sent.stdout
    _assert_silent(sent)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Status(status=403), 14),
        (Status(status=404), 5),
        (Status(status=404, skip=1), 5),
        (Reset(after=0), 23),
        (Redirect(to=f"gopher://{LOGIN}@127.0.0.1/?s={SIGNATURE}"), 5),
    ],
    ids=["403", "404", "404 midway", "reset", "redirect"],
)
def test_an_error_shows_no_secret_of_the_url_even_with_debug(
    fault: Status | Reset | Redirect, code: int, command: Command, stored: Stored, http_server: FaultyHttp
) -> None:
    http_server.add("/x.bin", CONTENT, fault)
    url = http_server.url(f"/x.bin?X-Amz-Signature={SIGNATURE}", login=LOGIN)
    failed = command.run("upload", url, stored.url("x.bin"), *SMALL_PARTS, "--debug", "--json").ended(code)
    _assert_silent(failed)


@pytest.mark.parametrize(
    "arguments",
    [
        ("upload", f"gopher://{LOGIN}@host/x", "s3://bucket/x"),
        ("upload", f"http://{LOGIN}@host:port/x", "s3://bucket/x"),
        ("upload", f"http://alice:12{PASSWORD}/34@host/x", "s3://bucket/x"),
        ("upload", f"http://{LOGIN}@[::1/x", "s3://bucket/x"),
        ("upload", f"http://{LOGIN}@host/a b", "s3://bucket/x"),
        ("upload", f"http://{LOGIN}@host/", "s3://bucket/"),
        ("upload", "file", f"https://{LOGIN}@host/x?{SIGNATURE}"),
        ("upload", "file", "s3://bucket/x", f"https://{LOGIN}@host/x?{SIGNATURE}"),
        ("download", f"https://{LOGIN}@host/x?{SIGNATURE}", "."),
        ("cancel", f"https://{LOGIN}@host/x?{SIGNATURE}"),
        (f"https://{LOGIN}@host/x?{SIGNATURE}", "s3://bucket/x"),
    ],
)
def test_a_url_that_is_refused_is_not_echoed_with_its_secrets(arguments: tuple[str, ...], command: Command) -> None:
    refused = command.run(*arguments, "--debug")
    assert refused.returncode not in (0, 1), refused.stderr
    _assert_silent(refused)


def test_the_record_of_an_upload_holds_no_secret_and_serves_a_resume(
    command: Command, stored: Stored, http_server: FaultyHttp
) -> None:
    """The record of an unfinished upload holds no secret and serves a resume all the same."""
    http_server.add("/x.bin", CONTENT, Status(status=404, skip=1))
    url = http_server.url("/x.bin", login=LOGIN)
    command.run("upload", url, stored.url("x.bin"), *SMALL_PARTS).ended(5)
    assert command.records(), "without a record the upload could not be resumed"
    assert [name for name in command.records() if _holds_password(command.state / name)] == []
    http_server.set_faults("/x.bin")
    command.run("upload", url, stored.url("x.bin"), *SMALL_PARTS, "--resume").ended(0)
    stored.assert_holds("x.bin", CONTENT)


def _holds_password(path: Path) -> bool:
    return PASSWORD in path.read_text()
