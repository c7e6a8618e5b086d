"""The rules of a transfer, told with everything in memory."""

from __future__ import annotations

import msgspec
import pytest

from s3am_cloud.checksums.crc64nvme import encode, update
from s3am_cloud.errors import (
    AccessDenied,
    BadPartSize,
    ChecksumMismatch,
    JobFailed,
    ObjectExists,
    SeveralUploads,
    SourceChanged,
    SourceNotFound,
    TransferError,
    UploadExists,
)
from s3am_cloud.limits import SMALL_OBJECT
from s3am_cloud.model import Job, MovedPart, TransferRequest
from s3am_cloud.transfer.pipeline import finish, move
from servers.content import pattern
from support.fakes import PART, SOURCE, TARGET, World, lacking, request

DATA = pattern(2 * PART + 1000)


@pytest.fixture
def world() -> World:
    """DATA at SOURCE, nothing at TARGET."""
    made = World()
    made.source.put(SOURCE, DATA)
    return made


def leftovers(world: World) -> tuple[list[str], list[Job]]:
    return list(world.store.unfinished(TARGET)), list(map(world.jobs.load, world.jobs.ids()))


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 2 * PART, SMALL_OBJECT])
@pytest.mark.parametrize("part_size", [None, PART])
def test_what_arrives_is_what_was_sent(world: World, size: int, part_size: int | None) -> None:
    data = pattern(size)
    world.source.put(SOURCE, data)
    receipt = world.transfer(request(part_size=part_size))
    assert world.store.content(TARGET) == data
    assert (receipt.state, receipt.size, receipt.proof) == ("succeeded", size, "full-object")
    assert receipt.checksum == encode(update(0, data))
    assert leftovers(world)[0] == []


def test_the_receipt_says_what_was_moved_from_where_to_where(world: World) -> None:
    source = "https://ann:s3cret@host/data.bin?sig=s3cret"
    world.source.put(source, DATA)
    job = world.prepare(request(source=source))
    assert job.plan is not None
    world.clock.sleep(2.5)
    receipt = finish(job, move(job, job.plan.parts(), 1, world.ports, lambda count: None), world.ports)
    assert receipt.source == "https://host/data.bin?..."
    assert receipt.destination == "s3://bucket/key"
    assert (receipt.parts, receipt.retries, receipt.seconds) == (3, 0, 2.5)
    assert receipt.started == "2026-01-02T03:04:05.000+00:00"
    assert receipt.source_etag == job.info.etag if job.info else None
    assert receipt.job == job.id
    assert b"s3cret" not in msgspec.json.encode(receipt)


def test_an_object_that_exists_is_left_alone_and_told(world: World) -> None:
    world.store.put_object(TARGET, b"theirs", True)
    with pytest.raises(ObjectExists, match="s3://bucket/key exists"):
        world.prepare(request())
    assert world.store.content(TARGET) == b"theirs"
    assert leftovers(world) == ([], [])


def test_an_object_that_exists_is_skipped_without_a_look_at_anything_else(world: World) -> None:
    world.store.put_object(TARGET, b"theirs", True)
    receipt = world.transfer(request("skip"))
    assert receipt.state == "skipped"
    assert world.calls == ["head"]
    assert world.store.content(TARGET) == b"theirs"


def test_skip_transfers_where_nothing_exists(world: World) -> None:
    assert world.transfer(request("skip")).state == "succeeded"
    assert world.store.content(TARGET) == DATA


@pytest.mark.parametrize("part_size", [PART, None])
def test_an_object_that_exists_is_replaced_where_that_is_wanted(world: World, part_size: int | None) -> None:
    world.store.put_object(TARGET, b"theirs", True)
    world.transfer(request("overwrite", part_size=part_size))
    assert world.store.content(TARGET) == DATA


@pytest.mark.parametrize("part_size", [PART, None])
def test_an_object_that_comes_to_exist_meanwhile_is_not_replaced(world: World, part_size: int | None) -> None:
    job = world.prepare(request(part_size=part_size))
    assert job.plan is not None
    world.store.put_object(TARGET, b"theirs", True)
    with pytest.raises(ObjectExists):
        finish(job, list(move(job, job.plan.parts(), 1, world.ports, lambda count: None)), world.ports)
    assert world.store.content(TARGET) == b"theirs"


def test_an_unfinished_upload_is_told(world: World) -> None:
    begun = world.begin(request(), 1)
    with pytest.raises(UploadExists):
        world.prepare(request())
    assert begun.upload is not None
    assert world.store.unfinished(TARGET) == [begun.upload.upload_id]


