"""Every command in every broken environment ends with the named error of the table, and never with a trace."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import pytest

from s3am_cloud_cli.main import COMMANDS, run

KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
# Nobody listens there: what gets so far ends with 23.
BASE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_EC2_METADATA_DISABLED": "true", "PATH": os.environ["PATH"]}
UNREACHED, DENIED, WRONG = 23, 14, 2
CREDENTIALS = "[profile p]\ncredential_process = false\n"

Capture = pytest.CaptureFixture[str]


class Environment(NamedTuple):
    """Variables, with {home} for the home folder, what is in ~/.aws/config, and how commands that use AWS end there."""

    code: int
    variables: Mapping[str, str] = {}
    config: str = ""
    keys: bool = True
    home: bool = True


ENVIRONMENTS = {
    "no home and no name": Environment(UNREACHED, home=False),
    "home is /": Environment(UNREACHED, {"HOME": "/"}),
    "home is not there": Environment(UNREACHED, {"HOME": "/nowhere/at/all"}),
    "state folder below a file": Environment(UNREACHED, {"S3AM_CLOUD_STATE_HOME": "{home}/.aws/config/below"}),
    "state folder in /proc": Environment(UNREACHED, {"XDG_STATE_HOME": "/proc/none"}),
    "empty variables": Environment(
        UNREACHED, dict.fromkeys(("AWS_PROFILE", "AWS_CA_BUNDLE", "AWS_REGION", "S3AM_CLOUD_STACK", "NO_PROXY"), "")
    ),
    "no credentials": Environment(DENIED, keys=False),
    "no such profile": Environment(DENIED, {"AWS_PROFILE": "gone"}),
    "half a key": Environment(DENIED, {"AWS_ACCESS_KEY_ID": "a"}, keys=False),
    "unreadable configuration": Environment(DENIED, config="[default\n"),
    "configuration that is no text": Environment(DENIED, config="[default]\nregion = \udcff\n"),
    "failing credential process": Environment(DENIED, {"AWS_PROFILE": "p"}, CREDENTIALS, keys=False),
    "token file that is not there": Environment(
        DENIED, {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere", "AWS_ROLE_ARN": "arn:aws:iam::1:role/r"}, keys=False
    ),
    "endpoint without a scheme": Environment(WRONG, {"AWS_ENDPOINT_URL": "localhost:9000"}),
    "authorities that are not there": Environment(WRONG, {"AWS_CA_BUNDLE": "/nowhere/ca.pem"}),
    "no region of AWS": Environment(WRONG, {"AWS_REGION": "us east 1"}),
    "proxy that is no URL": Environment(WRONG, {"HTTP_PROXY": "http://[::hidden"}),
    "proxy that nobody runs": Environment(UNREACHED, {"ALL_PROXY": "http://user:hidden@127.0.0.1:9"}),
}


class Entry(NamedTuple):
    """A command's arguments, with {home} for the home folder, and how it ends where it does not come to use AWS."""

    arguments: str
    own: int | None = None


ENTRIES = {
    "upload": [Entry("upload {home}/file s3://b/k"), Entry("upload --json {home}/file s3://b/k --resume")],
    "download": [Entry("download s3://b/k {home}/out"), Entry("download s3://b/k -")],
    "submit": [Entry("submit https://127.0.0.1:9/x s3://b/k"), Entry("submit --request {home}/request.json")],
    "plan": [Entry("plan s3://b/x s3://b/k")],
    "status": [Entry("status some-job --json")],
    "watch": [Entry("watch some-job")],
    "resume": [Entry("resume some-job")],
    "jobs": [Entry("jobs")],
    "logs": [Entry("logs some-job")],
    "events": [Entry("events failed"), Entry("events replay some-event")],
    "schema": [Entry("schema outcome", 0)],
    "ls": [Entry("ls s3://b/k")],
    "verify": [Entry("verify s3://b/k")],
    "receipt": [Entry("receipt s3://b/k")],
    "cancel": [Entry("cancel s3://b/k"), Entry("cancel some-job")],
    "generate-sse-key": [Entry("generate-sse-key {home}", 11)],
    "doctor": [Entry("doctor --help", 0)],
    "deploy": [Entry("deploy --help", 0)],
    "template": [Entry("template --help", 0)],
    "destroy": [Entry("destroy --yes")],
    "local": [Entry("local --help", 0)],
    "demo": [Entry("demo --help", 0)],
}
PAIRS = [
    (environment, entry) for environment in ENVIRONMENTS for entry in (one for many in ENTRIES.values() for one in many)
]
# Every entry and every environment several times; all pairs are for those who have the time.
CHOSEN = PAIRS[:: len(ENVIRONMENTS) - 5]


def test_every_command_is_in_the_table() -> None:
    assert list(ENTRIES) == list(COMMANDS)
    assert {name for name, _ in CHOSEN} == set(ENVIRONMENTS)


@pytest.mark.parametrize(("name", "entry"), CHOSEN)
def test_a_command_ends_as_the_table_says(
    name: str, entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    _walk(ENVIRONMENTS[name], entry, tmp_path, monkeypatch, capfd)


@pytest.mark.stress
@pytest.mark.parametrize(("name", "entry"), [pair for pair in PAIRS if pair not in CHOSEN])
def test_every_command_ends_as_the_table_says(
    name: str, entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    _walk(ENVIRONMENTS[name], entry, tmp_path, monkeypatch, capfd)


def _walk(
    environment: Environment,
    entry: Entry,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: Capture,
) -> None:
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text(environment.config, errors="surrogateescape")
    (home / "file").write_bytes(b"x")
    (home / "request.json").write_text('{"source": "https://127.0.0.1:9/x", "destination": "s3://b/k"}')
    variables = {"HOME": str(home), **BASE, **(KEYS if environment.keys else {}), **environment.variables}
    if not environment.home:
        del variables["HOME"]
        monkeypatch.setattr(pwd, "getpwuid", mock.Mock(side_effect=KeyError))
    monkeypatch.chdir(home)
    # What nobody answers is asked again after a while.
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    monkeypatch.setattr("s3am_cloud.adapters.clock.SystemClock.sleep", lambda self, seconds: None)
    with mock.patch.dict(os.environ, {k: v.replace("{home}", str(home)) for k, v in variables.items()}, clear=True):
        code = run([word.replace("{home}", str(home)) for word in entry.arguments.split()])
    out, err = capfd.readouterr()
    assert (code, "hidden" in out + err) == (environment.code if entry.own is None else entry.own, False), err
    assert not any(word in err for word in ("Traceback", "Unexpected", "--debug")), err
