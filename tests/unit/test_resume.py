"""Going on with an unfinished upload: plan minus the parts that are there."""

from __future__ import annotations

import pytest

from s3am_cloud.checksum import update
from s3am_cloud.errors import BadPartSize, ObjectExists, SourceChanged, SourceNotFound
from s3am_cloud.model import Plan, UploadedPart
from s3am_cloud.pipeline import lacking
from s3am_cloud.steps.upload import missing
from servers.content import pattern
from unit.fakes import PART, SOURCE, TARGET, World, request

DATA = pattern(3 * PART + 1000)


@pytest.fixture
def world() -> World:
    made = World()
    made.source.put(SOURCE, DATA)
    return made


@pytest.mark.parametrize("there", [(), (1,), (2, 4), (1, 2, 3), (1, 2, 3, 4)])
def test_a_resume_moves_only_what_is_missing(world: World, there: tuple[int, ...]) -> None:
    world.begin(request(), *there)
    cut = Plan(size=len(DATA), part_size=PART)
    left = sum(part.length for part in cut.parts() if part.number not in there)
    world.source.bytes_read = 0
    receipt = world.transfer(request(resume=True))
    assert world.source.bytes_read == left
    assert world.store.content(TARGET) == DATA
    assert receipt.parts == 4
    assert world.store.unfinished(TARGET) == []


def test_a_resume_opens_no_second_upload(world: World) -> None:
    begun = world.begin(request(), 1)
    again = world.prepare(request(resume=True))
    assert again.upload == begun.upload
    assert world.calls.count("create") == 1


def test_a_resume_keeps_the_part_size_that_it_was_begun_with(world: World) -> None:
    world.begin(request(part_size=PART), 1)
    job = world.prepare(request(resume=True, part_size=None))
    assert job.plan is not None
    assert job.plan.part_size == PART


def test_a_resume_with_another_part_size_is_refused(world: World) -> None:
    begun = world.begin(request(), 1)
    with pytest.raises(BadPartSize):
        world.prepare(request(resume=True, part_size=PART + 1))
    assert begun.upload is not None
    assert world.store.unfinished(TARGET) == [begun.upload.upload_id]


def test_a_resume_of_another_version_is_refused_and_keeps_the_upload(world: World) -> None:
    begun = world.begin(request(), 1)
    world.source.put(SOURCE, pattern(len(DATA), 9))
    with pytest.raises(SourceChanged):
        world.prepare(request(resume=True))
    assert begun.upload is not None
    assert world.store.unfinished(TARGET) == [begun.upload.upload_id]


def test_a_resume_without_the_source_keeps_the_upload(world: World) -> None:
    world.begin(request(), 1)
    with pytest.raises(SourceNotFound):
        world.prepare(request(resume=True, source="https://host/missing"))
    assert len(world.store.unfinished(TARGET)) == 1


def test_a_resume_where_nothing_is_unfinished_begins_anew(world: World) -> None:
    world.transfer(request(resume=True))
    assert world.store.content(TARGET) == DATA


def test_a_resume_without_a_record_keeps_only_what_the_source_itself_has(world: World) -> None:
    upload, first = world.store.open(TARGET), DATA[:PART]
    world.store.put_part(upload, 1, first, update(0, first))
    world.store.put_part(upload, 2, bytes(PART), update(0, bytes(PART)))
    job = world.prepare(request(resume=True))
    assert job.upload is not None
    assert job.upload.upload_id == upload.upload_id
    assert [part.number for part in lacking(job, world.ports)] == [2, 3, 4]
    world.transfer(request(resume=True))
    assert world.store.content(TARGET) == DATA


def test_a_resume_does_not_excuse_an_object_that_exists(world: World) -> None:
    world.begin(request(), 1)
    world.store.put_object(TARGET, b"theirs", True)
    with pytest.raises(ObjectExists):
        world.prepare(request(resume=True))


def test_a_resume_can_be_resumed(world: World) -> None:
    world.begin(request(), 1)
    world.begin(request(resume=True), 3)
    world.source.bytes_read = 0
    world.transfer(request(resume=True))
    assert world.source.bytes_read == PART + 1000
    assert world.store.content(TARGET) == DATA


def test_what_the_store_lost_is_moved_again(world: World) -> None:
    job = world.begin(request(), 1, 2)
    assert [part.number for part in lacking(job, world.ports)] == [3, 4]


@pytest.mark.parametrize("part", [UploadedPart(1, PART + 1, '"e"', 1), UploadedPart(5, 10, '"e"', 1)])
def test_a_part_that_the_plan_does_not_know_is_of_another_part_size(part: UploadedPart) -> None:
    with pytest.raises(BadPartSize):
        missing(Plan(size=len(DATA), part_size=PART), [part])
