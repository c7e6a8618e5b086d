"""Advice that kills nobody: whoever is at work at a destination is named, and --force is not advised."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from s3am_cloud.amounts import age_text
from s3am_cloud.errors import AccessDenied, DestinationBusy, SeveralUploads, TransferError, UploadExists
from s3am_cloud.limits import BEAT_SECONDS, STRANGER_HOURS
from s3am_cloud.model import Job, Receipt, Runner, Upload
from s3am_cloud.urls import S3Url
from s3am_cloud_cli.console.output import Console
from s3am_cloud_client.inprocess import runners
from s3am_cloud_client.inprocess.runners import Heartbeat, process_runs, this_process
from servers.content import pattern
from support.fakes import PART, SOURCE, START, TARGET, FakeClock, World, request

RUNNER = Runner(host="lab7", pid=4711, machine="boot", began="12", seen=START.isoformat())


@pytest.fixture
def world() -> World:
    made = World()
    made.source.put(SOURCE, pattern(2 * PART))
    return made


def begun(world: World, **owner: object) -> Job:
    """An unfinished upload, with a record that names its owner."""
    job = msgspec.structs.replace(world.prepare(request(force=True)), **owner)
    world.jobs.save(job)
    return job


def refused(world: World, running: bool | None = None, resume: bool = False) -> TransferError:
    """What a second transfer to the same destination ends with."""
    world.ports = msgspec.structs.replace(world.ports, is_running=lambda job: running)
    with pytest.raises(UploadExists if len(world.store.unfinished(TARGET)) == 1 else SeveralUploads) as caught:
        world.prepare(request(resume=resume))
    return caught.value


def test_a_process_at_work_is_named_and_nobody_is_advised_to_end_it(world: World) -> None:
    begun(world, runner=RUNNER)
    world.clock.pass_time(timedelta(minutes=3))
    error = refused(world)
    assert type(error) is DestinationBusy
    assert "process 4711 on lab7 (started 3 minutes ago, last active 3 minutes ago) is at work there" in error.message
    assert "--force" not in error.hint
    assert "wait" in error.hint


def test_a_job_in_the_cloud_at_work_is_named(world: World) -> None:
    job = begun(world, execution="arn:job")
    for running in (True, None):
        error = refused(world, running)
        assert type(error) is DestinationBusy
        assert f"job {job.id} is at work there" in error.message
        assert error.hint == f"follow it with s3am-cloud watch {job.id}, or stop it with s3am-cloud cancel {job.id}"


@pytest.mark.parametrize("owner", [{"runner": RUNNER}, {"execution": "arn:job"}])
def test_what_has_ended_may_be_resumed_or_discarded(world: World, owner: dict[str, object]) -> None:
    begun(world, **owner)
    error = refused(world, running=False)
    assert type(error) is UploadExists
    assert "which has ended" in error.message
    assert error.hint == "continue it with --resume, or discard it with --force"


def test_a_process_elsewhere_that_has_long_been_silent_is_taken_for_ended(world: World) -> None:
    begun(world, runner=RUNNER)
    world.clock.pass_time(timedelta(seconds=6 * BEAT_SECONDS))
    assert "which has ended" in refused(world).message


def test_a_job_that_has_a_report_has_ended(world: World) -> None:
    job = begun(world, execution="arn:job")
    world.jobs.write_report(job.id, Receipt(state="failed", source="", destination=""))
    assert "which has ended" in refused(world).message


class Listing:
    """A listing of uploads that says when each was begun."""

    def __init__(self, world: World, age: timedelta) -> None:
        self._moment = (world.clock.now() - age).isoformat()
        self._world = world

    def __call__(self, prefix: S3Url) -> Iterator[Upload]:
        for upload_id in self._world.store.unfinished(prefix):
            yield Upload(target=prefix, upload_id=upload_id, full_object=True, initiated=self._moment)


@pytest.mark.parametrize(("hours", "advised"), [(0, False), (STRANGER_HOURS - 1, False), (STRANGER_HOURS + 1, True)])
@pytest.mark.parametrize("count", [1, 2])
def test_an_upload_without_a_record_has_an_age_and_may_be_too_young(
    world: World, hours: int, advised: bool, count: int
) -> None:
    """An upload without a record has an age and young ones are left alone."""
    for _ in range(count):
        world.store.open(TARGET)
    world.store.unfinished_below = Listing(world, timedelta(hours=hours))  # type: ignore[method-assign]
    error = refused(world)
    assert f"begun {age_text(timedelta(hours=hours))} ago" in error.message
    assert ("--force" in error.hint) == advised


def test_one_at_work_among_several_is_named(world: World) -> None:
    world.store.open(TARGET)
    job = world.prepare(request(force=True))
    world.store.open(TARGET)
    world.jobs.save(msgspec.structs.replace(job, runner=RUNNER))
    error = refused(world, resume=True)
    assert "process 4711 on lab7" in error.message
    assert "--force" not in error.hint


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=119), "119 s"),
        (timedelta(minutes=2), "2 minutes"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(days=2), "2 days"),
    ],
)
def test_ages_are_shown_in_the_largest_unit_that_there_are_two_of(age: timedelta, text: str) -> None:
    assert age_text(age) == text


def test_this_process_is_no_other_transfer() -> None:
    assert process_runs(this_process(FakeClock())) is False


def test_a_process_is_at_work_until_it_ends_also_where_nobody_reaps_it() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    runner = msgspec.structs.replace(this_process(FakeClock()), pid=child.pid, began=runners._began(child.pid) or "")
    try:
        assert process_runs(runner) is True
        assert process_runs(msgspec.structs.replace(runner, began="1")) is False, "a later one with the same id"
        os.kill(child.pid, signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert process_runs(runner) is False
    finally:
        child.kill()
        child.communicate()


def test_without_proc_a_process_is_looked_for_by_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runners, "_PROC", Path("/nowhere"))
    runner = this_process(FakeClock())
    assert (runner.machine, runner.began) == ("", "")
    assert process_runs(msgspec.structs.replace(runner, pid=os.getppid())) is True
    assert process_runs(msgspec.structs.replace(runner, pid=2**22 + 1)) is False


@pytest.mark.parametrize("other", [{"host": "elsewhere"}, {"machine": "another boot"}])
def test_processes_of_other_machines_can_not_be_seen(other: dict[str, str]) -> None:
    assert process_runs(msgspec.structs.replace(this_process(FakeClock()), **other)) is None


def test_the_record_is_renewed_once_a_minute_and_a_failure_ends_nothing(world: World) -> None:
    job = begun(world, runner=RUNNER)
    beat = Heartbeat(job, world.ports, Console())
    assert beat() is False
    assert world.jobs.load(job.id).runner == RUNNER
    world.clock.pass_time(timedelta(seconds=BEAT_SECONDS))
    assert beat() is False
    renewed = world.jobs.load(job.id).runner
    assert renewed is not None
    assert renewed.seen == "2026-01-02T03:05:05.000+00:00"

    def refuses(job: Job) -> None:
        raise AccessDenied("no")

    world.jobs.save = refuses  # type: ignore[method-assign]
    world.clock.pass_time(timedelta(seconds=BEAT_SECONDS))
    assert beat() is False
