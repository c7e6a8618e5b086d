"""Every command, with names, settings and servers that write to the terminal: it obeys none, and no line is forged."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from s3am_cloud_cli.main import COMMANDS, run
from servers.endless import serving

# The same as its own text in UTF-8, in the parts of an HTTP answer that are read as Latin-1.
EVIL = "\x1b]0;pwned\x07\u202e\x9b31m\x7f\u2028"
FORGED = "\ns3am-cloud: done"
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
XML = f"<Error><Code>Evil</Code><Message>{EVIL[1:].replace(chr(7), '')}{FORGED}</Message></Error>".encode()
EVIL_LINE = EVIL.encode()
REFUSAL = b"HTTP/1.1 403 No %b\r\nContent-Type: %b\r\nServer: %b\r\nETag: %b\r\nContent-Length: %d\r\n\r\n" % (
    EVIL_LINE,
    EVIL_LINE,
    EVIL_LINE,
    EVIL_LINE,
    len(XML),
)
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_EC2_METADATA_DISABLED": "true"}
# With {n} for a name of theirs, {home} for the home folder, and {ftp}, {ssh} and {http} for servers of theirs.
WALK = {
    "upload": [
        "upload {home}/{n} s3://b/{n}",
        "upload {home}/{n} s3://b/{n} --resume --verbose",
        "upload ftp://{ftp}/x s3://b/{n}",
        "upload sftp://{ssh}/x s3://b/{n}",
        "upload {http}/x s3://b/{n} --debug",
        "upload s3://b/{n} s3://b/k",
        "upload {n} s3://b/k",
        "upload {home}/{n} s3://b/k --exists {n}",
        "upload {home}/{n} s3://b/k --metadata {n}",
        "upload {home}/{n} s3://b/k --content-type {n}",
        "upload {home}/{n} s3://b/k --expect {n}",
        "upload {home}/{n} s3://b/k --{n}",
        "upload {home}/{n} s3://b/k --profile {n}",
        "upload {home}/{n} s3://b/k --region {n}",
        "upload {home}/{n} s3://b/k --endpoint-url {n}",
        "upload {home}/{n} s3://b/k --sse-key-file {n}",
    ],
    "download": ["download s3://b/{n} {home}", "download s3://b/{n} {home}/{n}/x", "download s3://{n}/k {home}"],
    "submit": [
        "submit http://{n}/x s3://b/k",
        "submit --request {home}/{n}",
        "submit https://h/x s3://b/{n} --stack {n}",
    ],
    "plan": ["plan s3://b/{n} s3://b/{n}", "plan https://h/x s3://b/k --rate {n}"],
    "status": ["status {n}", "status --json {n}"],
    "watch": ["watch {n}"],
    "resume": ["resume {n} --source {n}"],
    "jobs": ["jobs --most {n}", "jobs --stack {n}"],
    "logs": ["logs {n}"],
    "events": ["events failed --stack {n}", "events replay {n}", "events {n}"],
    "schema": ["schema {n}"],
    "ls": ["ls s3://b/{n}", "ls --unfinished s3://b/{n}"],
    "verify": ["verify s3://b/{n}", "verify s3://b/k --checksum {n}"],
    "receipt": ["receipt s3://b/{n}", "receipt --json s3://b/{n}"],
    "cancel": ["cancel s3://b/{n}", "cancel {n}", "cancel s3://b/{n}/"],
    "generate-sse-key": ["generate-sse-key {home}/{n}", "generate-sse-key {home}/new{n}", "generate-sse-key {n}/x"],
    "doctor": ["doctor s3://b/{n}", "doctor {n}"],
    "deploy": ["deploy --{n}"],
    "template": ["template {n}"],
    "destroy": ["destroy --yes --stack {n}", "destroy {n}"],
    "local": ["local {n}"],
    "demo": ["demo {n}"],
    "{n}": ["{n}"],
}


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, str]]:
    """Servers that say it wherever they can: in a refusal's reason, headers and message, a reply, a banner."""
    ssh = b"SSH-2.0-%b\r\n" % EVIL_LINE
    with (
        serving(lambda request: REFUSAL + (b"" if request.startswith(b"HEAD") else XML)) as store,
        serving(lambda line: b"530 %b\r\n" % EVIL_LINE, b"\r\n", b"220 %b\r\n" % EVIL_LINE) as ftp,
        serving(lambda message: ssh, b"\r\n", ssh) as sftp,
    ):
        yield {
            "{ftp}": ftp.url().split("/")[2],
            "{ssh}": sftp.url().split("/")[2],
            "{http}": store.url()[: -len("/x.bin")],
        }


