"""Events that were refused: the letter that the stack's dead-letter queue keeps of one, and what may stand in it.

A letter never repeats a secret. It has the event's request only where nothing in that looks like one, for then the
event can be sent again; otherwise it has the names of its fields.

EventBridge and its Scheduler put what they could not deliver into the same queue, in one of two shapes: the event as it
was sent, or the input that a rule or a schedule makes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import msgspec

from s3am_cloud.decoders import Converter, Decoder
from s3am_cloud.errors import BadRequest, ErrorReport, NoSuchJob, TransferError, by_name
from s3am_cloud.events import Event, job_of_event, job_of_request, read_event
from s3am_cloud.ingest.accept import decode_request, named_secret, refuse_secret_fields
from s3am_cloud.ingest.rules import expanded
from s3am_cloud.model import Attributes, TransferRequest
from s3am_cloud.names import OBJECT_CREATED, S3_SOURCE, TRANSFER_REQUESTED
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.secret_names import carries_secret, may_hold_secret
from s3am_cloud.urls import parse_source, shown

KIND: Literal["refused event"] = "refused event"
_KNOWN = frozenset(TransferRequest.__struct_fields__) | frozenset(Attributes.__struct_fields__)


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why an event made no job, and what is needed to send it again. `fields` are the names of its request's.

    `source` and `destination` are in their displayable form. `refused` is when that was. `rule` is the ARN of the rule
    that could not deliver the event, where it is not known what that makes of it.
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
    rule: str = ""


RuleInput = Callable[[str, Mapping[str, Any]], Any]
"""What a rule, by its ARN, makes of an event as it was sent; None where that is not known."""


class Undelivered(msgspec.Struct, frozen=True, kw_only=True):
    """A message of EventBridge's or its Scheduler's. `reason` are its attributes, `sent` is when it was put into the
    queue, in ISO 8601."""

    body: str
    reason: Mapping[str, str] = {}
    sent: str = ""


class _Sent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it was sent."""

    id: str
    source: str
    detail_type: str = msgspec.field(name="detail-type")
    time: str = ""
    detail: dict[str, Any] = msgspec.field(default_factory=dict)


class _Made(msgspec.Struct, frozen=True):
    """An execution's input, as rules and schedules make it."""

    request: Any
    event: Event


# What EventBridge Scheduler puts values in place of, where it has not done so.
_DUE, _RUN = "<aws.scheduler.scheduled-time>", "<aws.scheduler.execution-id>"
_decode_letter: Decoder[DeadLetter] = Decoder(DeadLetter)
_decode_sent: Decoder[_Sent] = Decoder(_Sent)
_decode_made: Decoder[_Made] = Decoder(_Made)
_to_made: Converter[_Made] = Converter(_Made)
_decode_fields: Decoder[dict[str, Any]] = Decoder(dict[str, Any])


def dead_letter_of(request: object, event: object, execution: str, error: tuple[str, str], ports: Ports) -> DeadLetter:
    """The letter about an event's request that `execution` could not accept, for an error by its name and message.

    Nothing stays of the job, so that the event can be sent again.
    """
    job, came = job_of_request(request, event, execution), _event(event)
    _forget(job, execution, ports)
    return _letter(job, came, request, _reason(request, came, *error), ports.clock.now().isoformat(timespec="seconds"))


def read_letter(found: Undelivered, rule_input: RuleInput) -> DeadLetter | None:
    """A message of the queue. None where it is about something else, such as the janitor's own events."""
    try:
        return _decode_letter(found.body)
    except msgspec.DecodeError:
        pass
    error = by_name("", f"EventBridge could not deliver it: {_said(found.reason)}").report()
    made = _made(found)
    if made is not None:
        return _letter(job_of_event(made.event, made.request), made.event, made.request, error, "")
    try:
        sent = _decode_sent(found.body)
    except msgspec.DecodeError:
        return None
    event = Event(id=sent.id, source=sent.source, detail_type=sent.detail_type, time=sent.time)
    if sent.detail_type == TRANSFER_REQUESTED:
        return _letter(job_of_event(event, sent.detail), event, sent.detail, error, "")
    if (sent.source, sent.detail_type) == (S3_SOURCE, OBJECT_CREATED):
        return _of_a_route(sent, event, error, found.reason.get("RULE_ARN", ""), rule_input)
    return None


def _of_a_route(sent: _Sent, event: Event, error: ErrorReport, rule: str, rule_input: RuleInput) -> DeadLetter:
    """The letter about a new object. What its route asks for is in the rule alone, and so is what the job is named
    after."""
    try:
        made = _to_made(rule_input(rule, msgspec.to_builtins(sent)))
    except msgspec.ValidationError:
        bucket, thing = (sent.detail.get(name) for name in ("bucket", "object"))
        names = [str(each.get(name, "")) for each, name in ((bucket, "name"), (thing, "key")) if isinstance(each, dict)]
        letter = _letter(job_of_event(event), event, {"source": f"s3://{'/'.join(names)}"}, error, "")
        return msgspec.structs.replace(letter, request=None, fields=(), rule=rule)
    return _letter(job_of_event(made.event, made.request), made.event, made.request, error, "")


def _made(found: Undelivered) -> _Made | None:
    """None for a message of another shape."""
    due = found.reason.get("SCHEDULED_TIME") or found.sent
    text = found.body.replace(_DUE, due).replace(_RUN, found.reason.get("EXECUTION_ID", due))
    try:
        return _decode_made(text)
    except msgspec.DecodeError:
        return None


def _said(reason: Mapping[str, str]) -> str:
    return reason.get("ERROR_MESSAGE") or reason.get("ERROR_CODE", "")


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
