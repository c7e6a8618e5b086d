"""The contract of Coordination, kept in memory, in a folder and in a bucket."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from s3am_cloud.adapters.memory.jobs import MemoryCoordination
from s3am_cloud.adapters.records.coordination import DocumentCoordination
from s3am_cloud.adapters.records.jobs import Folder
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.documents import Bucket
from s3am_cloud.ports.coordination import Coordination, DestinationLock, Seen
from s3am_cloud.urls import S3Url

TARGET = S3Url("bucket", "a key/é")
FIRST = DestinationLock(job="first", execution="arn:first", asked="d1", made="2026-01-02T03:04:05.000+00:00")
SECOND = DestinationLock(job="second", execution="arn:second", asked="d2", made="2026-01-02T03:05:05.000+00:00")


@pytest.fixture(params=["memory", "folder", "bucket"])
def coordination(request: pytest.FixtureRequest, tmp_path: Path) -> Coordination:
    """Every kind in turn."""
    if request.param == "memory":
        return MemoryCoordination()
    if request.param == "folder":
        return DocumentCoordination(Folder(tmp_path / "state"))
    access: S3Access = request.getfixturevalue("s3_access")
    return DocumentCoordination(Bucket(access, request.getfixturevalue("bucket")))


def put_up(
    coordination: Coordination, lock: DestinationLock, previous: DestinationLock | None = None
) -> DestinationLock:
    """The lock as whoever looks sees it."""
    assert coordination.put_lock(TARGET, lock, previous)
    found = coordination.lock_of(TARGET)
    assert found is not None
    return found


def test_a_claim_comes_back_as_it_was_put_up_with_a_tag(coordination: Coordination) -> None:
    assert coordination.lock_of(TARGET) is None
    found = put_up(coordination, FIRST)
    assert found.tag
    assert msgspec.structs.replace(found, tag=None) == FIRST
    assert coordination.lock_of(S3Url("bucket", "other")) is None


def test_a_claim_that_is_there_is_not_overlooked(coordination: Coordination) -> None:
    there = put_up(coordination, FIRST)
    assert not coordination.put_lock(TARGET, SECOND, None)
    assert coordination.lock_of(TARGET) == there


def test_a_claim_takes_the_place_of_the_one_that_was_seen(coordination: Coordination) -> None:
    there = put_up(coordination, FIRST)
    assert put_up(coordination, SECOND, there).job == "second"


def test_a_claim_that_is_no_longer_the_one_that_was_seen_stays(coordination: Coordination) -> None:
    there = put_up(coordination, FIRST)
    now = put_up(coordination, SECOND, there)
    assert not coordination.put_lock(TARGET, FIRST, there)
    assert coordination.lock_of(TARGET) == now


@pytest.mark.parametrize("taken", [False, True])
def test_of_several_that_claim_at_once_one_succeeds(coordination: Coordination, taken: bool) -> None:
    previous = put_up(coordination, FIRST) if taken else None
    with ThreadPoolExecutor(8) as racers:
        claims = [msgspec.structs.replace(SECOND, job=f"job-{number}") for number in range(8)]
        won = list(racers.map(lambda claim: coordination.put_lock(TARGET, claim, previous), claims))
    assert won.count(True) == 1
    found = coordination.lock_of(TARGET)
    assert found is not None
    assert found.job == f"job-{won.index(True)}"


def test_a_cancelled_job_stays_so_and_another_does_not_become_so(coordination: Coordination) -> None:
    assert not coordination.cancelled("job")
    coordination.cancel("job")
    coordination.cancel("job")
    assert coordination.cancelled("job")
    assert not coordination.cancelled("job-r2")


def test_what_a_schedule_has_seen_is_replaced_by_what_it_sees_next(coordination: Coordination) -> None:
    assert coordination.seen("daily") is None
    for seen in (Seen(asked="a", size=3, etag='"é"'), Seen(asked="b", last_modified="yesterday", version="v")):
        coordination.see("daily", seen)
        assert coordination.seen("daily") == seen
    assert coordination.seen("weekly") is None
    assert list(coordination.schedules()) == ["daily"]
