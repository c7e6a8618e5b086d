"""Events that were refused: the letter that the stack's dead-letter queue keeps of one, and what may stand in it.

A letter never repeats a secret. It has the event's request only where nothing in that looks like one, for then the
event can be sent again; otherwise it has the names of its fields. EventBridge itself puts events that it could not
deliver into the same queue, and those are as they were sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import BadRequest, ErrorReport, NoSuchJob, TransferError, by_name
from s3am_cloud.events import Event, job_of_event, job_of_request, read_event
from s3am_cloud.ingest.accept import decode_request, named_secret, refuse_secret_fields
from s3am_cloud.ingest.rules import expanded
from s3am_cloud.model import Attributes, TransferRequest
from s3am_cloud.names import TRANSFER_REQUESTED
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.secret_names import carries_secret, may_hold_secret
from s3am_cloud.urls import parse_source, shown

KIND: Literal["refused event"] = "refused event"
_KNOWN = frozenset(TransferRequest.__struct_fields__) | frozenset(Attributes.__struct_fields__)


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why an event made no job, and what is needed to send it again. `fields` are the names of its request's.

    `source` and `destination` are in their displayable form. `refused` is when that was.
    """

    kind: Literal["refused event"]
    job: str
    event: Event
    error: ErrorReport
    refused: str = ""
    source: str = ""
    destination: str = ""
    fields: tuple[str, ...] = ()
    request: dict[str, Any] | None = None


class _Undelivered(msgspec.Struct, frozen=True, kw_only=True):
    """An event as EventBridge puts it into a queue."""

    id: str
    source: str
    detail_type: str = msgspec.field(name="detail-type")
    time: str = ""
    detail: dict[str, Any] = msgspec.field(default_factory=dict)


_decode_letter: Decoder[DeadLetter] = Decoder(DeadLetter)
_decode_undelivered: Decoder[_Undelivered] = Decoder(_Undelivered)
_decode_fields: Decoder[dict[str, Any]] = Decoder(dict[str, Any])


def dead_letter_of(request: object, event: object, execution: str, error: tuple[str, str], ports: Ports) -> DeadLetter:
    """The letter about an event's request that `execution` could not accept, for an error by its name and message.

    Nothing stays of the job, so that the event can be sent again.
    """
    job, came = job_of_request(request, event, execution), _event(event)
    _forget(job, execution, ports)
    return _letter(job, came, request, _reason(request, came, *error), ports.clock.now().isoformat(timespec="seconds"))


def read_letter(body: str, reason: Mapping[str, str]) -> DeadLetter | None:
    """A message of the queue; `reason` are its attributes, in which EventBridge says why it could not deliver.

    None where the message is about something else, such as the janitor's own events.
    """
    try:
        return _decode_letter(body)
    except msgspec.DecodeError:
        pass
    try:
        raw = _decode_undelivered(body)
    except msgspec.DecodeError:
        return None
    if raw.detail_type != TRANSFER_REQUESTED:
        return None
    event = Event(id=raw.id, source=raw.source, detail_type=raw.detail_type, time=raw.time)
    message = f"EventBridge could not deliver it: {reason.get('ERROR_MESSAGE') or reason.get('ERROR_CODE', '')}"
    return _letter(job_of_event(event, raw.detail), event, raw.detail, by_name("", message).report(), "")


def replay_input(letter: DeadLetter) -> dict[str, Any]:
    """The input of an execution for the same event. Raises BadRequest where the letter has no request."""
    if letter.request is None:
        raise BadRequest(
            f"the request of event {letter.event.id} is not kept, as there may be a secret in it in clear",
            "correct it, and send it as a new event",
        )
    return {"request": letter.request, "event": msgspec.to_builtins(letter.event)}


def _letter(job: str, event: Event, request: object, error: ErrorReport, refused: str) -> DeadLetter:
    fields = request if isinstance(request, Mapping) else {}
    whole = _expanded(request, event)
    return DeadLetter(
        kind=KIND,
        job=job,
        event=event,
        error=error,
        refused=refused,
        source=_display(whole.get("source")),
        destination=_display(whole.get("destination")),
        fields=tuple(sorted(map(str, fields))),
        request=dict(fields) if isinstance(request, Mapping) and _is_harmless(fields) else None,
    )


def _forget(job_id: str, execution: str, ports: Ports) -> None:
    try:
        job = ports.jobs.load(job_id)
    except NoSuchJob:
        return
    # One that has begun was refused before its source was known, for its secret: nothing was made of it, either.
    if job.execution == execution and (not job.begun or job.info is None):
        ports.jobs.forget(job)


def _event(data: object) -> Event:
    try:
        return read_event(data) or Event(id="")
    except BadRequest:
        return Event(id="")


def _expanded(request: object, event: Event) -> Mapping[str, object]:
    """What a request is, or that of a route or a schedule comes to."""
    try:
        whole = expanded(request, event)[0]
    except TransferError:
        whole = request
    return whole if isinstance(whole, Mapping) else {}


def _reason(request: object, event: Event, name: str, cause: str) -> ErrorReport:
    """Our own errors hold no secret, and are reported with their own hint; of others only the name is."""
    try:
        decode_request(expanded(request, event)[0])
    except TransferError as error:
        if type(error).__name__ == name:
            return error.report()
    try:
        message = str(_decode_fields(cause).get("errorMessage", ""))
    except msgspec.DecodeError:
        message = ""
    ours = by_name(name, message)
    return ours.report() if type(ours).__name__ == name else by_name(name, "").report()


def _is_harmless(request: Mapping[str, Any]) -> bool:
    """Whether nothing in a request, which may be any JSON, looks like a secret."""
    try:
        refuse_secret_fields(request)
    except TransferError:
        return False
    if "secret" in request and not named_secret(request["secret"]):
        return False
    return not any(_is_telling(name, value) for name, value in _leaves(request))


def _is_telling(name: str, value: object) -> bool:
    return (name not in _KNOWN and may_hold_secret(name)) or (isinstance(value, str) and carries_secret(value))


def _leaves(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """All names and values, at any depth."""
    yield name, value
    if isinstance(value, Mapping):
        for inner, found in value.items():
            yield from _leaves(found, str(inner))
    elif isinstance(value, list | tuple):
        for found in value:
            yield from _leaves(found, name)


def _display(value: object) -> str:
    if not isinstance(value, str):
        return ""
    try:
        display = parse_source(value).display
    except TransferError:
        return shown(value)
    return shown(value) if carries_secret(display) else display
