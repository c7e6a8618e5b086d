"""Waiting for a job's end, and closing what moves parts."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from s3am_cloud.adapters.memory.jobs import MemoryJobs
from s3am_cloud.errors import AccessDenied, StoreBusy
from s3am_cloud.limits import POLL_SECONDS, THROTTLED_SECONDS
from s3am_cloud.model import Job, MovedPart, Plan, Receipt, TransferRequest, Upload, UploadedPart
from s3am_cloud.ports.executions import Execution
from s3am_cloud.ports.records import Tally
from s3am_cloud.transfer.steps.save import save_parts
from s3am_cloud_client import Client
from s3am_cloud_client.remote import status
from s3am_cloud_client.remote.polls import Polls, patiently
from s3am_cloud_client.remote.status import JobStatus
from support.fakes import FakeClock

ENDED = Receipt(state="succeeded", source="https://host/x", destination="s3://bucket/x")


def client(clock: FakeClock) -> Client:
    """A client whose stack is a clock: these tests ask for nothing else."""
    made = Client()
    made.__dict__["remote"] = SimpleNamespace(clock=clock)
    return made


def ending_at(second: float, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job `j` runs until the clock shows `second`."""

    def status_of(job_id: str, remote: Any, with_retries: bool = True) -> JobStatus:
        return JobStatus(job=job_id, status="running", receipt=ENDED if clock.seconds >= second else None)

    monkeypatch.setattr(status, "status_of", status_of)


def test_waiting_ends_at_its_timeout_and_may_begin_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    ending_at(100, clock, monkeypatch)
    job, seen = client(clock).job("j"), list[str]()
    with pytest.raises(TimeoutError, match="job j still runs after 30 s"):
        job.wait(lambda status: seen.append(status.status), timeout=30)
    assert clock.seconds == pytest.approx(30)
    assert seen
    assert job.wait() == ENDED


@pytest.mark.parametrize("timeout", [0, 3])
def test_what_has_ended_in_time_is_no_timeout(timeout: float, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    ending_at(timeout, clock, monkeypatch)
    assert client(clock).job("j").wait(timeout=timeout) == ENDED


class KeptMover:
    """Keeps what it gave, so that nothing is closed by being forgotten."""

    def __init__(self) -> None:
        self.closed = False
        self._moving = self._parts()

    def move(self, *arguments: Any) -> Iterator[MovedPart]:
        return self._moving

    def _parts(self) -> Iterator[MovedPart]:
        try:
            yield MovedPart(1, 1, 0, "")
        finally:
            self.closed = True


class FullDisk:
    def record(self, part: MovedPart) -> None:
        raise OSError("no space")


def test_a_move_is_closed_when_a_part_can_not_be_noted() -> None:
    mover = KeptMover()
    with pytest.raises(OSError, match="no space"):
        save_parts(Plan(size=1, part_size=1), [], cast("Any", FullDisk()), mover)
    assert mover.closed


class Throttled:
    """A call that AWS throttles until the clock shows `until`."""

    def __init__(self, clock: FakeClock, until: float) -> None:
        self._clock, self._until = clock, until
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self._clock.seconds < self._until:
            raise StoreBusy("stack S: the answer was Throttling (Rate exceeded)")
        return "found"


def test_a_call_that_aws_throttles_is_repeated_less_and_less_often() -> None:
    clock = FakeClock()
    call = Throttled(clock, 300)
    assert patiently(call, clock) == "found"
    assert clock.slept[:3] == sorted(clock.slept[:3])
    assert max(clock.slept) <= POLL_SECONDS
    assert call.calls < 30


def test_what_is_throttled_for_ever_is_reported() -> None:
    clock = FakeClock()
    with pytest.raises(StoreBusy, match="Rate exceeded"):
        patiently(Throttled(clock, 1e9), clock)
    assert THROTTLED_SECONDS <= clock.seconds < THROTTLED_SECONDS + POLL_SECONDS


def test_pauses_grow_with_the_wait_and_differ_by_a_quarter() -> None:
    early, late = FakeClock(dice=0.0), FakeClock(dice=1.0)
    for clock in (early, late):
        polls = Polls(clock)
        for _ in range(60):
            polls.wait()
    assert early.slept[-1] == pytest.approx(POLL_SECONDS * 0.75)
    assert late.slept[-1] == pytest.approx(POLL_SECONDS * 1.25)
    assert late.slept == sorted(late.slept)


def test_a_job_whose_parts_may_not_be_listed_shows_what_workers_have_noted() -> None:
    """And asks Step Functions for units, of which it answers one question a second, only where nothing is noted yet."""
    asked: list[str] = []
    clock, jobs = FakeClock(), MemoryJobs()
    request = TransferRequest(source="https://host/file", destination="s3://bucket/key")
    upload = Upload(target=request.target, upload_id="u", full_object=True)
    plan = Plan(size=9, part_size=3)
    jobs.add(Job(id="j", created=clock.now().isoformat(), request=request, state="transfer", plan=plan, upload=upload))

    def denied(upload: Upload) -> Iterator[UploadedPart]:
        raise AccessDenied("s3://bucket/key: the answer was AccessDenied")

    def counts(arn: str) -> None:
        asked.append(arn)

    remote: Any = SimpleNamespace(
        clock=clock,
        jobs=jobs,
        machine=SimpleNamespace(counts=counts),
        execution=lambda job_id: Execution(arn="arn:j", name="j", status="RUNNING", job="j"),
        store=SimpleNamespace(parts=denied),
    )
    assert status.status_of("j", remote, with_units=True).bytes_done is None
    assert asked == ["arn:j"]
    jobs.write_tally("j", "1-a", Tally(first=1, bytes=3, parts=1, retries=2))
    jobs.write_tally("j", "2-b", Tally(first=2, bytes=3, parts=1, error="SourceBusy"))
    found = status.status_of("j", remote, with_units=True)
    assert (found.bytes_done, found.parts_done, found.retries) == (6, 2, 3)
    assert asked == ["arn:j"]
