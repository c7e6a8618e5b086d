"""What comes in by itself: new objects through a route, a schedule, and a burst of events."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from s3am_cloud.integrity.provenance import JOB
from s3am_cloud_cli import local_cloud as embedded
from s3am_cloud_cli.local_cloud import LocalCloud, aws
from servers.content import pattern
from support.command import Command, eventually

INCOMING, LISTS, ARCHIVE = "ingest-incoming", "ingest-lists", "ingest-archive"
ODD = 'in/a "quoted" + key & <more>/ä.bin'
BUS_ENTRIES = 10  # PutEvents takes no more at once


@pytest.fixture
def buckets(s3: Any) -> None:
    """The buckets of tests/ingest.toml; the one with a route tells EventBridge of its objects."""
    for name in (INCOMING, LISTS, ARCHIVE):
        s3.create_bucket(Bucket=name)
    s3.put_bucket_notification_configuration(
        Bucket=INCOMING, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )


@pytest.fixture
def scheduler(local_cloud: LocalCloud) -> Iterator[Any]:
    """A client of EventBridge Scheduler, whose new schedules go when the test does."""
    client = aws.client("scheduler", local_cloud)
    before = {each["Name"] for each in client.list_schedules()["Schedules"]}
    yield client
    for each in client.list_schedules()["Schedules"]:
        if each["Name"] not in before:
            client.delete_schedule(Name=each["Name"])


@pytest.fixture
def few_at_once(local_cloud: LocalCloud) -> Iterator[None]:
    """The control function runs six times at once; who comes meanwhile is throttled, as on AWS, and comes again."""
    functions = aws.client("lambda", local_cloud)
    [name] = [
        each["FunctionName"] for each in functions.list_functions()["Functions"] if "Control" in each["FunctionName"]
    ]
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=6)
    yield
    functions.delete_function_concurrency(FunctionName=name)


def test_a_route_copies_new_objects_and_not_those_that_a_job_wrote(
    s3: Any, command: Command, buckets: None, local_cloud: LocalCloud, states: Any
) -> None:
    """A new object is copied through its route and what a job wrote is not copied again."""
    content = pattern(1000)
    s3.put_object(Bucket=INCOMING, Key="elsewhere/file", Body=content)
    s3.put_object(Bucket=INCOMING, Key="in/ours", Body=content, Metadata={JOB: "some-job"})
    s3.put_object(Bucket=INCOMING, Key=ODD, Body=content)
    copied = eventually(lambda: _head(s3, ARCHIVE, f"{INCOMING}/{ODD}"), "the copy")
    assert copied["ContentLength"] == len(content)
    assert copied["StorageClass"] == "STANDARD_IA"
    receipt = command.run("watch", "--json", copied["Metadata"][JOB]).ended(0).document
    assert (receipt["state"], receipt["source"]) == ("succeeded", f"s3://{INCOMING}/{ODD}")
    assert receipt["event"]["source"] == "aws.s3"
    ours = eventually(lambda: _report(s3, local_cloud, f"s3://{INCOMING}/in/ours"), "the report of what was left alone")
    assert ours["state"] == "skipped"
    assert ours["skipped"] == "a job of s3am-cloud wrote the object"
    assert _head(s3, ARCHIVE, f"{INCOMING}/in/ours") is None
    assert _head(s3, ARCHIVE, f"{INCOMING}/elsewhere/file") is None


def test_a_new_version_of_an_object_replaces_the_copy(s3: Any, buckets: None) -> None:
    for content in (b"first", b"the second"):
        s3.put_object(Bucket=INCOMING, Key="in/again", Body=content)
        eventually(lambda: _sized(s3, ARCHIVE, f"{INCOMING}/in/again", len(content)), "this version's copy")  # noqa: B023


def test_a_schedule_fetches_its_source_again_only_when_that_has_changed(
    s3: Any, buckets: None, scheduler: Any, local_cloud: LocalCloud
) -> None:
    [deployed] = [each["Name"] for each in scheduler.list_schedules()["Schedules"] if "early" in each["Name"]]
    found = scheduler.get_schedule(Name=deployed)
    assert found["ScheduleExpression"] == "cron(0 6 * * ? *)"

    def fires() -> dict[str, Any]:
        """The report of a job that the stack's own target starts now."""
        before = _reports(s3, local_cloud)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        scheduler.create_schedule(
            Name=f"now-{uuid.uuid4().hex[:8]}",
            ScheduleExpression=f"at({now})",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=found["Target"],
        )
        return eventually(
            lambda: next((each for name, each in _reports(s3, local_cloud).items() if name not in before), None),
            "the report",
        )

    s3.put_object(Bucket=LISTS, Key="list.csv", Body=b"one")
    assert fires()["state"] == "succeeded"
    assert s3.get_object(Bucket=ARCHIVE, Key="lists/list.csv")["Body"].read() == b"one"
    unchanged = fires()
    assert (unchanged["state"], unchanged["skipped"]) == ("skipped", "the source has not changed since it was fetched")
    s3.put_object(Bucket=LISTS, Key="list.csv", Body=b"other")
    assert fires()["state"] == "succeeded"
    assert s3.get_object(Bucket=ARCHIVE, Key="lists/list.csv")["Body"].read() == b"other"


