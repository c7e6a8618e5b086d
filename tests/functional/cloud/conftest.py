"""The command with the session's embedded cloud as its AWS, and clients of that cloud."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from s3am_cloud_cli import local_cloud as embedded
from s3am_cloud_cli.local_cloud import LocalCloud, aws
from support.command import Command, eventually
from support.fork_server import ForkServer


@pytest.fixture
def command(local_cloud: LocalCloud, tmp_path: Path, fork_server: ForkServer) -> Command:
    """The command, with the embedded cloud of this session as its AWS."""
    state = {"S3AM_CLOUD_STATE_HOME": os.environ["S3AM_CLOUD_STATE_HOME"]}
    return Command(tmp_path, {**embedded.environment(local_cloud), **state}, server=fork_server)


@pytest.fixture
def s3(local_cloud: LocalCloud) -> Any:
    return aws.client("s3", local_cloud)


@pytest.fixture
def states(local_cloud: LocalCloud) -> Any:
    return aws.client("stepfunctions", local_cloud)


@pytest.fixture
def destination(s3: Any) -> str:
    """A new bucket on the embedded cloud."""
    name = f"destination-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def outcomes(local_cloud: LocalCloud) -> Iterator[Callable[[str], dict[str, Any]]]:
    """Waits for the outcome event of a job on the stack's bus."""
    events, sqs = aws.client("events", local_cloud), aws.client("sqs", local_cloud)
    name = f"outcomes-{uuid.uuid4().hex[:8]}"
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bus = local_cloud.event_bus
    events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"source": ["s3am-cloud"]}))
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
    seen: list[dict[str, Any]] = []

    def look(job: str) -> dict[str, Any] | None:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            seen.append(json.loads(message["Body"]))
        return next((event for event in seen if event["detail"]["job"] == job), None)

    yield lambda job: eventually(lambda: look(job), f"the outcome of {job}")
    events.remove_targets(Rule=name, EventBusName=bus, Ids=["queue"])
    events.delete_rule(Name=name, EventBusName=bus)
    sqs.delete_queue(QueueUrl=queue)
