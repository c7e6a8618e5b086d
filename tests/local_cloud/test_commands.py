"""`local up`, `status`, `env` and `down` as a user runs them, each on a cloud of the test's own."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_cloud.probes import Probes, eventually
from s3am_cloud_cli import local_cloud as embedded
from s3am_cloud_cli.local_cloud import LocalCloud, aws
from s3am_cloud_cli.local_cloud.state import StateFolder

FIELDS = [
    "endpoint_url",
    "region",
    "access_key_id",
    "stack",
    "state_machine_arn",
    "work_bucket",
    "event_bus",
    "pid",
]
PROGRAM = [str(Path(sys.executable).with_name("s3am-cloud")), "local"]


class Command:
    """The command with a state folder of its own, and an AWS configuration that would break whatever used it."""

    def __init__(self, state_home: Path) -> None:
        hostile = {
            "AWS_PROFILE": "no-such-profile",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
            "AWS_ACCESS_KEY_ID": "AKIAUSERS",
            "AWS_SECRET_ACCESS_KEY": "users-own",
            "AWS_CA_BUNDLE": "/nowhere",
        }
        self.environment = {**os.environ, **hostile, "S3AM_CLOUD_STATE_HOME": str(state_home)}
        self.folder = StateFolder(state_home / "local")

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*PROGRAM, *arguments],
            env=self.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str, **variables: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        process = self.start(*arguments, **variables)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def json(self, *arguments: str) -> Any:
        code, out, err = self(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    def cloud(self) -> LocalCloud:
        """The running one, with its key."""
        record = self.folder.record()
        assert record is not None
        return record.cloud


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path / "state")
    yield command
    command("down")


def members(group: int) -> list[int]:
    """The processes of a group that are more than an entry waiting to be collected."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group, *_ = place.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(its_group) == group and state != "Z":
            found.append(int(place.parent.name))
    return found


def listening_addresses(pids: list[int]) -> set[str]:
    """The local addresses on which the processes listen, in hex as the kernel shows them (proc(5), /proc/net/tcp)."""
    sockets = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                sockets.add(descriptor.readlink().name.removeprefix("socket:[").removesuffix("]"))
            except FileNotFoundError:
                continue
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    return {line[1].partition(":")[0] for line in lines if line[3] == "0A" and line[9] in sockets}


def test_up_status_env_and_down_are_about_one_cloud_and_leave_nothing(command: Command) -> None:
    """`up`, `status`, `env` and `down` are about one cloud, which leaves nothing behind."""
    assert command("status", "--json")[:2] == (1, '{"running":false}\n')
    cloud = command.json("up")
    assert list(cloud) == FIELDS
    assert command.json("up") == cloud
    assert command.json("status") == cloud
    code, out, _ = command("env")
    assert code == 0
    exports = dict(shlex.split(line)[1].split("=", 1) for line in out.splitlines())
    assert exports == embedded.environment(command.cloud())
    assert exports["AWS_SECRET_ACCESS_KEY"] not in str(cloud) + repr(command.cloud()) + repr(command.folder.server())
    buckets = aws.client("s3", command.cloud()).list_buckets()["Buckets"]
    assert not [each for each in buckets if each["Name"].startswith("cdk-")], "`deploy --local` could not bootstrap"
    probes = Probes(command.cloud(), command.folder.root)
    probes.invoke(probes.function)
    processes = members(cloud["pid"])
    assert len(processes) == 2  # the emulator and one function
    assert listening_addresses(processes) == {"0100007F"}  # 127.0.0.1
    code, out, err = command("down")
    assert (code, err) == (0, "")
    assert members(cloud["pid"]) == []
    assert not command.folder.record_file.exists()
    assert not command.folder.run_folder.exists()
    assert command.json("down") == {"running": False, "was_running": False}


def test_two_at_once_start_one_cloud(command: Command) -> None:
    both = [command.start("up", "--json") for _ in range(2)]
    clouds = [json.loads(process.communicate(timeout=60)[0]) for process in both]
    assert clouds[0] == clouds[1]
    assert members(clouds[0]["pid"]) == [clouds[0]["pid"]]


def test_a_cloud_that_was_killed_is_seen_as_gone_and_started_anew(command: Command) -> None:
    first = command.json("up")
    probes = Probes(command.cloud(), command.folder.root)
    probes.invoke(probes.function)
    os.kill(first["pid"], signal.SIGKILL)
    eventually(lambda: not members(first["pid"]))  # its function ends with it
    assert command("status")[0] == 1
    second = command.json("up")
    assert second["pid"] != first["pid"]
    assert command.json("status") == second


def test_a_changed_stack_is_deployed_on_the_running_cloud(command: Command) -> None:
    first = command.json("up")
    record = json.loads(command.folder.record_file.read_text())
    command.folder.record_file.write_text(json.dumps(record | {"fingerprint": "of other sources"}))
    code, out, err = command("up", "--json")
    assert (code, json.loads(out)) == (0, first)
    assert "deploying the stack" in err
    assert command("up")[2] == ""


def test_env_of_no_cloud_is_one_line_with_a_hint(command: Command) -> None:
    code, out, err = command("env")
    assert (code, out) == (2, "")
    assert "not running" in err
    assert "local up" in err
    assert "Traceback" not in err


def test_a_missing_extra_is_one_line_that_says_what_to_install(command: Command, tmp_path: Path) -> None:
    hide = tmp_path / "hide"
    hide.mkdir()
    (hide / "sitecustomize.py").write_text(
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'ministack' else find(name, *rest)\n"
    )
    code, out, err = command("up", PYTHONPATH=str(hide))
    assert (code, out) == (2, "")
    assert "pip install 's3am-cloud[local]'" in err
    assert "Traceback" not in err


def test_an_emulator_that_does_not_start_is_an_error_that_names_its_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from s3am_cloud_cli.local_cloud import server

    folder = StateFolder(tmp_path)
    folder.create()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(embedded.LocalCloudFailed, match="ended at once") as error:
        server.start(folder)
    assert str(folder.log_file) in error.value.hint


def test_a_stack_that_cannot_be_deployed_says_why_and_leaves_no_cloud(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from s3am_cloud_cli.local_cloud import build as building
    from s3am_cloud_infra.synth import Synthesized

    template = tmp_path / "broken.json"
    template.write_text(json.dumps({"Resources": {"Broken": {"Type": "AWS::Absent::Thing"}}}))

    def build(stack: str, *_: object) -> Synthesized:
        from s3am_cloud_infra.synth import ZippedAsset

        return Synthesized(stack, template, (ZippedAsset(template, "some-assets", "some.zip"),))

    monkeypatch.setenv("S3AM_CLOUD_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(building, "build", build)
    with pytest.raises(embedded.LocalCloudFailed, match="AWS::Absent::Thing"):
        embedded.up(on_step=lambda _: None)
    assert StateFolder().server() is None
    assert embedded.current() is None