def test_a_running_cloud_keeps_its_routes_and_schedules(local_cloud: LocalCloud) -> None:
    """A running cloud keeps its routes and schedules when nothing is said of them."""
    steps: list[str] = []
    assert embedded.up(on_step=steps.append) == local_cloud
    assert steps == []


@pytest.mark.parametrize("count", [10, pytest.param(200, marks=[pytest.mark.stress, pytest.mark.timeout(600)])])
def test_a_burst_of_events_makes_one_object_for_each(
    count: int, s3: Any, states: Any, local_cloud: LocalCloud, destination: str, few_at_once: None
) -> None:
    """The events are `count` in number, a fifth of which repeat another one's key."""
    source = f"burst-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=source)
    wanted = {}
    for number in range(count * 4 // 5):
        s3.put_object(Bucket=source, Key=f"{number}", Body=f"content {number}".encode())
        wanted[f"{number}"] = len(f"content {number}")
    before = _executions(states, local_cloud)
    began = time.monotonic()
    _send(local_cloud, [*(_asked(source, key, destination) for key in wanted), *_repeated(source, wanted, destination)])
    ended = eventually(lambda: _all_ended(states, local_cloud, before, count), "the end of the burst", 300)
    print(f"{count} events took {time.monotonic() - began:.1f} s")
    listed = {
        item["Key"]: item["Size"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=destination)
        for item in page.get("Contents", [])
    }
    assert listed == wanted
    assert ended == {"SUCCEEDED": count}


def _asked(source: str, key: str, destination: str) -> dict[str, str]:
    return {
        "source": f"s3://{source}/{key}",
        "destination": f"s3://{destination}/{key}",
        "idempotency_key": f"{source}/{key}",
    }


def _repeated(source: str, keys: dict[str, int], destination: str) -> list[dict[str, str]]:
    """A quarter of the different ones: a fifth of all."""
    return [_asked(source, key, destination) for number, key in enumerate(keys) if number % 4 == 0]


def _send(cloud: LocalCloud, requests: list[dict[str, str]]) -> None:
    events = aws.client("events", cloud)
    for first in range(0, len(requests), BUS_ENTRIES):
        entries = [
            {
                "Source": "tests.burst",
                "DetailType": "Transfer Requested",
                "Detail": json.dumps(each),
                "EventBusName": cloud.event_bus,
            }
            for each in requests[first : first + BUS_ENTRIES]
        ]
        assert events.put_events(Entries=entries)["FailedEntryCount"] == 0


def _executions(states: Any, cloud: LocalCloud) -> dict[str, str]:
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=cloud.state_machine_arn)
    return {each["executionArn"]: each["status"] for page in pages for each in page["executions"]}


def _all_ended(states: Any, cloud: LocalCloud, before: dict[str, str], count: int) -> dict[str, int] | None:
    """How many ended how, as soon as all that are due have."""
    now = [status for arn, status in _executions(states, cloud).items() if arn not in before]
    if len(now) < count or "RUNNING" in now:
        return None
    return {status: now.count(status) for status in set(now)}


def _head(s3: Any, bucket: str, key: str) -> Any:
    try:
        return s3.head_object(Bucket=bucket, Key=key)
    except s3.exceptions.ClientError:
        return None


def _sized(s3: Any, bucket: str, key: str, size: int) -> bool:
    found = _head(s3, bucket, key)
    return found is not None and found["ContentLength"] == size


def _reports(s3: Any, cloud: LocalCloud) -> dict[str, Any]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=cloud.work_bucket, Prefix="jobs/")
    names = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return {
        name: json.loads(s3.get_object(Bucket=cloud.work_bucket, Key=name)["Body"].read())
        for name in names
        if name.endswith("/report.json")
    }


def _report(s3: Any, cloud: LocalCloud, source: str) -> Any:
    return next((each for each in _reports(s3, cloud).values() if each["source"] == source), None)
