"""What a job in the cloud is held to after its object is made: another pass over it, by the task that made it."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from s3am_cloud.adapters.memory.reader import MemoryReaders
from s3am_cloud.errors import BadRequest, NotAsExpected
from s3am_cloud.ingest.accept import accept
from s3am_cloud.jobs.cleanup import settle
from s3am_cloud.jobs.tasks import complete_job, prepare_job, work
from s3am_cloud.ports.executions import Execution, Failure
from support.cloud_fakes import ASKED, DATA, LONG, Bus, Machine, prepared
from support.fakes import SOURCE, TARGET, World, request

RIGHT, WRONG = f"sha256:{hashlib.sha256(DATA).hexdigest()}", f"sha256:{'0' * 64}"


@pytest.fixture
def world() -> World:
    world = World()
    world.source.put(SOURCE, DATA)
    return world


def moved(world: World, **options: object) -> None:
    prepared(world, "job", **options)
    for unit in world.jobs.units("job"):
        work("job", unit, lambda: LONG, world.ports)


def test_a_job_is_held_to_any_checksum_by_reading_its_object(world: World) -> None:
    moved(world, expect=RIGHT)
    done = complete_job("job", world.ports)
    assert (done.expected, done.verdict) == (RIGHT, "verified-by-source")
    assert world.jobs.report("job") == done


def test_a_job_is_held_to_what_its_source_says_where_that_is_asked_for(world: World) -> None:
    world.source.put(f"{SOURCE}.sha256", RIGHT.partition(":")[2].encode())
    moved(world, source_digest="auto")
    done = complete_job("job", world.ports)
    assert (done.source_digest, done.unchecked_digests, done.verdict) == (RIGHT, None, "verified-by-source")


def test_the_object_is_read_by_the_way_to_objects_that_are_written(world: World) -> None:
    moved(world, expect=RIGHT)
    nothing = MemoryReaders(World().source, World().store)
    ports = msgspec.structs.replace(world.ports, readers=nothing, target_readers=world.ports.readers)
    assert complete_job("job", ports).expected == RIGHT


@pytest.mark.parametrize("expect", [WRONG, "crc64nvme:0123456789abcdef"])
def test_what_differs_leaves_neither_an_object_nor_an_upload(world: World, expect: str) -> None:
    moved(world, expect=expect)
    with pytest.raises(NotAsExpected):
        complete_job("job", world.ports)
    assert world.store.head(TARGET) is None
    assert world.store.unfinished(TARGET) == []
    execution = Execution(arn="arn:job", name="job", status="FAILED", job="job")
    report = settle(execution, world.ports, Machine(Failure(name="NotAsExpected", message="m")), Bus())
    assert report is not None
    assert (report.unfinished_upload, report.expires) == (None, None)


def test_what_differs_stays_where_it_is_to_be_kept(world: World) -> None:
    moved(world, expect=WRONG, keep_mismatch=True)
    with pytest.raises(NotAsExpected):
        complete_job("job", world.ports)
    assert world.store.content(TARGET) == DATA


def test_a_small_object_is_held_to_it_too(world: World) -> None:
    world.source.put(SOURCE, b"small")
    expect = f"sha256:{hashlib.sha256(b'small').hexdigest()}"
    prepared(world, expect=expect)
    report = world.jobs.report("job")
    assert report is not None
    assert report.expected == expect


def test_what_can_not_be_read_in_time_is_refused_before_writing(world: World) -> None:
    """What can not be read in time is refused before anything is written."""
    accept({**ASKED, "expect": RIGHT}, "job", world.ports)
    with pytest.raises(BadRequest, match="sha256 needs"):
        prepare_job("job", "arn:job", "work", msgspec.structs.replace(world.ports, most_in_order=len(DATA) - 1))
    assert world.store.unfinished(TARGET) == []
    prepared(world, "next", expect=RIGHT)


def test_a_job_begun_on_a_machine_is_reported_under_its_metadatas_id(
    world: World,
) -> None:
    """What a machine began and the cloud finished is reported under the id that its metadata say."""
    begun = world.begin(request(), 1)
    moved(world, resume=True)
    assert world.jobs.load("job").resumes == begun.id
    done = complete_job("job", world.ports)
    assert world.jobs.report(begun.id) == done


def test_the_report_of_a_job_that_failed_in_the_cloud_stays_its_own(world: World) -> None:
    begun = world.begin(request(), 1)
    world.jobs.save(msgspec.structs.replace(begun, execution="arn:first"))
    moved(world, resume=True)
    complete_job("job", world.ports)
    assert world.jobs.report(begun.id) is None
