"""The dead-letter queue: all of it is listed, in one order, and what isn't taken stays for others to see."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from botocore.exceptions import ClientError

from s3am_cloud.errors import AccessDenied, BadRequest, NoStack, NoSuchEvent
from s3am_cloud.events import Event, job_of_event
from s3am_cloud.ingest.dead_letter import dead_letter_of
from s3am_cloud.ports.executions import Execution
from s3am_cloud_cli.console.event_text import failed_text
from s3am_cloud_client.remote.dead_letters import DeadLetters
from support.cloud_fakes import ASKED
from support.fakes import World


class Queue:
    """SQS: hands out ten messages at a time, and those that were received are hidden until they are released."""

    def __init__(self) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self.hidden: set[str] = set()

    def put(self, body: str, sent: int, **reason: str) -> None:
        name = f"m{len(self.messages)}"
        self.messages[name] = {
            "MessageId": name,
            "ReceiptHandle": name,
            "Body": body,
            "Attributes": {"SentTimestamp": str(sent)},
            "MessageAttributes": {key: {"StringValue": value} for key, value in reason.items()},
        }

    def receive_message(self, **asked: Any) -> dict[str, Any]:
        names = [name for name in self.messages if name not in self.hidden][: asked["MaxNumberOfMessages"]]
        self.hidden |= set(names)
        return {"Messages": [self.messages[name] for name in names]}

    def change_message_visibility_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> None:  # noqa: N803
        assert len(Entries) <= 10
        self.hidden -= {entry["ReceiptHandle"] for entry in Entries if entry["VisibilityTimeout"] == 0}

    def delete_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> None:  # noqa: N803
        for entry in Entries:
            del self.messages[entry["ReceiptHandle"]]
            self.hidden.discard(entry["ReceiptHandle"])


class Rules:
    """EventBridge as far as one rule's target goes."""

    def __init__(self, target: dict[str, Any] | str) -> None:
        self._target = target
        self.asked: list[dict[str, str]] = []

    def list_targets_by_rule(self, **named: str) -> dict[str, Any]:
        self.asked.append(named)
        if isinstance(self._target, str):
            raise ClientError({"Error": {"Code": self._target}}, "ListTargetsByRule")
        return {"Targets": [{"Arn": "arn:other"}, self._target]}


class Started:
    """Of the state machine, what it was started with."""

    def __init__(self, works: bool = True) -> None:
        self.inputs: list[Any] = []
        self._works = works

    def start_with(self, name: str, data: Any) -> Execution:
        if not self._works:
            raise NoStack("there is no state machine")
        self.inputs.append(data)
        return Execution(arn=f"arn:{name}", name=name, status="RUNNING")


@pytest.fixture
def queue() -> Queue:
    return Queue()


def letters(queue: Queue, machine: Started, url: str = "https://queue", rules: Rules | None = None) -> DeadLetters:
    clients = {"sqs": queue, "events": rules}
    access = SimpleNamespace(
        region="r",
        settings=SimpleNamespace(endpoint_url=None),
        boto=SimpleNamespace(client=lambda service, **_: clients[service]),
    )
    stack = SimpleNamespace(name="S", dead_letters=url, state_machine_arn="arn:machine")
    remote = SimpleNamespace(access=access, stack=stack, machine=machine)
    return DeadLetters(cast(Any, remote))


def fill(queue: Queue, count: int, **fields: object) -> None:
    """Letters about `count` events, the last of which was written first."""
    world = World()
    for number in range(count):
        event = {"id": f"e{number}", "source": "lab"}
        letter = dead_letter_of({**ASKED, **fields}, event, "arn:x", ("DestinationBusy", "{}"), world.ports)
        queue.put(msgspec.json.encode(letter).decode(), 1000 + count - number)


def test_all_events_are_listed_the_oldest_first_and_stay_visible(queue: Queue) -> None:
    fill(queue, 23)
    queue.put(json.dumps({"detail-type": "Step Functions Execution Status Change"}), 5)
    found = letters(queue, Started()).failed()
    assert [event.event.id for event in found.events] == [f"e{number}" for number in reversed(range(23))]
    assert (found.others, queue.hidden, len(queue.messages)) == (1, set(), 24)
    assert letters(queue, Started()).failed() == found


