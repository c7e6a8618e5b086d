"""What starts a job besides `submit`, and what is refused before one is made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from s3am_cloud_cli.local_cloud import LocalCloud
from servers.content import Pattern, crc64nvme
from servers.faulty_http import FaultyHttp
from support.command import Command, Result, eventually

MIB = 1024 * 1024


def test_boto3_can_start_a_job_with_a_request_as_its_input(
    states: Any, local_cloud: LocalCloud, command: Command, http_server: FaultyHttp, s3: Any, destination: str
) -> None:
    content = Pattern(12 * MIB)
    request = {"source": http_server.add("/f", content), "destination": f"s3://{destination}/f", "part_size": 5 * MIB}
    name = f"from-boto3-{uuid.uuid4().hex[:8]}"
    states.start_execution(
        stateMachineArn=local_cloud.state_machine_arn, name=name, input=json.dumps({"request": request})
    )
    receipt = command.run("watch", "--json", name).ended(0).document
    assert (receipt["job"], receipt["checksum"]) == (name, crc64nvme(content))
    assert s3.head_object(Bucket=destination, Key="f")["ContentLength"] == content.size


def test_aws_cli_with_the_printed_exports_can_start_a_job(
    command: Command, http_server: FaultyHttp, local_cloud: LocalCloud, destination: str
) -> None:
    exports = command.run("local", "env").ended(0).stdout
    request = {"request": {"source": http_server.add("/f", b"few"), "destination": f"s3://{destination}/f"}}
    name = f"from-aws-cli-{uuid.uuid4().hex[:8]}"
    script = (
        f"{exports}\nexec {Path(sys.executable).with_name('aws')} stepfunctions start-execution "
        f"--state-machine-arn {local_cloud.state_machine_arn} --name {name} --input '{json.dumps(request)}'"
    )
    environment = {"PATH": os.environ["PATH"], "HOME": str(command.home), "no_proxy": "127.0.0.1"}
    started = subprocess.run(["/bin/sh", "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert started.returncode == 0, started.stderr
    assert command.run("watch", "--json", name).ended(0).document["state"] == "succeeded"


def test_a_request_that_would_cost_more_than_it_allows_begins_nothing(
    states: Any, local_cloud: LocalCloud, command: Command, http_server: FaultyHttp, s3: Any, destination: str
) -> None:
    content = Pattern(12 * MIB)
    request = {"source": http_server.add("/f", content), "destination": f"s3://{destination}/f", "part_size": 5 * MIB}
    name = f"expensive-{uuid.uuid4().hex[:8]}"
    states.start_execution(
        stateMachineArn=local_cloud.state_machine_arn,
        name=name,
        input=json.dumps({"request": {**request, "max_cost": 0.0001}}),
    )
    error = command.run("watch", "--json", name).ended(25).document["error"]
    assert (error["name"], error["retryable"]) == ("TooExpensive", False)
    assert error["message"].endswith("more than $0.0001")
    assert "--max-cost" in error["hint"]
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=destination)
    assert s3.list_objects_v2(Bucket=destination)["KeyCount"] == 0


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ({"source": "https://host/f"}, "BadRequest"),
        ({"source": "https://host/f", "destination": "s3://b/k", "colour": "red"}, "BadRequest"),
        ({"source": "https://u:hunter2@host/f", "destination": "s3://b/k"}, "BadRequest"),
        ({"source": "/etc/passwd", "destination": "s3://b/k"}, "BadSource"),
    ],
)
def test_a_request_that_must_not_be_is_refused_by_name(
    request_: dict[str, str], name: str, states: Any, local_cloud: LocalCloud, command: Command
) -> None:
    job = f"refused-{uuid.uuid4().hex[:8]}"
    arn = states.start_execution(
        stateMachineArn=local_cloud.state_machine_arn, name=job, input=json.dumps({"request": request_})
    )["executionArn"]
    ended = eventually(lambda: _ended(states, arn), "the end of the execution")
    assert (ended["status"], ended["error"]) == ("FAILED", name)
    assert "hunter2" not in ended["cause"]
    assert command.run("watch", "--json", job).document["error"]["name"] == name


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("submit", "./local.bam", "s3://bucket/key"), 5),
        (("submit", "gopher://host/x", "s3://bucket/key"), 5),
        (("submit", "https://host/x", "s3://bucket"), 6),
        (("submit", "https://host/x", "s3://bucket/key", "--secret", "not-for-jobs"), 2),
        (("submit", f"https://user:hunter2@host/x?{'s' * 4096}", "s3://bucket/key"), 2),
        (("submit", "https://host/x", "s3://bucket/key", "--sse-key", "hunter2"), 10),
        (("submit", "https://host/x", "s3://bucket/key", "--stack", "NoSuchStack"), 2),
        (("submit", "https://host/x", "s3://bucket/key", "--resume", "--force"), 2),
        (("watch", "no-such-job"), 2),
        (("status", "no-such-job"), 2),
    ],
)
def test_what_can_be_refused_here_is_refused_before_a_job_is_made(
    arguments: tuple[str, ...], code: int, command: Command, states: Any, local_cloud: LocalCloud
) -> None:
    before = _executions(states, local_cloud)
    refused: Result = command.run(*arguments).ended(code)
    assert "hunter2" not in refused.stdout + refused.stderr
    assert refused.error_line
    assert refused.stdout == ""
    assert _executions(states, local_cloud) == before


def _ended(states: Any, arn: str) -> Any:
    found = states.describe_execution(executionArn=arn)
    return found if found["status"] != "RUNNING" else None


def _executions(states: Any, cloud: LocalCloud) -> int:
    return len(states.list_executions(stateMachineArn=cloud.state_machine_arn, maxResults=1000)["executions"])
