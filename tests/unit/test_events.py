"""Events: which job one is for, that it makes one once, and what becomes of one that is refused."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest

from s3am_cloud.adapters.records.executions import StateMachine
from s3am_cloud.errors import BadDestination, BadRequest, DestinationBusy
from s3am_cloud.events import Event, job_of_event, job_of_request, read_event
from s3am_cloud.ingest.accept import accept, decode_request
from s3am_cloud.ingest.dead_letter import DeadLetter, Undelivered, dead_letter_of, read_letter, replay_input
from s3am_cloud.jobs.cleanup import settle
from s3am_cloud.jobs.locks import LockContext, request_fingerprint
from s3am_cloud.jobs.successors import next_id
from s3am_cloud.jobs.tasks import prepare_job, report_job
from s3am_cloud.names import TRANSFER_FAILED
from s3am_cloud.ports.executions import Execution, Failure
from support.cloud_fakes import ASKED, DATA, Bus, Machine
from support.fakes import SOURCE, TARGET, World

EVENT = {
    "id": "7bf73129",
    "source": "lab.sequencer",
    "detail-type": "Transfer Requested",
    "time": "2026-11-23T00:00:00Z",
}
JOB = job_of_request(ASKED, EVENT, "")
FIRST, SECOND = "arn:x:execution:m:first", "arn:x:execution:m:second"
SECRET = "hunter2-value"
IN_CLEAR: list[dict[str, object]] = [
    {"sse_key": SECRET},
    {"source": f"https://ann:{SECRET}@host/data.bin"},
    {"source": f"https://host/data.bin?X-Amz-Signature={SECRET}"},
    {"source_digest": f"https://ann:{SECRET}@host/data.sha256"},
    {"secret": SECRET},
    {"api_token": SECRET},
    {"headers": {"Authorization": SECRET}},
    {"extra": [{"url": f"ftp://ann:{SECRET}@host/"}]},
    {"exists": SECRET, "password": SECRET},
    {"destination": f"s3://ann:{SECRET}@bucket/key", "colour": "red"},
]


@pytest.fixture
def world() -> World:
    made = World()
    made.source.put(SOURCE, DATA)
    return made


def refused(request: object, world: World, event: object = EVENT, execution: str = FIRST) -> DeadLetter:
    """The letter about a request that accept refuses, from what Step Functions tells of that."""
    try:
        accept(request, execution, world.ports, event=event)
    except Exception as error:
        cause = json.dumps({"errorMessage": str(error), "errorType": type(error).__name__})
        return dead_letter_of(request, event, execution, (type(error).__name__, cause), world.ports)
    raise AssertionError("it was accepted")


def of(**fields: object) -> Event:
    event = read_event({**EVENT, **fields})
    assert event is not None
    return event


def test_the_same_event_is_for_the_same_job_and_another_for_another() -> None:
    assert job_of_event(of(), ASKED) == job_of_event(of(time="later"), {}) == JOB
    others = [of(id="other"), of(source="other"), of(key={"bucket": "b", "object": {"key": "k"}}), of(key="k")]
    assert len({JOB, *(job_of_event(event) for event in others)}) == 5


def test_an_events_key_wins_over_its_id_and_the_requests_own_key_over_both() -> None:
    assert job_of_event(of(id="1", key={"a": 1, "b": 2})) == job_of_event(of(id="2", key={"b": 2, "a": 1}))
    own = {"idempotency_key": "run42"}
    assert job_of_event(of(id="1"), own) == job_of_event(of(id="2", key="k"), own)
    assert job_of_event(of(), own) != job_of_event(of(source="another.lab"), own)


def test_a_job_of_an_event_and_what_continues_it_can_name_executions() -> None:
    """A job of an event can name executions and so can those that continue with it."""
    assert re.fullmatch(r"[A-Za-z0-9-]{1,80}", next_id(JOB))


def test_a_request_without_an_event_is_the_executions_own() -> None:
    assert job_of_request(ASKED, None, FIRST) == "first"
    assert job_of_request(ASKED, {"no": "id"}, FIRST) == "first"


def test_an_event_makes_one_job_however_often_it_is_delivered(world: World) -> None:
    assert accept(ASKED, FIRST, world.ports, event=EVENT) == (JOB, False)
    assert accept(ASKED, FIRST, world.ports, event=EVENT) == (JOB, False)
    assert accept(ASKED, SECOND, world.ports, event=EVENT) == (JOB, True)
    job = world.jobs.load(JOB)
    assert (job.execution, job.event) == (FIRST, of())


def test_a_second_delivery_leaves_the_claim_with_the_first(world: World) -> None:
    machine = Machine()
    machine.executions[FIRST] = Execution(arn=FIRST, name="first", status="RUNNING", job=JOB)
    locks = LockContext(world.jobs, world.coordination, machine.describe, world.clock)
    accept(ASKED, FIRST, world.ports, locks, EVENT)
    accept(ASKED, SECOND, world.ports, locks, EVENT)
    with pytest.raises(DestinationBusy):
        accept(
            {**ASKED, "source": "https://host/other"}, "arn:x:execution:m:third", world.ports, locks, {"id": "other"}
        )


def test_an_event_that_found_its_destination_busy_can_be_sent_again(world: World) -> None:
    machine = Machine()
    locks = LockContext(world.jobs, world.coordination, machine.describe, world.clock)
    machine.executions[FIRST] = Execution(arn=FIRST, name="first", status="RUNNING")
    accept({**ASKED, "source": "https://host/other"}, FIRST, world.ports, locks)
    with pytest.raises(DestinationBusy) as busy:
        accept(ASKED, SECOND, world.ports, locks, EVENT)
    letter = dead_letter_of(
        ASKED, EVENT, SECOND, ("DestinationBusy", json.dumps({"errorMessage": str(busy.value)})), world.ports
    )
    machine.executions[FIRST] = Execution(arn=FIRST, name="first", status="FAILED")
    again = replay_input(letter)
    assert accept(again["request"], "arn:x:execution:m:third", world.ports, locks, again["event"]) == (JOB, False)


def test_a_refused_event_makes_the_next_one_no_duplicate(world: World) -> None:
    """The function may have died after it wrote the record."""
    accept(ASKED, FIRST, world.ports, event=EVENT)
    letter = dead_letter_of(ASKED, EVENT, FIRST, ("Sandbox.Timedout", "{}"), world.ports)
    assert letter.error.name == "JobFailed"
    assert accept(ASKED, SECOND, world.ports, event=EVENT) == (JOB, False)


def test_an_event_sent_again_moves_its_object_in_spite_of_its_report(world: World) -> None:
    """An event that is sent again moves its object though it was reported as failed."""
    world.source.put(SOURCE, b"few")
    dead_letter_of(ASKED, EVENT, FIRST, ("DestinationBusy", "{}"), world.ports)
    ended = Execution(arn=FIRST, name="first", status="FAILED", job=JOB, event=of())
    settle(ended, world.ports, Machine(Failure(name="DestinationBusy", message="")), Bus())
    accept(ASKED, SECOND, world.ports, event=EVENT)
    assert prepare_job(JOB, SECOND, "work", world.ports).transfer is False
    assert world.store.content(TARGET) == b"few"
    told = report_job(JOB, world.ports)
    assert (told["state"], told["event"]) == ("succeeded", EVENT)


def test_a_refused_duplicate_leaves_the_first_ones_record(world: World) -> None:
    accept(ASKED, FIRST, world.ports, event=EVENT)
    dead_letter_of(ASKED, EVENT, SECOND, ("Lambda.Unknown", ""), world.ports)
    assert world.jobs.load(JOB).execution == FIRST


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"colour": "red"}, "colour"),
        ({"version": 2}, "version"),
        ({"version": "1"}, "version"),
        ({"exists": "perhaps"}, "exists"),
        ({"part_size": "64MB"}, "part_size"),
        ({"idempotency_key": ""}, "idempotency_key"),
        ({"destination": None}, "destination"),
    ],
)
def test_a_field_that_must_not_be_so_is_refused_by_its_name(fields: dict[str, object], named: str) -> None:
    with pytest.raises(BadRequest, match=named):
        decode_request({**ASKED, **fields})


@pytest.mark.parametrize("request_", [None, "text", 7, [ASKED]])
def test_what_is_no_object_is_no_request(request_: object, world: World) -> None:
    letter = refused(request_, world)
    assert (letter.error.name, letter.request, letter.fields) == ("BadRequest", None, ())


def test_another_version_of_requests_is_refused_in_words() -> None:
    with pytest.raises(BadRequest, match="version is not 1"):
        decode_request({**ASKED, "version": 2, "something": "new"})


def test_version_1_is_what_there_is_and_need_not_be_said() -> None:
    assert decode_request({**ASKED, "version": 1}) == decode_request(ASKED)
    assert request_fingerprint(decode_request(ASKED)) == request_fingerprint(
        decode_request({**ASKED, "idempotency_key": "x"})
    )


def test_a_letter_has_the_reason_and_what_sending_again_needs(world: World) -> None:
    """A letter says the reason and what is needed to send the event again."""
    asked = {**ASKED, "destination": "s3://b", "colour": "red"}
    letter = refused(asked, world)
    assert (letter.job, letter.event, letter.request) == (JOB, of(), asked)
    assert (letter.error.name, letter.error.code) == ("BadRequest", 2)
    assert "colour" in letter.error.message
    assert letter.fields == ("colour", "destination", "part_size", "source")
    assert (letter.source, letter.refused) == (SOURCE, world.clock.now().isoformat(timespec="seconds"))
    assert read_letter(Undelivered(body=msgspec.json.encode(letter).decode()), no_rule) == letter
    assert replay_input(letter) == {"request": asked, "event": EVENT}


def test_a_letter_has_the_hint_of_its_error(world: World) -> None:
    assert "Secrets Manager" in refused({**ASKED, "sse_key": SECRET}, world).error.hint


@pytest.mark.parametrize("fields", IN_CLEAR)
def test_what_looks_like_a_secret_is_in_no_letter_and_in_no_message(fields: dict[str, object], world: World) -> None:
    letter = refused({**ASKED, **fields}, world)
    assert SECRET not in msgspec.json.encode(letter).decode()
    assert letter.request is None
    assert set(letter.fields) == {*ASKED, *fields}
    with pytest.raises(BadRequest, match="not kept"):
        replay_input(letter)


@pytest.mark.parametrize(
    "fields", [{"secret": "s3am-cloud/host"}, {"idempotency_key": "k"}, {"host_keys": ["ssh-ed25519 AA"]}]
)
def test_names_of_secrets_and_keys_of_other_kinds_may_stand_in_a_letter(
    fields: dict[str, object], world: World
) -> None:
    asked = {**ASKED, **fields, "destination": "s3://b"}
    with pytest.raises(BadDestination):
        accept(asked, FIRST, world.ports, event=EVENT, granted={"events of lab.sequencer": ("s3am-cloud/host",)})
    assert refused(asked, world).request == asked


def test_of_an_error_that_is_not_ours_the_name_alone_is_told(world: World) -> None:
    letter = dead_letter_of(ASKED, EVENT, FIRST, ("KeyError", json.dumps({"errorMessage": SECRET})), world.ports)
    assert letter.error.message == "KeyError"


def no_rule(rule: str, event: object) -> None:
    """No rule is known."""


def test_what_eventbridge_could_not_deliver_is_a_letter_too() -> None:
    raw = {**EVENT, "version": "0", "account": "1", "region": "r", "resources": [], "detail": ASKED}
    reason = {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "not authorized"}
    letter = read_letter(Undelivered(body=json.dumps(raw), reason=reason), no_rule)
    assert letter is not None
    assert (letter.job, letter.request) == (JOB, ASKED)
    assert "not authorized" in letter.error.message


@pytest.mark.parametrize(
    "body", ["", "{}", "no json", '{"kind": "other"}', json.dumps({**EVENT, "detail-type": "Other"})]
)
def test_other_messages_are_no_letters(body: str) -> None:
    assert read_letter(Undelivered(body=body), no_rule) is None


def test_a_refused_events_failure_is_announced_with_the_event(world: World) -> None:
    bus = Bus()
    ended = Execution(arn=FIRST, name="first", status="FAILED", job=JOB, event=of())
    settle(ended, world.ports, Machine(Failure(name="BadRequest", message="no")), bus)
    [(kind, detail)] = bus.announced
    assert (kind, detail["job"], detail["event"]) == (TRANSFER_FAILED, JOB, EVENT)


def test_a_duplicate_that_failed_says_nothing_of_the_job_that_runs(world: World) -> None:
    accept(ASKED, FIRST, world.ports, event=EVENT)
    bus = Bus()
    ended = Execution(arn=SECOND, name="second", status="FAILED", job=JOB, event=of())
    assert settle(ended, world.ports, Machine(Failure(name="StoreBusy", message="")), bus) is None
    assert (bus.announced, world.jobs.report(JOB)) == ([], None)


class Client:
    """Step Functions, of which only an execution's input and output matter."""

    def __init__(self, given: object, output: object = None) -> None:
        self._answer: dict[str, Any] = {
            "name": "name",
            "status": "RUNNING",
            "startDate": None,
            "input": json.dumps(given),
        }
        self._answer |= {} if output is None else {"output": json.dumps(output)}

    def describe_execution(self, **_: str) -> dict[str, Any]:
        return self._answer


@pytest.mark.parametrize(
    ("given", "output", "job"),
    [
        ({"job": "j"}, None, "j"),
        ({"request": ASKED}, None, "first"),
        ({"request": ASKED, "event": None}, None, "first"),
        ({"request": ASKED, "event": EVENT}, None, JOB),
        ({"request": ASKED, "event": EVENT}, {"job": "joined", "duplicate": True}, "joined"),
        ({"request": ASKED, "event": {"id": 7}}, None, "first"),
        ([], None, "first"),
    ],
)
def test_an_execution_tells_its_job_by_its_input_and_its_output(given: object, output: object, job: str) -> None:
    machine: Any = StateMachine(Client(given, output), "arn:x:stateMachine:m")  # type: ignore[arg-type]
    assert machine.describe(FIRST).job == job
