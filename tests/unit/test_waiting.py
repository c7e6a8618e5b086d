"""Waiting for a job's end, and closing what moves parts."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from s3am_cloud.model import MovedPart, Plan, Receipt
from s3am_cloud.transfer.steps.save import save_parts
from s3am_cloud_client import Client
from s3am_cloud_client.remote import status
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
