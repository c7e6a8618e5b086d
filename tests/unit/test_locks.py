"""One job at a time writes to a destination; who asks for the same thing joins it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from s3am_cloud.errors import DestinationBusy, StoreBusy
from s3am_cloud.ingest.accept import accept, decode_request
from s3am_cloud.jobs.cleanup import discard
from s3am_cloud.jobs.locks import LockContext, acquire, ensure_held, latest, request_fingerprint, successor
from s3am_cloud.jobs.successors import next_id
from s3am_cloud.limits import START_SECONDS
from s3am_cloud.model import Job, TransferRequest
from s3am_cloud.ports.coordination import DestinationLock
from s3am_cloud.transfer.pipeline import new_job
from s3am_cloud.urls import S3Url
from support.cloud_fakes import ASKED, Machine
from support.fakes import SOURCE, World, request

OTHER_SOURCE = "https://host/other.bin"


class Stage:
    """A stack in memory."""

    def __init__(self) -> None:
        self.world, self.machine = World(), Machine()
        self.locks = LockContext(self.world.jobs, self.world.coordination, self.machine.describe, self.world.clock)

    def job(self, name: str, asked: TransferRequest | None = None) -> Job:
        job = new_job(asked or request(), name, self.world.clock)
        job = msgspec.structs.replace(job, asked=request_fingerprint(job.request))
        self.world.jobs.add(job)
        return job

    def take(self, name: str, asked: TransferRequest | None = None) -> str:
        """Who has the destination after this job has asked for it."""
        return acquire(self.job(name, asked), f"arn:{name}", self.locks)

    def accept(self, name: str, **options: Any) -> tuple[str, bool]:
        return accept({**ASKED, **options}, f"arn:{name}", self.world.ports, self.locks)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_the_first_who_asks_has_the_destination_and_keeps_it(stage: Stage) -> None:
    """The first who asks has the destination and keeps it when it asks again."""
    assert stage.take("first") == "first"
    stage.machine.run("first")
    assert stage.take("first") == "first"


def test_the_same_request_joins_the_job_that_runs(stage: Stage) -> None:
    stage.take("first")
    stage.machine.run("first")
    assert stage.take("second") == "first"


def test_the_same_request_joins_a_job_that_is_about_to_start(stage: Stage) -> None:
    """The same request joins a job that is about to start but not one that never did."""
    stage.take("first")
    assert stage.take("second") == "first"
    stage.world.clock.pass_time(timedelta(seconds=START_SECONDS))
    assert stage.take("third") == "third"


def test_another_request_gets_to_know_the_job_at_work_and_what_to_do(stage: Stage) -> None:
    """Another request gets to know which job is at work, and what to do about it."""
    stage.take("first")
    stage.machine.run("first")
    with pytest.raises(DestinationBusy, match="job first") as caught:
        stage.take("second", request(source=OTHER_SOURCE))
    assert "s3am-cloud watch first" in caught.value.hint
    assert "s3am-cloud cancel first" in caught.value.hint
    assert caught.value.code == 4


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"])
@pytest.mark.parametrize("source", [SOURCE, OTHER_SOURCE])
def test_a_job_that_has_ended_is_in_nobodys_way(stage: Stage, status: str, source: str) -> None:
    stage.take("first")
    stage.machine.run("first", status)
    assert stage.take("second", request(source=source)) == "second"


def test_a_job_that_was_cancelled_before_it_started_is_in_nobodys_way(stage: Stage) -> None:
    stage.take("first")
    stage.world.coordination.cancel("first")
    discard("first", stage.world.ports)
    assert stage.take("second", request(source=OTHER_SOURCE)) == "second"


def test_another_destination_is_another_matter(stage: Stage) -> None:
    stage.take("first")
    stage.machine.run("first")
    assert stage.take("second", request(destination="s3://bucket/elsewhere")) == "second"


def test_a_destination_is_the_same_however_it_is_written(stage: Stage) -> None:
    stage.take("first", request(destination="s3://bucket/data.bin"))
    stage.machine.run("first")
    with pytest.raises(DestinationBusy):
        stage.take("second", request(destination="s3://bucket/"))


class Racing:
    """Coordination at which somebody else is always a moment quicker."""

    def __init__(self, locks: LockContext, times: int, claim: DestinationLock) -> None:
        self._coordination, self._times, self._claim = locks.coordination, times, claim

    def lock_of(self, target: S3Url) -> DestinationLock | None:
        return self._coordination.lock_of(target)

    def put_lock(self, target: S3Url, lock: DestinationLock, previous: DestinationLock | None) -> bool:
        if self._times:
            self._times -= 1
            assert self._coordination.put_lock(target, self._claim, previous)
        return self._coordination.put_lock(target, lock, previous)

    def cancel(self, job_id: str) -> None:
        raise AssertionError("whoever claims a destination cancels nothing")

    def cancelled(self, job_id: str) -> bool:
        raise AssertionError("whoever claims a destination asks for no cancellation")


def test_of_two_that_ask_at_the_same_moment_the_second_joins_the_first(stage: Stage) -> None:
    stage.machine.run("quick")
    same = DestinationLock(
        job="quick", execution="arn:quick", asked=request_fingerprint(request()), made="2026-01-02T03:04:05.000+00:00"
    )
    slow = msgspec.structs.replace(stage.locks, coordination=Racing(stage.locks, 1, same))
    assert acquire(stage.job("slow"), "arn:slow", slow) == "quick"


def test_who_is_overtaken_for_ever_gives_up_by_a_name_that_is_tried_again(stage: Stage) -> None:
    stage.machine.run("dead", "FAILED")
    other = DestinationLock(job="dead", execution="arn:dead", asked="x", made="2026-01-02T03:04:05.000+00:00")
    slow = msgspec.structs.replace(stage.locks, coordination=Racing(stage.locks, 100, other))
    with pytest.raises(StoreBusy):
        acquire(stage.job("slow"), "arn:slow", slow)


def test_a_job_that_lost_its_destination_before_it_started_ends_by_name(stage: Stage) -> None:
    """A client may have recorded it, and then have slept."""
    late = stage.job("late")
    acquire(late, "arn:late", stage.locks)
    stage.world.clock.pass_time(timedelta(seconds=START_SECONDS))
    assert stage.take("quick") == "quick"
    stage.machine.run("quick")
    with pytest.raises(DestinationBusy, match="job quick"):
        ensure_held(late, "arn:late", stage.locks)


def test_a_job_started_by_its_id_locks_its_destination_itself(stage: Stage) -> None:
    """A job that somebody started by its id claims its destination itself."""
    ensure_held(stage.job("job"), "arn:job", stage.locks)
    stage.machine.run("job")
    with pytest.raises(DestinationBusy):
        stage.take("other", request(source=OTHER_SOURCE))


def test_an_event_that_is_delivered_twice_ends_quietly_the_second_time(stage: Stage) -> None:
    assert stage.accept("first") == ("first", False)
    stage.machine.run("first")
    assert stage.accept("second") == ("first", True)
    assert list(stage.world.jobs.ids()) == ["first"]


def test_another_request_fails_by_name_while_a_job_runs(stage: Stage) -> None:
    """A request for something else fails by name while a job runs and leaves no record."""
    stage.accept("first")
    stage.machine.run("first")
    with pytest.raises(DestinationBusy):
        stage.accept("second", source=OTHER_SOURCE)
    assert list(stage.world.jobs.ids()) == ["first"]
    stage.machine.run("first", "SUCCEEDED")
    assert stage.accept("second", source=OTHER_SOURCE) == ("second", False)


def test_what_makes_a_request_the_same() -> None:
    asked = decode_request(ASKED)
    same: list[dict[str, object]] = [{"resume": True}, {"keep_hours": 5}]
    other: list[dict[str, object]] = [
        {},
        {"source": OTHER_SOURCE},
        {"destination": "s3://bucket/x"},
        {"exists": "overwrite"},
        {"part_size": None},
    ]
    assert {request_fingerprint(decode_request({**ASKED, **more})) for more in same} == {request_fingerprint(asked)}
    assert len({request_fingerprint(decode_request({**ASKED, **more})) for more in other}) == 5


def test_the_jobs_that_go_on_with_one_another_are_found_by_their_ids(stage: Stage) -> None:
    jobs = stage.world.jobs
    assert (next_id("a"), next_id("a-r2"), next_id("a-r9"), next_id("a-rx")) == ("a-r2", "a-r3", "a-r10", "a-rx-r2")
    first = stage.job("a")
    assert (successor("a", jobs), latest("a", jobs)) == (None, "a")
    jobs.add(msgspec.structs.replace(first, id="a-r2", resumes="a"))
    jobs.add(msgspec.structs.replace(first, id="a-r3", resumes="a-r2"))
    assert (latest("a", jobs), latest("a-r2", jobs), latest("a-r3", jobs)) == ("a-r3", "a-r3", "a-r3")


def test_a_job_that_only_has_such_a_name_goes_on_with_nothing(stage: Stage) -> None:
    stage.job("a")
    stage.job("a-r2")
    assert latest("a", stage.world.jobs) == "a"


def test_the_longest_name_of_an_execution_has_a_next_one_that_is_no_longer() -> None:
    name = "x" * 80
    ids = [name]
    for _ in range(12):
        ids.append(next_id(ids[-1]))
    assert all(len(found) <= 80 for found in ids)
    assert len(set(ids)) == 13
    assert next_id("y" + name[1:]) != next_id(name)