def test_an_event_refused_twice_is_listed_once_and_taken_off_whole(queue: Queue) -> None:
    """An event that was refused twice is listed once and taken off whole."""
    fill(queue, 1)
    fill(queue, 1)
    machine = Started()
    [event] = letters(queue, machine).failed().events
    execution = letters(queue, machine).replay(event.id)
    assert (execution.job, queue.messages) == (event.id, {})
    assert machine.inputs == [{"request": ASKED, "event": {"id": "e0", "source": "lab"}}]


def test_one_is_sent_again_by_eventbridges_own_id_and_the_others_stay(queue: Queue) -> None:
    fill(queue, 12)
    letters(queue, Started()).replay("e11")
    assert (len(queue.messages), queue.hidden) == (11, set())
    with pytest.raises(NoSuchEvent):
        letters(queue, Started()).replay("e11")
    assert queue.hidden == set()


def test_what_could_not_be_sent_again_stays(queue: Queue) -> None:
    fill(queue, 1)
    with pytest.raises(NoStack):
        letters(queue, Started(works=False)).replay("e0")
    assert (len(queue.messages), queue.hidden) == (1, set())


def test_an_event_with_a_secret_in_clear_is_not_sent_again(queue: Queue) -> None:
    fill(queue, 1, sse_key="hunter2")
    machine = Started()
    with pytest.raises(BadRequest):
        letters(queue, machine).replay("e0")
    assert (machine.inputs, len(queue.messages), queue.hidden) == ([], 1, set())
    text = "\n".join(failed_text(letters(queue, machine).failed()))
    assert "hunter2" not in text
    assert "not kept" in text


def test_a_stack_of_before_says_what_to_do(queue: Queue) -> None:
    with pytest.raises(NoStack, match="takes no events"):
        letters(queue, Started(), url="")


ROUTE = {"name": "runs", "source": "s3://incoming/runs/", "destination": "s3://archive/{key}"}
TARGET = {
    "Arn": "arn:machine",
    "InputTransformer": {
        "InputPathsMap": {"a": "$.detail.bucket", "b": "$.detail.object", "c": "$.id", "d": "$.source", "e": "$.time"},
        "InputTemplate": json.dumps({"request": {"route": ROUTE}})[:-1]
        + ', "event": {"id": <c>, "source": <d>, "detail-type": "Object Created", "time": <e>, '
        + '"key": {"route": "runs", "bucket": <a>, "object": <b>}}}',
    },
}
CREATED: dict[str, Any] = {
    "id": "s3-7",
    "source": "aws.s3",
    "detail-type": "Object Created",
    "time": "2026-03-04T05:06:07Z",
    "detail": {"bucket": {"name": "incoming"}, "object": {"key": 'runs/a "b" <a>', "etag": "e"}, "reason": "PutObject"},
}
MADE: dict[str, Any] = {
    "request": {"route": ROUTE},
    "event": {
        **{name: CREATED[name] for name in ("id", "source", "detail-type", "time")},
        "key": {"route": "runs", "bucket": {"name": "incoming"}, "object": {"key": 'runs/a "b" <a>', "etag": "e"}},
    },
}
SCHEDULE = {"name": "daily", "every": "1 day", "source": "https://host/x", "destination": "s3://archive/{date}.csv"}
DUE = "<aws.scheduler.scheduled-time>"
SCHEDULED = {
    "request": {"schedule": SCHEDULE},
    "event": {
        "id": "<aws.scheduler.execution-id>",
        "source": "aws.scheduler",
        "detail-type": "Scheduled Event",
        "time": DUE,
        "key": {"schedule": "daily", "time": DUE},
    },
}
RULE = "arn:aws:events:eu-west-1:123456789012:rule/S3amCloud-Routesruns-1A2B"


