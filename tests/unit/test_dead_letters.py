"""The dead-letter queue: all of it is listed, in one order, and what isn't taken stays for others to see."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from s3am_cloud.errors import BadRequest, NoStack, NoSuchEvent
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

    def put(self, body: str, sent: int) -> None:
        name = f"m{len(self.messages)}"
        self.messages[name] = {
            "MessageId": name,
            "ReceiptHandle": name,
            "Body": body,
            "Attributes": {"SentTimestamp": str(sent)},
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


def letters(queue: Queue, machine: Started, url: str = "https://queue") -> DeadLetters:
    access = SimpleNamespace(
        region="r", settings=SimpleNamespace(endpoint_url=None), boto=SimpleNamespace(client=lambda *_, **__: queue)
    )
    remote = SimpleNamespace(access=access, stack=SimpleNamespace(name="S", dead_letters=url), machine=machine)
    return DeadLetters(cast(Any, remote))


def fill(queue: Queue, count: int, **fields: object) -> None:
    """Letters about so many events, the last of which was written first."""
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
