"""Events that ask for a transfer: what a job keeps of one, and which job it is for.

An execution that an event starts has the input `{"request": TransferRequest, "event": Event}`, which a rule's input
transformer makes. EventBridge delivers at least once and names executions as it likes, so the job's id is derived from
the event: all deliveries of one event, and all events with one key, are for the same job.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from s3am_cloud.decoders import Converter, Decoder
from s3am_cloud.errors import BadRequest

# Ids of such jobs begin so. Execution names may have 80 characters, and -r2 may follow (see jobs/successors.py).
_PREFIX = "event-"
_DIGITS = 32
KEY_FIELD = "idempotency_key"


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept of an event: EventBridge's own fields by their names, `time` in ISO 8601.

    `key` is whatever JSON value says what the event is about, where that is better known than by the event's id: the
    version of an S3 object, the due time of a schedule.
    """

    id: str
    source: str = ""
    detail_type: str = msgspec.field(default="", name="detail-type")
    time: str = ""
    key: Any = None


class _Input(msgspec.Struct, frozen=True):
    """An execution's input, or its output, as far as it names the job."""

    job: str | None = None
    request: Any = None
    event: Any = None


_decode_input: Decoder[_Input] = Decoder(_Input)
_to_event: Converter[Event] = Converter(Event)


def read_event(data: object) -> Event | None:
    """None where there is no event. Raises BadRequest, which names the field and never its value."""
    if data is None:
        return None
    try:
        return _to_event(data)
    except msgspec.ValidationError as error:
        raise BadRequest(f"the event can't be read: {error}") from None


def job_of_event(event: Event, request: object = None) -> str:
    """The id of the job that an event is for.

    The same source and key give the same id. The key is the request's own `idempotency_key`, else the event's key,
    else its id.
    """
    own = request.get(KEY_FIELD) if isinstance(request, Mapping) else None
    key = own or (event.id if event.key is None else event.key)
    data = msgspec.json.encode([event.source, key], order="deterministic")
    return f"{_PREFIX}{hashlib.sha256(data).hexdigest()[:_DIGITS]}"


def job_of_request(request: object, event: object, execution: str) -> str:
    """The id of the job that an execution, by its ARN, was started for with a request: its event's, or its name."""
    try:
        found = read_event(event)
    except BadRequest:
        found = None
    return execution.rpartition(":")[2] if found is None else job_of_event(found, request)


def asked_by(data: str, execution: str) -> tuple[str, Event | None]:
    """The job that an execution's input is about, and the event in it."""
    try:
        found = _decode_input(data)
    except msgspec.DecodeError:
        return job_of_request(None, None, execution), None
    try:
        event = read_event(found.event)
    except BadRequest:
        event = None
    return found.job or job_of_request(found.request, found.event, execution), event
