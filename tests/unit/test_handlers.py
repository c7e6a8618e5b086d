"""The Lambda functions: decode, one call, encode."""

from __future__ import annotations

import io
import json
from typing import Any

import msgspec
import pytest

from s3am_cloud import names
from s3am_cloud.errors import BadRequest, NoSuchJob, SourceNotFound
from s3am_cloud.handlers import control, janitor, worker
from s3am_cloud.limits import DEADLINE_MARGIN_SECONDS
from s3am_cloud.ports.coordination import Seen
from servers.content import pattern
from support.dataset_world import DatasetWorld
from support.fakes import PART, SOURCE, TARGET, World
from unit.lambda_fakes import context, lambda_world

DATA = pattern(2 * PART + 5)
ASKED = {"source": SOURCE, "destination": str(TARGET), "part_size": PART}


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, log: io.StringIO) -> World:
    made = World()
    made.source.put(SOURCE, DATA)
    here = lambda_world(made.ports, log)
    for module in (control, worker, janitor):
        monkeypatch.setattr(module, "load_runtime", lambda: here)
    return made


def ask(action: str, **fields: Any) -> Any:
    """The answer as the state machine sees it."""
    answer = control.handler({"action": action, **fields}, context())
    return json.loads(json.dumps(answer))


def test_the_tasks_of_a_job_follow_one_another(world: World) -> None:
    assert ask("accept", request=ASKED, event=None, execution="arn:job") == {"job": "job", "duplicate": False}
    prepared = ask("prepare", job="job", execution="arn:job")
    assert prepared["transfer"] is True
    assert (prepared["bucket"], prepared["units_key"]) == ("work", "jobs/job/units.jsonl")
    for unit in world.jobs.units("job"):
        told = worker.handler({"job": "job", "unit": msgspec.to_builtins(unit)}, context())
        assert told == {"job": "job", "unit": msgspec.to_builtins(unit), "done": True}
    assert ask("complete", job="job") == {"job": "job"}
    report = ask("report", job="job")
    assert (report["job"], report["kind"]) == ("job", names.TRANSFER_SUCCEEDED)
    assert (report["detail"]["state"], report["detail"]["size"]) == ("succeeded", len(DATA))
    assert world.store.content(TARGET) == DATA


def test_a_worker_copies_whole_items_of_a_dataset(monkeypatch: pytest.MonkeyPatch, log: io.StringIO) -> None:
    made = DatasetWorld()
    here = lambda_world(made.ports, log)
    monkeypatch.setattr(worker, "load_runtime", lambda: here)
    made.put_sources(["a", "b"])
    made.write_items(["a", "b"])
    unit = {"u": 7, "file": 0, "from": 0, "to": 2}
    answer = worker.handler({"job": "set", "unit": unit}, context())
    assert answer == {"job": "set", "unit": unit, "done": True}
    assert made.states() == {"a": "copied", "b": "copied"}
    [tally] = made.jobs.tallies("set")
    assert (tally.parts, tally.first) == (2, 7)


def test_a_worker_near_its_deadline_tells_what_remains(world: World) -> None:
    ask("accept", request=ASKED, execution="arn:job")
    ask("prepare", job="job", execution="arn:job")
    unit = {"object": 0, "first": 2, "last": 3}
    told = worker.handler({"job": "job", "unit": unit}, context(DEADLINE_MARGIN_SECONDS - 1))
    assert told == {"job": "job", "unit": unit, "done": False}


def test_a_request_may_come_with_the_event_that_caused_it(world: World) -> None:
    assert ask("accept", request=ASKED, event={"id": "7", "detail": {}}, execution="arn:job")["duplicate"] is False


@pytest.mark.parametrize(
    "event",
    [
        {"action": "prepare", "job": "job"},
        {"action": "prepare", "job": 7, "execution": "arn"},
        {"action": "dance", "job": "job"},
        {"job": "job"},
        {},
    ],
)
def test_an_event_that_is_no_task_is_refused(world: World, event: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        control.handler(event, context())


@pytest.mark.parametrize(
    "event",
    [
        {"job": "job"},
        {"job": "job", "unit": {"object": 0, "first": 1}},
        {"job": "job", "unit": {"object": 0, "first": "1", "last": 2}},
        {"job": "job", "unit": {"object": 0, "first": 1, "last": 2}, "more": 1},
    ],
)
def test_an_event_that_is_no_unit_is_refused(world: World, event: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        worker.handler(event, context())


def test_errors_reach_the_machine_under_their_own_names(world: World) -> None:
    with pytest.raises(NoSuchJob):
        ask("prepare", job="never", execution="arn")
    with pytest.raises(BadRequest):
        ask("accept", request={"source": "https://ann:s3cret@host/data", "destination": "s3://b/k"}, execution="x")
    ask("accept", request={**ASKED, "source": "https://host/missing"}, execution="arn:job")
    with pytest.raises(SourceNotFound):
        ask("prepare", job="job", execution="arn:job")


def test_logs_name_the_job_and_hold_no_url(world: World, log: io.StringIO) -> None:
    ask("accept", request={**ASKED, "source": "https://host/data.bin?id=s3cret"}, execution="arn:job")
    assert '"job":"job"' in log.getvalue().replace(" ", "")
    assert "s3cret" not in log.getvalue()


def test_the_schedule_sweeps_and_renews_what_schedules_have_seen(world: World) -> None:
    world.coordination.see("yearly", Seen(asked="a"))
    assert janitor.handler({"action": "sweep"}, context()) is None
    renewed = world.coordination.seen("yearly")
    assert renewed is not None
    assert renewed.looked is not None
