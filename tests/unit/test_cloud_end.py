"""How jobs end: completed, reported, settled by the janitor, or swept."""

from __future__ import annotations

import msgspec
import pytest

from s3am_cloud.checksums.crc64nvme import encode, update
from s3am_cloud.errors import JobFailed, NoSuchJob
from s3am_cloud.jobs.cleanup import settle
from s3am_cloud.jobs.tasks import complete_job, report_job, work
from s3am_cloud.model import Unit
from s3am_cloud.names import TRANSFER_FAILED
from s3am_cloud.ports.executions import Executions, Failure
from support.cloud_fakes import DATA, LONG, Bus, Machine, ended, moved_whole, prepared
from support.fakes import SOURCE, TARGET, World


@pytest.fixture
def world() -> World:
    made = World()
    made.source.put(SOURCE, DATA)
    return made


def test_complete_makes_the_object_and_the_report(world: World) -> None:
    moved_whole(world)
    complete_job("job", world.ports)
    assert world.store.content(TARGET) == DATA
    detail = report_job("job", world.ports)
    assert (detail["state"], detail["size"], detail["job"]) == ("succeeded", len(DATA), "job")
    assert detail["checksum"] == encode(update(0, DATA))
    assert None not in detail.values()
    assert len(msgspec.json.encode(detail)) < 1000


def test_a_repeated_complete_gives_the_same_report(world: World) -> None:
    moved_whole(world)
    assert complete_job("job", world.ports) == complete_job("job", world.ports)


def test_complete_names_parts_that_are_missing(world: World) -> None:
    prepared(world)
    work("job", Unit(0, 1, 4), lambda: LONG, world.ports)
    with pytest.raises(JobFailed, match="missing"):
        complete_job("job", world.ports)
    assert world.store.head(TARGET) is None


def test_a_job_without_a_report_has_none(world: World) -> None:
    with pytest.raises(NoSuchJob):
        report_job("job", world.ports)


@pytest.mark.parametrize(
    ("failure", "name"),
    [
        (Failure(name="SourceChanged", message="another ETag"), "SourceChanged"),
        (Failure(name="Sandbox.Timedout", message="after 900 s"), "JobFailed"),
        (None, "JobFailed"),
    ],
)
def test_a_failed_execution_is_reported_and_announced_and_its_upload_kept(
    world: World, failure: Failure | None, name: str
) -> None:
    prepared(world)
    bus, machine = Bus(), Machine(failure)
    executions: Executions = machine
    report = settle(ended("ABORTED"), world.ports, executions, bus)
    assert report is not None
    assert report.error is not None
    assert (report.state, report.error.name) == ("failed", name)
    assert world.jobs.report("job") == report
    assert [kind for kind, _ in bus.announced] == [TRANSFER_FAILED]
    assert bus.announced[0][1]["state"] == "failed"
    assert len(world.store.unfinished(TARGET)) == 1


def test_a_job_whose_object_is_there_did_not_fail(world: World) -> None:
    moved_whole(world)
    done = complete_job("job", world.ports)
    bus = Bus()
    assert settle(ended(), world.ports, Machine(None), bus) == done
    assert world.jobs.report("job") == done
    assert bus.announced == []


def test_an_execution_without_a_job_is_nothing_to_settle(world: World) -> None:
    bus = Bus()
    assert settle(ended(job=None), world.ports, Machine(None), bus) is None
    assert bus.announced == []


def test_every_task_s_answer_is_small(world: World) -> None:
    answer = prepared(world)
    assert len(msgspec.json.encode(answer)) < 300
    assert len(msgspec.json.encode(work("job", Unit(0, 1, 5), lambda: LONG, world.ports))) < 100
