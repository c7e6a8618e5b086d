"""The stack's dead-letter queue: which events were refused or could not be delivered, and sending one again."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from s3am_cloud.adapters.s3.answers import naming
from s3am_cloud.errors import ErrorReport, NoStack, NoSuchEvent
from s3am_cloud.events import Event
from s3am_cloud.ingest.dead_letter import DeadLetter, Undelivered, read_letter, replay_input
from s3am_cloud.ports.executions import Execution
from s3am_cloud_client.remote.client import Remote
from s3am_cloud_client.remote.rule_inputs import RuleInputs

# For as long a message that was received is hidden from others, unless it is released before.
_HOLD_SECONDS = 60
# Any wait makes SQS ask all of its servers; without, it may miss messages (SQS developer guide, "Long polling").
_WAIT_SECONDS = 1
_BATCH = 10


class FailedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event in the queue. `id` is what `replay` takes: the job that it is for.

    `fields` are the names of its request's fields. Where it is not `replayable`, its request may have held a secret in
    clear and is not kept; or else `problem` says why it is not known what the route requests.
    """

    id: str
    event: Event
    error: ErrorReport
    refused: str
    source: str
    destination: str
    fields: tuple[str, ...]
    replayable: bool
    problem: str | None = None


class FailedEvents(msgspec.Struct, frozen=True):
    """What the queue holds; `others` are messages about something else than requests."""

    events: list[FailedEvent]
    others: int = 0


class _Message(msgspec.Struct, frozen=True):
    receipt: str
    sent: str
    id: str
    letter: DeadLetter | None


class DeadLetters:
    """A stack's. Calls raise AccessDenied, StoreBusy, StoreUnavailable."""

    def __init__(self, remote: Remote) -> None:
        """Raises NoStack for a stack that has no such queue."""
        if not remote.stack.dead_letters:
            raise NoStack(f"the stack {remote.stack.name} takes no events yet", "update it with s3am-cloud deploy")
        access = remote.access
        self._machine, self._queue = remote.machine, remote.stack.dead_letters
        self._rules = RuleInputs(access, remote.stack.state_machine_arn)
        self._client: Any = access.boto.client(
            "sqs", region_name=access.region, endpoint_url=access.settings.endpoint_url
        )

    def failed(self) -> FailedEvents:
        """The oldest first, each event once."""
        found = self._received()
        self._release(found)
        by_id = {message.letter.job: message.letter for message in found if message.letter}
        others = sum(message.letter is None for message in found)
        return FailedEvents([self._failed_event(letter) for letter in by_id.values()], others)

    def replay(self, event_id: str) -> Execution:
        """Starts an execution for the same event, then removes it from the queue.

        `event_id` is its job's id, or EventBridge's own. Raises NoSuchEvent, also for a route that is gone; BadRequest
        where its request is not kept; AccessDenied where the route's rule can't be read.
        """
        found = self._received()
        wanted = [message for message in found if message.letter and event_id in _names(message.letter)]
        self._release([message for message in found if message not in wanted])
        if not wanted or wanted[0].letter is None:
            raise NoSuchEvent(f"unknown event {event_id}: it is not among the failed ones")
        try:
            letter = wanted[0].letter
            execution = self._machine.start_with(f"{letter.job}-{secrets.token_hex(4)}", self._input(letter))
        except BaseException:
            self._release(wanted)
            raise
        self._remove(wanted)
        return msgspec.structs.replace(execution, job=letter.job)

    def _input(self, letter: DeadLetter) -> dict[str, Any]:
        if letter.rule:
            raise self._rules.problems[letter.rule]
        return replay_input(letter)

    def _received(self) -> list[_Message]:
        """All messages, hidden from others for a while."""
        found: dict[str, _Message] = {}
        while batch := self._receive():
            fresh = [message for message in batch if message.id not in found]
            found |= {message.id: message for message in batch}
            if not fresh:
                break
        return sorted(found.values(), key=lambda message: (message.sent, message.id))

    def _receive(self) -> list[_Message]:
        with naming("the dead-letter queue"):
            answer = self._client.receive_message(
                QueueUrl=self._queue,
                MaxNumberOfMessages=_BATCH,
                VisibilityTimeout=_HOLD_SECONDS,
                WaitTimeSeconds=_WAIT_SECONDS,
                AttributeNames=["SentTimestamp"],
                MessageAttributeNames=["All"],
            )
        return [self._message(each) for each in answer.get("Messages", [])]

    def _message(self, raw: dict[str, Any]) -> _Message:
        reason = {name: value.get("StringValue", "") for name, value in raw.get("MessageAttributes", {}).items()}
        sent = raw.get("Attributes", {}).get("SentTimestamp", "")
        return _Message(
            receipt=raw["ReceiptHandle"],
            sent=sent,
            id=raw["MessageId"],
            letter=read_letter(Undelivered(body=raw["Body"], reason=reason, sent=_iso(sent)), self._rules.input_of),
        )

    def _failed_event(self, letter: DeadLetter) -> FailedEvent:
        return FailedEvent(
            id=letter.job,
            event=letter.event,
            error=letter.error,
            refused=letter.refused,
            source=letter.source,
            destination=letter.destination,
            fields=letter.fields,
            replayable=letter.request is not None,
            problem=self._rules.problems[letter.rule].message if letter.rule else None,
        )

    def _release(self, messages: list[_Message]) -> None:
        for batch in _batches(messages):
            entries = [{**entry, "VisibilityTimeout": 0} for entry in batch]
            with naming("the dead-letter queue"):
                self._client.change_message_visibility_batch(QueueUrl=self._queue, Entries=entries)

    def _remove(self, messages: list[_Message]) -> None:
        for batch in _batches(messages):
            with naming("the dead-letter queue"):
                self._client.delete_message_batch(QueueUrl=self._queue, Entries=batch)


def _names(letter: DeadLetter) -> set[str]:
    return {letter.job, letter.event.id}


def _batches(messages: list[_Message]) -> Iterator[list[dict[str, Any]]]:
    for first in range(0, len(messages), _BATCH):
        batch = messages[first : first + _BATCH]
        yield [{"Id": str(number), "ReceiptHandle": message.receipt} for number, message in enumerate(batch)]


def _iso(milliseconds: str) -> str:
    """A time of SQS as EventBridge writes times."""
    return f"{datetime.fromtimestamp(int(milliseconds or 0) / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
