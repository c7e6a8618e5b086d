"""The emulator as it comes still has the gaps that are patched. A test that fails here names a patch to remove.

Each runs the emulator's own functions in this process, where nothing is patched.
"""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:gap"


@pytest.fixture(autouse=True)
def quiet_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator starts no thread of its own when a service is imported."""
    monkeypatch.setenv("MINISTACK_TEST_NO_AUTOSTART", "1")


@pytest.fixture
def s3() -> Iterator[Any]:
    from ministack.services import s3

    s3._create_bucket("gap-bucket", b"", {})
    yield s3
    s3.reset()


@pytest.fixture
def states() -> Iterator[Any]:
    from ministack.services import stepfunctions

    yield stepfunctions
    stepfunctions.reset()


def create(s3: Any, **headers: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    _, answered, body = s3._create_multipart_upload("gap-bucket", "k", headers)
    return answered, {"uploadId": [body.decode().split("<UploadId>")[1].split("<")[0]]}


def put(s3: Any, query: dict[str, list[str]], number: int, data: bytes = b"small") -> None:
    assert s3._upload_part("gap-bucket", "k", data, query | {"partNumber": [str(number)]}, {})[0] == 200


def complete(s3: Any, query: dict[str, list[str]], *numbers: int, **headers: str) -> tuple[int, bytes]:
    parts = "".join(f"<Part><PartNumber>{number}</PartNumber></Part>" for number in numbers)
    body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    status, _, answer = s3._complete_multipart_upload("gap-bucket", "k", body, query, headers)
    return status, answer


def run(states: Any, state: dict[str, Any], data: object = None, **machine: object) -> dict[str, Any]:
    """The record of an execution of a machine with this one state, once it is over."""
    definition = json.dumps({"StartAt": "S", "States": {"S": state}, **machine})
    states._create_state_machine({"name": "gap", "definition": definition, "roleArn": "arn:aws:iam::0:role/r"})
    started = json.loads(states._start_execution({"stateMachineArn": MACHINE, "input": json.dumps(data)})[2])
    execution: dict[str, Any] = states._executions[started["executionArn"]]
    deadline = time.monotonic() + 20
    while execution["status"] == "RUNNING" and time.monotonic() < deadline:
        time.sleep(0.02)
    return execution


def items_map(**fields: object) -> dict[str, Any]:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED"},
        "StartAt": "F",
        "States": {"F": {"Type": "Fail", "Error": "Asked"}},
    }
    return {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "End": True, **fields}


def test_checksum_speed_is_still_needed(s3: Any) -> None:
    assert inspect.isfunction(s3._crc64nvme)
    assert "_CRC64NVME_TABLE" in s3._crc64nvme.__code__.co_names


def test_full_object_checksums_is_still_needed(s3: Any) -> None:
    headers = {"x-amz-checksum-algorithm": "CRC64NVME", "x-amz-checksum-type": "FULL_OBJECT"}
    answered, query = create(s3, **headers)
    assert answered["x-amz-checksum-type"] == "COMPOSITE"
    put(s3, query, 1)
    right = s3._compute_s3_checksum("CRC64NVME", b"small")
    status, answer = complete(s3, query, 1, **{"x-amz-checksum-crc64nvme": right})
    assert (status, b"BadDigest" in answer) == (400, True)
    assert b"ChecksumType" not in s3._list_parts("gap-bucket", "k", query)[2]


def test_part_rules_is_still_needed(s3: Any) -> None:
    _, query = create(s3)
    put(s3, query, 1)
    put(s3, query, 2)
    assert complete(s3, query, 2, 1)[0] == 200


def test_function_processes_is_still_needed() -> None:
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    assert '"Runtime.HandlerError"' in inspect.getsource(lambda_svc._execute_function_warm)
    assert '"error": str(e), "trace"' in lambda_runtime._PYTHON_WORKER_SCRIPT


def test_distributed_map_is_still_needed(states: Any) -> None:
    execution = run(states, items_map(MaxConcurrencyPath="$.width"), {"items": [1, 2, 3], "width": 1})
    (found,) = states._map_runs.values()
    assert found["maxConcurrency"] == 0
    assert found["itemCounts"]["failed"] == 3  # it did not end with the first
    assert execution["error"] == "States.ExceedToleratedFailureThreshold"
    children = [one for one in states._executions.values() if one.get("mapRunArn") == found["mapRunArn"]]
    assert len(children) == 3
    assert not any(event["type"].endswith("StateEntered") for child in children for event in child["events"])


def test_stopped_executions_is_still_needed(states: Any) -> None:
    assert "_map_runs" not in inspect.getsource(states._stop_execution)
    execution = {"executionArn": "e", "status": "ABORTED", "events": [], "sync": True}
    states._fail_execution(execution, "Late", "failure")
    assert execution["status"] == "FAILED"


def test_retry_delays_is_still_needed(states: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(states, "_scaled_sleep", slept.append)
    retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "MaxAttempts": 2}
    state = {"Type": "Task", "Resource": "arn:aws:states:::absent:call", "End": True}
    run(states, state | {"Retry": [retry | {"MaxDelaySeconds": 5, "JitterStrategy": "FULL"}]})
    assert slept == [10, 20]


def test_machine_timeout_is_still_needed(states: Any) -> None:
    assert run(states, {"Type": "Wait", "Seconds": 1, "End": True}, TimeoutSeconds=0.1)["status"] == "SUCCEEDED"


def test_throttles_is_still_needed() -> None:
    from ministack.services import lambda_svc

    assert "errorType" not in lambda_svc._throttle_response("ConcurrentInvocationLimitExceeded", "busy")["body"]


def test_lines_that_a_function_wrote_have_no_id() -> None:
    from ministack.services import cloudwatch_logs, lambda_svc

    lambda_svc._emit_lambda_logs({"config": {"FunctionName": "gap"}}, "request", "a line", error=False, duration_ms=1)
    _, _, body = cloudwatch_logs._filter_log_events({"logGroupName": "/aws/lambda/gap"})
    cloudwatch_logs.reset()
    assert json.loads(body)["events"]
    assert not [event for event in json.loads(body)["events"] if "eventId" in event]


def test_schedules_is_still_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    from ministack.services import eventbridge, scheduler

    sent: list[str] = []
    monkeypatch.setattr(eventbridge, "_dispatch_to_stepfunctions", lambda arn, payload: sent.append(payload))
    target = {"Arn": MACHINE, "RoleArn": "role", "Input": '{"due": "<aws.scheduler.scheduled-time>"}'}
    schedule = {"ScheduleExpression": "at(2020-01-01T00:00:00)", "FlexibleTimeWindow": {"Mode": "OFF"}}
    assert scheduler._create_schedule("gap", {**schedule, "Target": target})[0] == 200
    scheduler._tick_schedules()
    scheduler.reset()
    assert sent == [target["Input"]]
    assert scheduler._SCHEDULE_TICK_INTERVAL >= 10