@pytest.mark.parametrize("shape", [CREATED, MADE])
def test_a_route_that_could_not_be_started_is_sent_again_from_either_shape(shape: dict[str, Any], queue: Queue) -> None:
    """EventBridge keeps the event, of which the rule alone tells what it starts; or what the rule makes of it."""
    queue.put(json.dumps(shape), 1, RULE_ARN=RULE, ERROR_CODE="NO_PERMISSIONS")
    machine, rules = Started(), Rules(TARGET)
    [event] = letters(queue, machine, rules=rules).failed().events
    assert (event.source, event.destination) == ('s3://incoming/runs/a "b" <a>', 's3://archive/runs/a "b" <a>')
    assert "NO_PERMISSIONS" in event.error.message
    execution = letters(queue, machine, rules=rules).replay(event.id)
    assert machine.inputs == [MADE]
    assert execution.job == job_of_event(msgspec.convert(MADE["event"], Event)) == event.id
    assert queue.messages == {}
    assert rules.asked in ([], [{"Rule": "S3amCloud-Routesruns-1A2B"}] * 2)


def test_many_events_of_a_route_need_one_look_at_its_rule(queue: Queue) -> None:
    for number in range(12):
        detail = {**CREATED["detail"], "object": {"key": f"runs/{number}"}}
        queue.put(json.dumps({**CREATED, "id": str(number), "detail": detail}), 100 + number, RULE_ARN=RULE)
    rules = Rules(TARGET)
    found = letters(queue, Started(), rules=rules).failed()
    assert [event.destination for event in found.events] == [f"s3://archive/runs/{number}" for number in range(12)]
    assert len(rules.asked) == 1


@pytest.mark.parametrize("filled", [True, False])
def test_a_schedule_that_could_not_be_started_is_replayed_for_its_time(filled: bool, queue: Queue) -> None:
    """Whether or not the Scheduler has put the time into its input."""
    due = "2026-03-04T06:00:00Z"
    text = json.dumps(SCHEDULED)
    queue.put(text.replace(DUE, due) if filled else text, 1_772_604_000_000, ERROR_CODE="ThrottlingException")
    machine = Started()
    [event] = letters(queue, machine).failed().events
    assert (event.source, event.destination) == ("https://host/x", "s3://archive/2026-03-04.csv")
    letters(queue, machine).replay(event.id)
    [given] = machine.inputs
    assert given["request"] == {"schedule": SCHEDULE}
    assert given["event"]["key"] == {"schedule": "daily", "time": due}
    assert "<" not in json.dumps(given["event"])


@pytest.mark.parametrize(
    ("target", "error", "said"),
    [
        ("AccessDeniedException", AccessDenied, "the rule S3amCloud-Routesruns-1A2B"),
        ("ResourceNotFoundException", NoSuchEvent, "starts no jobs of this stack any more"),
        ({"Arn": "arn:elsewhere"}, NoSuchEvent, "starts no jobs of this stack any more"),
    ],
)
def test_a_route_whose_rule_can_not_be_read_is_listed_with_the_reason(
    target: dict[str, Any] | str, error: type[Exception], said: str, queue: Queue
) -> None:
    """A route whose rule can not be read is listed with the reason and stays."""
    queue.put(json.dumps(CREATED), 1, RULE_ARN=RULE)
    found = letters(queue, Started(), rules=Rules(target)).failed()
    [event] = found.events
    assert (event.source, event.replayable) == ('s3://incoming/runs/a "b" <a>', False)
    assert said in "\n".join(failed_text(found))
    machine = Started()
    with pytest.raises(error, match=said):
        letters(queue, machine, rules=Rules(target)).replay("s3-7")
    assert (machine.inputs, len(queue.messages), queue.hidden) == ([], 1, set())


def test_a_message_without_a_rule_that_can_be_known_is_no_crash(queue: Queue) -> None:
    queue.put(json.dumps({**CREATED, "detail": {"bucket": "x", "object": 7}}), 1)
    queue.put(json.dumps({"action": "sweep"}), 2)
    found = letters(queue, Started()).failed()
    assert ([event.replayable for event in found.events], found.others) == ([False], 1)
