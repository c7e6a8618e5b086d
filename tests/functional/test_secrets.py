"""Passwords, signatures and keys are shown nowhere, whatever happens."""

from pathlib import Path

import pytest

from servers.content import Pattern
from servers.faults import BasicAuth, NeedsHeader, Redirect, Reset, Status
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


@pytest.fixture
def ways(home: Path, http_server: FaultyHttp) -> dict[str, tuple[str, ...]]:
    """Every way to give the server a header or a cookie with the password in it."""
    place = http_server.url("").rstrip("/")
    lines = {
        "header": f"X-Token: {PASSWORD}\n",
        "token": f"{PASSWORD}\n",
        "cookies": f"127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\t{PASSWORD}\n",
        "hosts": f'["{place}"]\nbearer = {{file = "token"}}\n',
    }
    for name, text in lines.items():
        (home / name).write_text(text)
    return {
        "--header": ("--header", f"X-Token: {PASSWORD}"),
        "--header-file": ("--header-file", "header"),
        "--bearer-file": ("--bearer-file", "token"),
        "--cookie-file": ("--cookie-file", "cookies"),
        "--hosts-file": ("--hosts-file", "hosts"),
    }


WANTED = {
    "--header": NeedsHeader(name="X-Token", value=PASSWORD),
    "--header-file": NeedsHeader(name="X-Token", value=PASSWORD),
    "--bearer-file": NeedsHeader(name="Authorization", value=f"Bearer {PASSWORD}"),
    "--cookie-file": NeedsHeader(name="Cookie", value=f"session={PASSWORD}"),
    "--hosts-file": NeedsHeader(name="Authorization", value=f"Bearer {PASSWORD}"),
}


@pytest.mark.parametrize("way", WANTED)
def test_a_login_is_sent_and_neither_shown_nor_kept(
    way: str, ways: dict[str, tuple[str, ...]], command: Command, stored: Stored, http_server: FaultyHttp
) -> None:
    """For one object, whether it arrives or not, and for many."""
    url = http_server.add("/x.bin", CONTENT, WANTED[way])
    sent = command.run("upload", *ways[way], url, stored.url("x.bin"), *SMALL_PARTS, "--debug", "--json").ended(0)
    stored.assert_holds("x.bin", CONTENT)
    http_server.set_faults("/x.bin", WANTED[way], Status(status=404, skip=2))
    failed = command.run("upload", *ways[way], url, stored.url("y.bin"), *SMALL_PARTS, "--debug").ended(5)
    http_server.set_faults("/x.bin", WANTED[way])
    http_server.add("/z.bin", b"few", WANTED[way])
    both = (url, http_server.url("/z.bin"), stored.url("many/"))
    many = command.run("upload", *ways[way], *both, "--json-lines", "--report-dir", "report").ended(0)
    for result in (sent, failed, many):
        _assert_silent(result)
    kept = [path for folder in (command.state, command.home / "report") for path in folder.rglob("*") if path.is_file()]
    assert kept
    assert [path for path in kept if PASSWORD.encode() in path.read_bytes()] == []


@pytest.mark.parametrize(
    "words",
    [
        ("--header", f"X-Token {PASSWORD}"),
        ("--header", "X-Token:", PASSWORD),
        ("--header", f"Range: {PASSWORD}"),
        ("--header-file", "cookies"),
        ("--bearer-file", "cookies"),
        ("--cookie-file", "header"),
        ("--hosts-file", "header"),
    ],
)
def test_a_login_that_is_none_is_not_echoed(
    words: tuple[str, ...], ways: dict[str, tuple[str, ...]], command: Command, http_server: FaultyHttp
) -> None:
    refused = command.run("upload", *words, http_server.url("/x.bin"), "s3://bucket/x", "--debug", "--json").ended(2)
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
