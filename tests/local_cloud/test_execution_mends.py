"""State machines on the embedded cloud map, stop, retry and time out as they do on AWS."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from local_cloud.probes import Probes, eventually, most_at_once, starts


def map_input(notes: Path, **fields: object) -> dict[str, object]:
    return {"notes": str(notes), "sleep": 0, "fail": "", "fail_item": -1} | fields


def test_a_map_takes_its_concurrency_from_a_path(probes: Probes, notes: Path) -> None:
    machine = probes.map_machine(6, MaxConcurrencyPath="$.width")
    execution = probes.start(machine, map_input(notes, width=2, sleep=0.2))
    ended = probes.ended(execution)
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"]) == [{"done": True}] * 6
    assert most_at_once(notes) == 2
    run = probes.map_run(execution)
    assert (run["status"], run["maxConcurrency"]) == ("SUCCEEDED", 2)
    assert (run["itemCounts"]["total"], run["itemCounts"]["succeeded"]) == (6, 6)
    for child in probes.states.list_executions(mapRunArn=run["mapRunArn"])["executions"]:
        events = probes.states.get_execution_history(executionArn=child["executionArn"])["events"]
        entered = [event for event in events if event["type"] == "TaskStateEntered"]
        assert len(entered) == 1


def test_counts_of_a_map_run_show_its_progress(probes: Probes, notes: Path) -> None:
    execution = probes.start(probes.map_machine(6, MaxConcurrency=1), map_input(notes, sleep=0.3))

    def half_way() -> Any:
        counts = probes.map_run(execution)["itemCounts"]
        return counts if 0 < counts["succeeded"] < 6 else None

    counts = eventually(half_way)
    assert counts["running"] <= 1
    assert sum(counts[name] for name in ("pending", "running", "succeeded")) == 6
    assert probes.ended(execution)["status"] == "SUCCEEDED"


def test_a_failed_child_fails_the_map_at_once_and_can_be_found(probes: Probes, notes: Path) -> None:
    machine = probes.map_machine(30, MaxConcurrency=2)
    execution = probes.start(machine, map_input(notes, fail="ValueError", fail_item=1, sleep=0.3))
    ended = probes.ended(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    run = probes.map_run(execution)
    counts = run["itemCounts"]
    assert (run["status"], counts["failed"]) == ("FAILED", 1)
    assert counts["aborted"] >= 25
    (child,) = probes.states.list_executions(mapRunArn=run["mapRunArn"], statusFilter="FAILED")["executions"]
    failed = probes.states.describe_execution(executionArn=child["executionArn"])
    assert failed["error"] == "ValueError"
    assert json.loads(failed["cause"])["errorMessage"] == "as asked"


def test_a_stopped_execution_stops_its_children(probes: Probes, notes: Path) -> None:
    execution = probes.start(probes.map_machine(30, MaxConcurrency=2), map_input(notes, sleep=0.3))
    eventually(lambda: starts(notes) >= 2)
    probes.states.stop_execution(executionArn=execution, error="Cancelled", cause="by the test")
    run = probes.map_run(execution)
    assert run["status"] == "ABORTED"
    assert run["itemCounts"]["running"] == run["itemCounts"]["pending"] == 0
    begun = starts(notes)
    time.sleep(0.7)  # time for two more rounds of children
    assert starts(notes) == begun
    ended = probes.states.describe_execution(executionArn=execution)
    assert (ended["status"], ended["error"]) == ("ABORTED", "Cancelled")


def test_a_stopped_execution_is_not_retried_and_stays_aborted(probes: Probes, notes: Path) -> None:
    retry = [{"ErrorEquals": ["SourceBusy"], "IntervalSeconds": 1, "MaxAttempts": 50, "BackoffRate": 1}]
    execution = probes.start(probes.machine(Retry=retry), {"fail": "SourceBusy", "notes": str(notes)})
    eventually(lambda: starts(notes) >= 1)
    probes.states.stop_execution(executionArn=execution)
    begun = starts(notes)
    time.sleep(1.3)  # longer than the delay before the next attempt
    assert starts(notes) == begun
    assert probes.states.describe_execution(executionArn=execution)["status"] == "ABORTED"


def test_the_delay_before_a_retry_is_bounded_as_the_machine_says(probes: Probes, notes: Path) -> None:
    retry = {"ErrorEquals": ["SourceBusy"], "IntervalSeconds": 60, "MaxAttempts": 1, "MaxDelaySeconds": 1}
    ended = probes.run(probes.machine(Retry=[retry]), {"fail": "SourceBusy", "notes": str(notes)})
    assert (ended["error"], starts(notes)) == ("SourceBusy", 2)


def test_an_empty_map_succeeds(probes: Probes, notes: Path) -> None:
    ended = probes.run(probes.map_machine(0, MaxConcurrency=2), map_input(notes))
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", "[]")


def test_an_execution_that_takes_too_long_times_out(probes: Probes) -> None:
    machine = {"TimeoutSeconds": 1, "StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 30, "End": True}}}
    assert probes.run(machine, {})["status"] == "TIMED_OUT"


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED", "SUCCEEDED"])
def test_the_end_of_an_execution_is_an_event_that_calls_a_function(probes: Probes, status: str, tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    wait: dict[str, Any] = {"Type": "Wait", "Seconds": 30, "End": True}
    states = {
        "FAILED": {"Type": "Fail", "Error": "Asked"},
        "TIMED_OUT": wait,
        "ABORTED": wait,
        "SUCCEEDED": {"Type": "Succeed"},
    }
    events = probes.client("events")
    pattern = {"source": ["aws.states"], "detail": {"status": [status], "name": [{"exists": True}]}}
    events.put_rule(Name=f"probe-{status}", EventPattern=json.dumps(pattern))
    target = {"Id": "1", "Arn": probes.function, "Input": json.dumps({"notes": str(heard)})}
    events.put_targets(Rule=f"probe-{status}", Targets=[target])
    seconds = {"TimeoutSeconds": 1} if status == "TIMED_OUT" else {}
    execution = probes.start({"StartAt": "S", "States": {"S": states[status]}, **seconds}, {})
    if status == "ABORTED":
        probes.states.stop_execution(executionArn=execution)
    assert probes.ended(execution)["status"] == status
    eventually(lambda: starts(heard) == 1)
    events.remove_targets(Rule=f"probe-{status}", Ids=["1"])


def test_a_machine_puts_an_event_whose_detail_is_json(probes: Probes, notes: Path) -> None:
    events = probes.client("events")
    events.put_rule(
        Name="probe-detail",
        EventBusName=probes.cloud.event_bus,
        EventPattern=json.dumps({"detail": {"job": ["j1"]}}),
    )
    target = {"Id": "1", "Arn": probes.function, "InputPath": "$.detail"}
    events.put_targets(Rule="probe-detail", EventBusName=probes.cloud.event_bus, Targets=[target])
    entry = {"Source": "s", "DetailType": "t", "EventBusName": probes.cloud.event_bus, "Detail.$": "$.detail"}
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::events:putEvents",
        "Parameters": {"Entries": [entry]},
        "End": True,
    }
    detail = {"job": "j1", "notes": str(notes)}
    ended = probes.run({"StartAt": "S", "States": {"S": state}}, {"detail": detail})
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])["FailedEntryCount"] == 0
    eventually(lambda: starts(notes) == 1)