def test_the_walk_has_every_command() -> None:
    assert [*COMMANDS, "{n}"] == list(WALK)


@pytest.mark.parametrize("command", WALK)
def test_nothing_that_is_printed_is_obeyed_or_forged(
    command: str,
    servers: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    name = EVIL + FORGED
    (tmp_path / name).write_bytes(b"x")
    (tmp_path / "known_hosts").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    monkeypatch.setattr("s3am_cloud.adapters.clock.SystemClock.sleep", lambda self, seconds: None)
    variables = {**KEYS, "HOME": str(tmp_path), "PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": servers["{http}"]}
    variables["S3AM_CLOUD_SSH_KNOWN_HOSTS"] = str(tmp_path / "known_hosts")
    for line in WALK[command]:
        words = [_filled(word, {**servers, "{home}": str(tmp_path), "{n}": name}) for word in line.split()]
        with mock.patch.dict(os.environ, variables, clear=True):
            code = run(words)
        out, err = capfd.readouterr()
        assert code in {0, 2, 3, 5, 6, 7, 9, 10, 11, 14, 23, 25}, (line, code, err)
        assert not OBEYED.search(out + err), (line, ascii(out + err))
        assert not any(said.startswith("s3am-cloud: done") for said in (out + err).splitlines()), (line, err)
        if "--json" in line:
            assert "\n" not in json.loads(out)["error"]["name"]


@pytest.mark.parametrize(
    "variable", ["AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL", "S3AM_CLOUD_STACK", "HTTPS_PROXY"]
)
def test_settings_of_the_environment_are_not_obeyed_either(
    variable: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with mock.patch.dict(os.environ, {**KEYS, "HOME": str(tmp_path), variable: f"x{EVIL}{FORGED}"}, clear=True):
        code = run(["jobs"])
    out, err = capfd.readouterr()
    assert code in {2, 14, 23}, err
    assert not OBEYED.search(out + err), ascii(out + err)
    assert len(err.splitlines()) == 1


BREAK = "%0d%0aX-Evil:%201%0d%0aDELE%20x"


@pytest.mark.parametrize("scheme", ["ftp", "ftpes", "ftps", "sftp", "http"])
def test_an_encoded_line_break_makes_no_command_and_no_header(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    monkeypatch.setattr("s3am_cloud.adapters.clock.SystemClock.sleep", lambda self, seconds: None)
    end = b"\r\n\r\n" if scheme == "http" else b"\r\n"
    answer = b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n" if scheme == "http" else b"500 no\r\n"
    with serving(lambda message: answer, end, b"" if scheme == "http" else b"220 hello\r\n") as server:
        url = f"{scheme}://127.0.0.1:{server.port}/a{BREAK}"
        variables = {**KEYS, "HOME": str(tmp_path), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
        with mock.patch.dict(os.environ, variables, clear=True):
            codes = [run(["plan", url, "s3://b/k"]), run(["plan", url.replace("://", f"://u{BREAK}:p@"), "s3://b/k"])]
    said = b"\r\n".join(server.messages).splitlines()
    assert codes == [5, 5]
    assert not [line for line in said if line.startswith((b"X-Evil", b"DELE"))]
    assert bool(said) == (scheme == "http"), "file servers are not even asked"


def _filled(word: str, values: dict[str, str]) -> str:
    for mark, value in values.items():
        word = word.replace(mark, value)
    return word
