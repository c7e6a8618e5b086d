"""What a job costs besides its bytes: requests to S3, invocations and states, beside what its plan foretells."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from functional.command import Command, Running, eventually
from s3am_cloud.forecast import Forecast, Usage, forecast
from s3am_cloud.model import Job
from s3am_cloud.urls import parse_source
from s3am_cloud_cli import local_cloud as embedded
from s3am_cloud_cli.local_cloud import LocalCloud, aws
from s3am_cloud_cli.local_cloud.state import StateFolder
from s3am_cloud_cli.local_cloud.trail import session_token
from servers.content import Pattern
from servers.faulty_http import FaultyHttp

MIB = 1 << 20
CLIENT = "client"
Json = dict[str, Any]


@dataclass(frozen=True)
class Taken:
    """What a job took, and what its plan foretold; `requests` are to S3, by who asked and for which operation."""

    receipt: Json
    foretold: Forecast
    requests: Counter[tuple[str, str]]
    states: Counter[str]
    children: int


class Office:
    """Starts jobs as users do, and counts what becomes of them."""

    def __init__(self, cloud: LocalCloud, home: Path) -> None:
        self._cloud = cloud
        self.s3, self._states = aws.client("s3", cloud.endpoint_url), aws.client("stepfunctions", cloud.endpoint_url)
        self.bucket = f"overhead-{uuid.uuid4().hex[:12]}"
        self.s3.create_bucket(Bucket=self.bucket)
        known_as = {"AWS_SESSION_TOKEN": session_token(CLIENT)}
        state = {"S3AM_CLOUD_STATE_HOME": str(StateFolder().root.parent)}
        self._command = Command(home, {**embedded.environment(cloud), **state, **known_as})

    def submit(self, source: str, key: str, *options: str) -> Running:
        return self._command.start("submit", "--json", *options, source, f"s3://{self.bucket}/{key}")

    def taken(self, job: str) -> Taken:
        """What the job took, when it has succeeded."""
        arn = f"{self._cloud.state_machine_arn.replace(':stateMachine:', ':execution:')}:{job}"
        eventually(lambda: self._has_succeeded(arn), f"the end of {job}", 90)
        record = msgspec.json.decode(self._note(job, "job"), type=Job)
        assert record.plan is not None
        children = list(self._children(arn))
        return Taken(
            json.loads(self._note(job, "report")),
            forecast(record.plan, parse_source(record.request.source).scheme),
            Counter(self._requests(record)),
            Counter(state for one in (arn, *children) for state in self._entered(one)),
            len(children),
        )

    def _has_succeeded(self, arn: str) -> bool:
        status = self._states.describe_execution(executionArn=arn)["status"]
        assert status in {"RUNNING", "SUCCEEDED"}
        return bool(status == "SUCCEEDED")

    def _note(self, job: str, name: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self._cloud.work_bucket, Key=f"jobs/{job}/{name}.json")["Body"].read()
        return body

    def _children(self, arn: str) -> Iterator[str]:
        for run in self._states.list_map_runs(executionArn=arn)["mapRuns"]:
            for page in self._states.get_paginator("list_executions").paginate(mapRunArn=run["mapRunArn"]):
                yield from (child["executionArn"] for child in page["executions"])

    def _entered(self, arn: str) -> Iterator[str]:
        for page in self._states.get_paginator("get_execution_history").paginate(executionArn=arn):
            for event in page["events"]:
                if event["type"].endswith("StateEntered"):
                    yield event["stateEnteredEventDetails"]["name"]

    def _requests(self, job: Job) -> Iterator[tuple[str, str]]:
        for file in (StateFolder().trail_file,):
            for line in file.read_text().splitlines():
                call = json.loads(line)
                if "x-amz-target" in call["headers"]:
                    continue
                print(call["function"], call["method"], call["path"], call["query"], call["headers"], call["status"])
                yield call["function"], call["method"]


def test_x(local_cloud: LocalCloud, tmp_path: Path, http_server: FaultyHttp) -> None:
    office = Office(local_cloud, tmp_path)
    url = http_server.add("/parts", Pattern(40 * MIB + 17))
    small = http_server.add("/small", Pattern(40))
    office.s3.put_object(Bucket=office.bucket, Key="src", Body=bytes(12 * MIB))
    src = f"s3://{office.bucket}/src"
    for args in [
        (url, "parts", "--part-size", "5MB"),
        (small, "small"),
        (src, "copy"),
        (src, "copy-parts", "--part-size", "5MB"),
    ]:
        print("=====", args)
        r = office.submit(*args)
        res = r.result()
        assert res.returncode == 0, res.stderr
        t = office.taken(json.loads(res.stdout)["job"])
        print(t)
