"""Going on with an unfinished upload: plan minus the parts that are there."""

from __future__ import annotations

import msgspec
import pytest

from s3am_cloud.checksums.crc64nvme import update
from s3am_cloud.errors import BadPartSize, BadSource, ObjectExists, SourceChanged, SourceNotFound
from s3am_cloud.model import Plan, SourceInfo, UploadedPart
from s3am_cloud.transfer.remaining import missing
from s3am_cloud.urls import SourceUrl, parse_source
from servers.content import pattern
from support.fakes import PART, SOURCE, TARGET, World, lacking, request

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


def test_parts_of_a_weakly_pinned_source_are_proven(world: World) -> None:
    """nginx makes its ETags of date and size: another file of both has the same one."""
    etag = f'"5f0b-{len(DATA):x}"'
    world.source.put(SOURCE, DATA, etag)
    world.begin(request(), 1, 2)
    other = DATA[: PART + 7] + b"!" + DATA[PART + 8 :]
    world.source.put(SOURCE, other, etag)
    job = world.prepare(request(resume=True))
    assert [part.number for part in lacking(job, world.ports)] == [2, 3, 4]
    world.transfer(request(resume=True))
    assert world.store.content(TARGET) == other


def test_parts_of_another_url_are_proven(world: World) -> None:
    """Whatever its validators say: what counts is that the bytes are the same."""
    world.source.put("https://mirror/data.bin", DATA[:-1] + b"!")
    world.begin(request(), 1, 4)
    job = world.prepare(request(resume=True, source="https://mirror/data.bin"))
    assert [part.number for part in lacking(job, world.ports)] == [2, 3, 4]
    assert not world.prepare(request(resume=True)).trusted


def test_a_url_signed_anew_is_the_same_source(world: World) -> None:
    for signature in ("X-Amz-Date=1&X-Amz-Signature=a", "X-Amz-Date=2&X-Amz-Signature=b"):
        world.source.put(f"{SOURCE}?{signature}", DATA, '"same"')
    world.begin(request(source=f"{SOURCE}?X-Amz-Date=1&X-Amz-Signature=a"), 1)
    assert world.prepare(request(resume=True, source=f"{SOURCE}?X-Amz-Date=2&X-Amz-Signature=b")).trusted


@pytest.mark.parametrize("query", ["?file=1", "?file=2"])
def test_another_query_is_another_source(world: World, query: str) -> None:
    for url in (SOURCE + "?file=1", SOURCE + "?file=2"):
        world.source.put(url, DATA, '"same"')
    world.begin(request(source=SOURCE + "?file=1"), 1)
    assert world.prepare(request(resume=True, source=SOURCE + query)).trusted == (query == "?file=1")


def test_another_url_of_another_size_is_refused(world: World) -> None:
    world.source.put("https://mirror/data.bin", DATA + b"more")
    world.begin(request(), 1)
    with pytest.raises(SourceChanged):
        world.prepare(request(resume=True, source="https://mirror/data.bin"))


def test_parts_are_not_continued_from_a_source_without_ranges(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.begin(request(), 1)
    info = world.source.probe(parse_source(SOURCE))
    monkeypatch.setattr(world.source, "probe", lambda url: msgspec.structs.replace(info, ranges=False))
    with pytest.raises(BadSource):
        world.prepare(request(resume=True))


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


def test_an_upload_of_a_longer_source_without_a_record_is_refused_and_kept(world: World) -> None:
    begun = world.begin(request(), 1, 2)
    world.jobs.forget(begun)
    world.source.put(SOURCE, DATA[:1000])
    with pytest.raises(SourceChanged, match="longer source"):
        world.prepare(request(resume=True, part_size=None))
    assert begun.upload is not None
    assert world.store.unfinished(TARGET) == [begun.upload.upload_id]


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


def test_a_changed_local_file_is_read_before_its_parts_are_used(world: World) -> None:
    """A local file that was changed in any way since is read again before its parts are used."""
    world.begin(request(), 1, 2)
    probe = world.source.probe

    def changed(url: SourceUrl) -> SourceInfo:
        return msgspec.structs.replace(probe(url), changed_ns=7)

    world.source.probe = changed  # type: ignore[method-assign]
    assert not world.prepare(request(resume=True)).trusted
