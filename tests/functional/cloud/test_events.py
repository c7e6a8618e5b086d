"""Events that ask for transfers, on the stack's bus: moved once, refused with a reason, sent again, told of."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from s3am_cloud.events import job_of_request
from s3am_cloud_cli.local_cloud import LocalCloud, aws
from servers.content import Pattern, crc64nvme
from servers.faults import Slow, Stall
from servers.faulty_http import FaultyHttp
from support.command import Command, eventually

MIB = 1024 * 1024
LAB = "lab.sequencer"
SECRET = "hunter2-in-clear"
Put = Callable[..., str]
Outcomes = Callable[[str], dict[str, Any]]


@pytest.fixture
def put(local_cloud: LocalCloud) -> Put:
    """Sends a request event as anybody may, and returns the id of its job."""
    client = aws.client("events", local_cloud)

    def send(detail: dict[str, Any], source: str = LAB) -> str:
        entry = {
            "Source": source,
            "DetailType": "Transfer Requested",
            "EventBusName": local_cloud.event_bus,
            "Detail": json.dumps(detail),
        }
        [answer] = client.put_events(Entries=[entry])["Entries"]
        return job_of_request(detail, {"id": answer["EventId"], "source": source}, "")

    return send


@pytest.fixture
def failed(command: Command) -> Callable[[str], dict[str, Any]]:
    """An event among those that failed. Its letter is written before its outcome is told."""

    def find(job: str) -> dict[str, Any]:
        listed = command.run("events", "failed", "--json").ended(0).document["events"]
        [found] = [event for event in listed if event["id"] == job]
        assert isinstance(found, dict)
        return found

    return find


def test_an_event_moves_an_object_and_its_outcome_tells_all_of_it(
    put: Put, outcomes: Outcomes, command: Command, http_server: FaultyHttp, s3: Any, destination: str
) -> None:
    content = Pattern(12 * MIB)
    url = http_server.add("/run42.tar", content)
    job = put({"source": url, "destination": f"s3://{destination}/runs/", "part_size": 5 * MIB, "version": 1})
    outcome = outcomes(job)
    assert (outcome["source"], outcome["detail-type"]) == ("s3am-cloud", "Transfer Succeeded")
    told = outcome["detail"]
    assert (told["destination"], told["size"]) == (f"s3://{destination}/runs/run42.tar", content.size)
    assert told["checksum"] == crc64nvme(content)
    assert told["seconds"] > 0
    assert told["event"]["source"] == LAB
    assert job_of_request({}, told["event"], "") == job
    assert s3.head_object(Bucket=destination, Key="runs/run42.tar")["ContentLength"] == content.size
    assert job in [line["job"] for line in command.run("jobs", "--json").ended(0).document["jobs"]]


def test_two_events_with_one_key_make_one_transfer(
    put: Put, outcomes: Outcomes, states: Any, local_cloud: LocalCloud, http_server: FaultyHttp, destination: str
) -> None:
    key = uuid.uuid4().hex
    asked = {
        "source": http_server.add("/f", Pattern(6 * MIB), Slow(bytes_per_second=12 * MIB)),
        "destination": f"s3://{destination}/f",
        "part_size": 5 * MIB,
        "idempotency_key": key,
    }
    job = put(asked)
    assert put(asked) == job
    assert outcomes(job)["detail-type"] == "Transfer Succeeded"
    assert put(asked) == job
    ended = eventually(lambda: _all_ended(states, local_cloud, key, 3), "the end of three executions")
    outputs = [json.loads(execution["output"]) for execution in ended]
    assert sorted(output.get("duplicate", False) for output in outputs) == [False, True, True]
    assert {output["job"] for output in outputs} == {job}
    assert sum(record.status == 206 for record in http_server.requests_for("/f")) <= 3


def test_a_key_that_is_used_for_another_request_is_listed_with_its_reason(
    put: Put, outcomes: Outcomes, command: Command, http_server: FaultyHttp, destination: str
) -> None:
    asked = {"source": http_server.add("/f", b"few"), "idempotency_key": uuid.uuid4().hex}
    job = put({**asked, "destination": f"s3://{destination}/f"})
    assert outcomes(job)["detail-type"] == "Transfer Succeeded"
    assert put({**asked, "destination": f"s3://{destination}/g"}) == job

    def letters() -> list[dict[str, Any]]:
        listed = command.run("events", "failed", "--json").ended(0).document["events"]
        return [event for event in listed if event["id"] == job]

    [letter] = eventually(letters, "the letter")
    assert (letter["error"]["name"], letter["destination"]) == ("KeyReused", f"s3://{destination}/g")
    assert command.run("status", "--json", job).ended(0).document["receipt"]["state"] == "succeeded"


def test_a_finished_job_started_again_fails_if_its_object_is_gone(
    put: Put,
    outcomes: Outcomes,
    states: Any,
    local_cloud: LocalCloud,
    http_server: FaultyHttp,
    s3: Any,
    destination: str,
) -> None:
    """A finished job that is started again fails where its object is gone."""
    job = put({"source": http_server.add("/f", b"few"), "destination": f"s3://{destination}/f"})
    assert outcomes(job)["detail-type"] == "Transfer Succeeded"

    def replayed() -> dict[str, Any]:
        arn = states.start_execution(
            stateMachineArn=local_cloud.state_machine_arn, name=uuid.uuid4().hex, input=json.dumps({"job": job})
        )["executionArn"]

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = states.describe_execution(executionArn=arn)
            return None if found["status"] == "RUNNING" else found

        return eventually(ended, "the end of the replay")

    assert replayed()["status"] == "SUCCEEDED"
    s3.delete_object(Bucket=destination, Key="f")
    again = replayed()
    assert (again["status"], again["error"]) == ("FAILED", "ObjectGone")


def test_a_refused_event_is_listed_with_its_reason_and_can_be_sent_again(
    put: Put,
    failed: Callable[[str], dict[str, Any]],
    outcomes: Outcomes,
    command: Command,
    states: Any,
    http_server: FaultyHttp,
    destination: str,
) -> None:
    target = f"s3://{destination}/f"
    stalled = http_server.add("/stalled", Pattern(MIB), Stall(after=1000))
    running = command.run("submit", "--json", stalled, target).ended(0).document["execution_arn"]
    job = put({"source": http_server.add("/f", b"few"), "destination": target})
    assert outcomes(job)["detail-type"] == "Transfer Failed"
    letter = failed(job)
    assert (letter["error"]["name"], letter["replayable"]) == ("DestinationBusy", True)
    assert (letter["event"]["source"], letter["destination"]) == (LAB, target)
    states.stop_execution(executionArn=running)
    assert command.run("events", "replay", job).ended(0).stdout.strip() == job
    # Until the event has arrived again, the refusal is all that is known of the job.
    eventually(lambda: command.run("watch", "--json", job).returncode == 0, "the job to succeed")
    assert command.run("events", "replay", job, "--json").ended(2).document["error"]["name"] == "NoSuchEvent"


def test_a_secret_in_clear_is_refused_by_field_and_repeated_nowhere(
    put: Put,
    failed: Callable[[str], dict[str, Any]],
    outcomes: Outcomes,
    command: Command,
    states: Any,
    local_cloud: LocalCloud,
    destination: str,
) -> None:
    """A secret in clear is refused by its field's name and repeated nowhere."""
    key = uuid.uuid4().hex
    asked = {"source": "https://host/f", "destination": f"s3://{destination}/f", "idempotency_key": key}
    job = put({**asked, "sse_key": SECRET})
    outcome = outcomes(job)
    assert outcome["detail"]["error"]["name"] == "BadRequest"
    letter = failed(job)
    assert letter["error"]["name"] == "BadRequest"
    assert "sse_key in clear" in letter["error"]["message"]
    assert letter["fields"] == ["destination", "idempotency_key", "source", "sse_key"]
    refused = command.run("events", "replay", job).ended(2)
    logs = command.run("logs", job).ended(0).stdout
    assert "refuse" in logs
    shown = [letter, outcome, refused.stderr, logs]
    assert SECRET not in json.dumps([*shown, _messages(local_cloud)], default=str)
    # The input, and what carries it from state to state, is as EventBridge wrote it. Nothing is added to that.
    [execution] = _all_ended(states, local_cloud, key, 1) or []
    assert SECRET not in execution["error"] + execution["cause"]
    history = states.get_execution_history(executionArn=execution["executionArn"])["events"]
    answers = [event for event in history if event["type"] in {"TaskSucceeded", "TaskFailed"}]
    assert len(answers) == 3
    assert SECRET not in json.dumps(answers, default=str)