@pytest.mark.parametrize("resume", [False, True])
def test_several_unfinished_uploads_are_told_with_resume_too(world: World, resume: bool) -> None:
    for _ in range(2):
        world.store.open(TARGET)
    with pytest.raises(SeveralUploads):
        world.prepare(request(resume=resume))
    assert len(world.store.unfinished(TARGET)) == 2


@pytest.mark.parametrize("count", [1, 3])
def test_force_removes_all_unfinished_uploads_first(world: World, count: int) -> None:
    for _ in range(count):
        world.store.open(TARGET)
    world.transfer(request(force=True))
    assert world.store.content(TARGET) == DATA
    assert world.store.unfinished(TARGET) == []


def test_force_leaves_uploads_of_other_keys_alone(world: World) -> None:
    other = world.store.open(msgspec.structs.replace(TARGET, key="key2"))
    world.transfer(request(force=True))
    assert world.store.unfinished(other.target) == [other.upload_id]


def test_the_object_is_looked_for_first_then_uploads_then_the_source(world: World) -> None:
    world.prepare(request())
    assert world.calls == ["head", "unfinished", "probe", "create"]


def test_an_object_that_exists_is_told_before_an_unfinished_upload(world: World) -> None:
    world.begin(request(), 1)
    world.store.put_object(TARGET, b"theirs", True)
    with pytest.raises(ObjectExists):
        world.prepare(request())


def test_an_unfinished_upload_is_told_before_a_source_that_is_not_there(world: World) -> None:
    world.begin(request(), 1)
    with pytest.raises(UploadExists):
        world.prepare(request(source="https://host/missing"))


@pytest.mark.parametrize(
    ("requested", "error"),
    [
        (request(source="https://host/missing"), SourceNotFound),
        (request(part_size=1), BadPartSize),
        (request(source="odd://host"), TransferError),
        (request(destination="s3://bucket"), TransferError),
    ],
    ids=["source not found", "bad part size", "bad source", "bad destination"],
)
def test_what_fails_before_the_upload_is_opened_leaves_nothing_behind(
    world: World, requested: TransferRequest, error: type[Exception]
) -> None:
    with pytest.raises(error):
        world.prepare(requested)
    assert leftovers(world) == ([], [])
    assert "create" not in world.calls


def test_an_upload_whose_record_can_not_be_written_is_not_left_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(job: Job) -> None:
        raise AccessDenied("no")

    monkeypatch.setattr(world.jobs, "save", refuse)
    with pytest.raises(AccessDenied):
        world.prepare(request())
    assert leftovers(world) == ([], [])
    assert "create" in world.calls


def test_the_record_is_written_before_a_byte_moves(world: World) -> None:
    job = world.prepare(request())
    assert world.jobs.load(job.id) == job
    assert job.upload is not None
    assert world.jobs.find(TARGET, job.upload.upload_id) == job
    assert world.source.bytes_read == 0


def test_a_source_that_changes_after_the_probe_is_refused(world: World) -> None:
    job = world.prepare(request())
    world.source.put(SOURCE, pattern(len(DATA), 9))
    with pytest.raises(SourceChanged):
        list(move(job, lacking(job, world.ports), 1, world.ports, lambda count: None))


def test_a_put_without_an_answer_is_done_where_the_object_is_what_was_sent(world: World) -> None:
    job = world.prepare(request(part_size=None))
    world.store.put_object(TARGET, DATA, True)
    receipt = finish(job, [MovedPart(1, len(DATA), update(0, DATA), "")], world.ports)
    assert receipt.state == "succeeded"


@pytest.mark.parametrize("theirs", [b"theirs", pattern(len(DATA), 9)], ids=["another size", "another content"])
def test_a_put_without_an_answer_is_not_done_where_another_object_is(world: World, theirs: bytes) -> None:
    job = world.prepare(request(part_size=None))
    world.store.put_object(TARGET, theirs, True)
    with pytest.raises(ObjectExists):
        finish(job, [MovedPart(1, len(DATA), update(0, DATA), "")], world.ports)


def test_an_object_that_is_not_what_was_put_is_told(world: World) -> None:
    job = world.prepare(request(part_size=None))
    world.store.put_object(TARGET, pattern(len(DATA), 9), True)
    with pytest.raises(ChecksumMismatch):
        finish(job, [MovedPart(1, len(DATA), update(0, DATA), '"e"')], world.ports)


def test_a_put_that_nobody_saw_is_not_done(world: World) -> None:
    with pytest.raises(JobFailed):
        finish(world.prepare(request(part_size=None)), [], world.ports)
