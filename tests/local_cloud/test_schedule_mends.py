"""Schedules on the embedded cloud tell their targets when they were due, as they do on AWS."""

from __future__ import annotations

import json
import re
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from local_cloud.probes import Probes, eventually


def test_a_target_hears_when_its_schedule_was_due_within_seconds(probes: Probes) -> None:
    sqs, scheduler, name = probes.client("sqs"), probes.client("scheduler"), f"due-{uuid.uuid4().hex[:8]}"
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    given = {"due": "<aws.scheduler.scheduled-time>", "run": "<aws.scheduler.execution-id>", "other": "<a.b>"}
    role = "arn:aws:iam::000000000000:role/probe"
    began = time.monotonic()
    scheduler.create_schedule(
        Name=name,
        ScheduleExpression=f"at({datetime.now(UTC) - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": role, "Input": json.dumps(given)},
    )

    def received() -> Any:
        return sqs.receive_message(QueueUrl=queue).get("Messages")

    [message] = eventually(received)
    assert time.monotonic() - began < 8  # the emulator alone looks once in 10 s
    told = json.loads(message["Body"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["due"])
    assert re.fullmatch(r"[0-9a-f-]{36}", told["run"])
    assert told["other"] == "<a.b>"
    scheduler.delete_schedule(Name=name)
    sqs.delete_queue(QueueUrl=queue)