def test_the_installed_command_prints_the_schema_of_requests(
    command: Command, http_server: FaultyHttp, destination: str, s3: Any
) -> None:
    """The installed command prints the schema that requests in files keep to."""
    schema = command.run("schema").ended(0)
    fields = json.loads(schema.stdout)["$defs"]["TransferRequest"]["properties"]
    asked = {"source": http_server.add("/f", b"few"), "destination": f"s3://{destination}/f", "idempotency_key": "k"}
    assert set(asked) < set(fields)
    file = command.home / "request.json"
    file.write_text(json.dumps(asked))
    first = command.run("submit", "--wait", "--json", "--request", str(file)).ended(0).document
    again = command.run("submit", "--wait", "--json", "--request", str(file)).ended(0).document
    assert first["job"] == again["job"]
    assert s3.head_object(Bucket=destination, Key="f")["ContentLength"] == 3
    file.write_text(json.dumps({**asked, "colour": "red"}))
    assert "colour" in command.run("submit", "--request", str(file)).ended(2).error_line
    assert "DST_URL" in command.run("submit", "--request", str(file), "https://host/f").ended(2).error_line


def _messages(cloud: LocalCloud) -> list[Any]:
    """The dead letters as they are."""
    sqs = aws.client("sqs", cloud)
    [stack] = aws.client("cloudformation", cloud).describe_stacks(StackName=cloud.stack)["Stacks"]
    [queue] = [each["OutputValue"] for each in stack["Outputs"] if each["OutputKey"] == "DeadLetterQueue"]
    found: list[Any] = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)["Messages"]
    return found


def _all_ended(states: Any, cloud: LocalCloud, key: str, count: int) -> list[Any] | None:
    """The executions whose input has the key, once there are `count` of them and all have ended."""
    listed = states.list_executions(stateMachineArn=cloud.state_machine_arn, maxResults=50)["executions"]
    found = [states.describe_execution(executionArn=each["executionArn"]) for each in listed]
    ours = [each for each in found if key in each["input"]]
    return ours if len(ours) == count and all(each["status"] != "RUNNING" for each in ours) else None
