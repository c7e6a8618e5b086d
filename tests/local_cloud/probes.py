"""Clients of the session's embedded cloud, with a function and state machines of the tests' own."""

from __future__ import annotations

import base64
import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from awscrt import checksums

from s3am_cloud_cli.local_cloud import LocalCloud, aws

ROLE = "arn:aws:iam::000000000000:role/probe"
PROBE = Path(__file__).with_name("probe_function.py")
MIB = 1024 * 1024


def eventually(look: Callable[[], Any], seconds: float = 15.0) -> Any:
    """The first true thing that `look` gives; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"did not happen within {seconds} s")


def crc(data: bytes) -> str:
    return base64.b64encode(checksums.crc64nvme(data).to_bytes(8, "big")).decode()


class Probes:
    def __init__(self, cloud: LocalCloud, folder: Path) -> None:
        self.cloud = cloud
        self.folder = folder

    def client(self, service: str) -> Any:
        return aws.client(service, self.cloud)

    @cached_property
    def s3(self) -> Any:
        return self.client("s3")

    @cached_property
    def states(self) -> Any:
        return self.client("stepfunctions")

    @cached_property
    def lambdas(self) -> Any:
        return self.client("lambda")

    @cached_property
    def bucket(self) -> str:
        self.s3.create_bucket(Bucket="probe-bucket")
        return "probe-bucket"

    @cached_property
    def function(self) -> str:
        """The ARN of the probe function."""
        return self.new_function("probe", timeout=20)

    def new_function(self, name: str, *, timeout: int, handler: str = "probe_function.handler") -> str:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            for source, text in (
                ("probe_function.py", PROBE.read_text()),
                ("broken.py", "import nothing_at_all"),
            ):
                file.writestr(zipfile.ZipInfo(source), text)  # without a date: the same code, the same bytes
        made = self.lambdas.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=ROLE,
            Handler=handler,
            Code={"ZipFile": archive.getvalue()},
            Timeout=timeout,
            Environment={"Variables": {"OWN": "variable"}},
        )
        arn: str = made["FunctionArn"]
        return arn

    def invoke(self, function: str, **event: object) -> tuple[str | None, Any, str]:
        """The kind of error, the answer and the end of the log."""
        made = self.lambdas.invoke(FunctionName=function, Payload=json.dumps(event), LogType="Tail")
        log = base64.b64decode(made.get("LogResult", "")).decode()
        return made.get("FunctionError"), json.loads(made["Payload"].read()), log

    def start(self, definition: dict[str, Any], data: object) -> str:
        """The ARN of an execution of a new state machine."""
        machine = self.states.create_state_machine(
            name=f"probe-{uuid.uuid4().hex[:8]}", definition=json.dumps(definition), roleArn=ROLE
        )
        arn: str = self.states.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(data))[
            "executionArn"
        ]
        return arn

    def ended(self, execution: str, seconds: float = 20.0) -> Any:
        """What DescribeExecution says once the execution is over."""

        def look() -> Any:
            found = self.states.describe_execution(executionArn=execution)
            return found if found["status"] != "RUNNING" else None

        return eventually(look, seconds)

    def run(self, definition: dict[str, Any], data: object) -> Any:
        return self.ended(self.start(definition, data))

    def map_run(self, execution: str) -> Any:
        """What DescribeMapRun says about the one Map Run of an execution."""

        def look() -> Any:
            return self.states.list_map_runs(executionArn=execution)["mapRuns"]

        return self.states.describe_map_run(mapRunArn=eventually(look)[0]["mapRunArn"])

    def task(self, **fields: object) -> dict[str, Any]:
        """A state that gives its input to the probe function."""
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": self.function, "Payload.$": "$"},
            "OutputPath": "$.Payload",
            "End": True,
            **fields,
        }

    def machine(self, **fields: object) -> dict[str, Any]:
        return {"StartAt": "Task", "States": {"Task": self.task(**fields)}}

    def map_machine(self, items: int, **fields: object) -> dict[str, Any]:
        """A Distributed Map over the lines of an S3 object; item n gets {"item": n} beside the execution's input."""
        lines = "".join(json.dumps({"item": number}) + "\n" for number in range(items))
        self.s3.put_object(Bucket=self.bucket, Key=f"items-{items}.jsonl", Body=lines.encode())
        child = self.task(End=True, OutputPath=None) | {"Parameters": {"FunctionName": self.function, "Payload.$": "$"}}
        child |= {"ResultSelector": {"done": True}}
        del child["OutputPath"]
        state = {
            "Type": "Map",
            "Label": "Items",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSONL"},
                "Parameters": {"Bucket": self.bucket, "Key": f"items-{items}.jsonl"},
            },
            "ItemSelector": {
                "item.$": "$$.Map.Item.Value.item",
                "notes.$": "$.notes",
                "sleep.$": "$.sleep",
                "fail.$": "$.fail",
                "fail_item.$": "$.fail_item",
            },
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Task",
                "States": {"Task": child},
            },
            "End": True,
            **fields,
        }
        return {"StartAt": "Map", "States": {"Map": state}}


def most_at_once(notes: Path) -> int:
    """How many functions ran at the same time, by the notes that they took."""
    now = most = 0
    for _, what in sorted((at, what) for what, at, _ in map(json.loads, notes.read_text().splitlines())):
        now += 1 if what == "start" else -1
        most = max(most, now)
    return most


def starts(notes: Path) -> int:
    return notes.read_text().count('"start"') if notes.exists() else 0
