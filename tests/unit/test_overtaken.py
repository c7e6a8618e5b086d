"""Another transfer writes to the same destination: the same content is a success, anything else names who it was."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from s3am_cloud.checksums.crc64nvme import encode, update
from s3am_cloud.errors import JobCancelled, ObjectExists, ObjectReplaced, UploadGone
from s3am_cloud.integrity.provenance import JOB
from s3am_cloud.jobs.tasks import complete_job, prepare_job, work
from s3am_cloud.model import Job, MovedPart, ObjectInfo, Unit
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.overtaken import ANOTHER
from s3am_cloud.transfer.pipeline import finish, move, overtaken
from servers.content import pattern
from support.cloud_fakes import LONG, prepared
from support.fakes import PART, SOURCE, TARGET, World, lacking, relied_or_proven, request

DATA = pattern(4 * PART + 1000)
OTHER = pattern(len(DATA), 7)


@pytest.fixture
def world() -> World:
    made = World()
    made.source.put(SOURCE, DATA)
    return made


def moved(world: World, job: Job) -> list[MovedPart]:
    """All parts of the job, of which those that are there are compared."""
    return [
        *relied_or_proven(job, world.ports),
        *move(job, lacking(job, world.ports), 1, world.ports, lambda count: None),
    ]


def finishes(world: World, job: Job) -> None:
    """Another transfer completes this job's upload, which it has resumed."""
    finish(msgspec.structs.replace(job, id="other"), moved(world, job), world.ports)


def begins_anew(world: World, job: Job) -> None:
    """Another transfer aborts this one's upload, and makes the object with one of its own."""
    assert job.upload is not None
    world.store.abort(job.upload)
    world.store.put_object(TARGET, DATA, True)


def puts(world: World, job: Job) -> None:
    """Another transfer makes the object, and leaves this one's upload alone."""
    world.store.put_object(TARGET, DATA, True)


@pytest.mark.parametrize("meanwhile", [finishes, begins_anew, puts])
@pytest.mark.parametrize("seen", [0, 2, 5])
def test_the_same_object_by_another_is_a_success(
    meanwhile: Callable[[World, Job], None], seen: int, world: World
) -> None:
    job = world.prepare(request())
    mine = moved(world, job)
    meanwhile(world, job)
    read = world.source.bytes_read
    # Where its own upload is still there, a transfer knows all of its parts.
    receipt = finish(job, mine if meanwhile is puts else mine[:seen], world.ports)
    assert (receipt.state, receipt.finished_by, receipt.checksum) == ("succeeded", ANOTHER, encode(update(0, DATA)))
    assert world.store.content(TARGET) == DATA
    assert world.store.unfinished(TARGET) == []
    if meanwhile is not puts:
        assert world.source.bytes_read - read == sum(part.length for part in mine[seen:]), "the parts not seen alone"


def test_an_upload_gone_midway_is_a_success_if_the_object_is_the_same(world: World) -> None:
    """An upload that is gone midway is a success where the object is the same."""
    job = world.prepare(request())
    begins_anew(world, job)
    with pytest.raises(UploadGone) as caught:
        moved(world, job)
    receipt = overtaken(job, [], caught.value, world.ports, lambda count: None)
    assert (receipt.state, receipt.size, receipt.finished_by) == ("succeeded", len(DATA), ANOTHER)


class Stated:
    """A head that says which job wrote the object."""

    def __init__(self, world: World, job: str) -> None:
        self._head, self._job = world.store.head, job

    def __call__(self, target: object) -> ObjectInfo | None:
        info = self._head(TARGET)
        if info is None:
            return None
        attributes = msgspec.structs.replace(info.attributes, metadata={JOB: self._job})
        return msgspec.structs.replace(info, attributes=attributes)


def test_the_job_that_wrote_the_object_is_named(world: World) -> None:
    job = world.prepare(request())
    puts(world, job)
    world.store.head = Stated(world, "20260102-theirs")  # type: ignore[method-assign]
    receipt = finish(job, moved(world, job), world.ports)
    assert receipt.finished_by == "20260102-theirs"


def test_another_content_is_an_object_that_exists_and_says_whose_it_is(world: World) -> None:
    job = world.prepare(request())
    mine = moved(world, job)
    world.store.put_object(TARGET, OTHER, True)
    world.store.head = Stated(world, "20260102-theirs")  # type: ignore[method-assign]
    with pytest.raises(ObjectExists, match=r"another transfer \(20260102-theirs\) wrote other content"):
        finish(job, mine, world.ports)
    assert world.store.content(TARGET) == OTHER
    assert job.upload is not None
    assert world.store.unfinished(TARGET) == [job.upload.upload_id], "what was moved stays for a resume"


def test_another_content_where_the_upload_is_gone_is_named(world: World) -> None:
    job = world.prepare(request())
    mine = moved(world, job)
    begins_anew(world, job)
    world.store.put_object(TARGET, OTHER, True)
    with pytest.raises(UploadGone, match="another transfer wrote other content to s3://bucket/key"):
        finish(job, mine, world.ports)


def test_an_object_replaced_before_it_was_checked_is_no_mismatch(world: World) -> None:
    """An object that another replaced before it was checked is no mismatch."""
    job = world.prepare(request("overwrite"))
    mine, complete = moved(world, job), world.store.complete

    def completed(*arguments: object) -> None:
        complete(*arguments)  # type: ignore[arg-type]
        world.store.put_object(TARGET, b"theirs", True)

    world.store.complete = completed  # type: ignore[method-assign,assignment]
    with pytest.raises(ObjectReplaced, match="was written, and then replaced by another transfer"):
        finish(job, mine, world.ports)


def test_an_upload_that_somebody_cancelled_is_said_to_be(world: World) -> None:
    job = world.prepare(request())
    mine = moved(world, job)
    assert job.upload is not None
    world.store.abort(job.upload)
    with pytest.raises(UploadGone, match="cancelled by another") as caught:
        finish(job, mine, world.ports)
    assert "--force" not in caught.value.hint


def test_an_upload_aborted_by_a_transfer_that_began_anew_names_that_one(world: World) -> None:
    """An upload that another transfer aborted to begin anew names that one."""
    job = world.prepare(request())
    mine = moved(world, job)
    other = world.prepare(request(force=True))
    with pytest.raises(
        UploadGone, match=rf"aborted by another transfer, which started again: job {other.id}"
    ) as caught:
        finish(job, mine, world.ports)
    assert "wait" in caught.value.hint
    finishes(world, other)
    assert world.store.content(TARGET) == DATA


def test_anothers_object_is_never_deleted_for_what_this_transfer_expects(world: World) -> None:
    job = world.prepare(request())
    expects = msgspec.structs.replace(job, request=msgspec.structs.replace(job.request, expect="crc64nvme:" + "0" * 16))
    begins_anew(world, job)
    with pytest.raises(Exception, match="is expected"):
        finish(expects, [], world.ports)
    assert world.store.content(TARGET) == DATA


def test_a_resume_of_an_upload_gone_since_its_listing_begins_anew(world: World) -> None:
    """A resume of an upload that is gone since it was listed begins anew."""
    old = world.prepare(request())
    assert old.upload is not None
    find = world.store.find

    def gone(*arguments: object) -> object:
        world.store.find = find  # type: ignore[method-assign]
        world.store.abort(old.upload)  # type: ignore[arg-type]
        raise UploadGone("gone")

    world.jobs.forget(old)
    world.store.find = gone  # type: ignore[method-assign,assignment]
    job = world.prepare(request(resume=True))
    assert job.upload is not None
    assert job.upload != old.upload


def in_the_cloud(world: World) -> Job:
    prepared(world)
    return world.jobs.load("job")


@pytest.mark.parametrize("at", ["prepare", "work", "complete"])
@pytest.mark.parametrize("meanwhile", [finishes, begins_anew, puts])
def test_a_job_whose_object_another_has_made_succeeds(
    meanwhile: Callable[[World, Job], None], at: str, world: World
) -> None:
    job = in_the_cloud(world)
    if at == "prepare":
        meanwhile(world, job)
        prepare_job("job", "arn:job", "work", world.ports)
    if at == "work":
        meanwhile(world, job)
    if world.jobs.report("job") is None:
        assert work("job", Unit(0, 1, 5), lambda: LONG, world.ports).done
        if at == "complete":
            meanwhile(world, job)
        complete_job("job", world.ports)
    report = world.jobs.report("job")
    assert report is not None
    assert (report.state, report.finished_by, report.error) == ("succeeded", ANOTHER, None)
    assert world.store.content(TARGET) == DATA
    assert world.store.unfinished(TARGET) == []


def test_a_unit_of_a_job_whose_upload_was_cancelled_by_another_says_so(world: World) -> None:
    job = in_the_cloud(world)
    assert job.upload is not None
    world.store.abort(job.upload)
    with pytest.raises(UploadGone, match="cancelled by another"):
        work("job", Unit(0, 1, 5), lambda: LONG, world.ports)


def test_a_job_cancelled_while_it_completes_is_cancelled_and_not_gone(world: World) -> None:
    """A job that is cancelled while it completes is cancelled and not gone."""
    job = in_the_cloud(world)
    work("job", Unit(0, 1, 5), lambda: LONG, world.ports)
    assert job.upload is not None
    parts = world.store.parts

    def cancelled(*arguments: object) -> object:
        world.store.parts = parts  # type: ignore[method-assign]
        world.coordination.cancel("job")
        world.store.abort(job.upload)  # type: ignore[arg-type]
        raise UploadGone("gone")

    world.store.parts = cancelled  # type: ignore[method-assign,assignment]
    with pytest.raises(JobCancelled):
        complete_job("job", world.ports)


def test_what_a_function_can_not_read_in_its_time_is_not_compared(world: World) -> None:
    in_the_cloud(world)
    ports: Ports = msgspec.structs.replace(world.ports, most_in_order=PART)
    world.store.put_object(TARGET, DATA, True)
    world.store.abort(world.jobs.load("job").upload)  # type: ignore[arg-type]
    with pytest.raises(UploadGone, match="other content"):
        complete_job("job", ports)


def test_a_small_object_that_another_job_put_names_it(world: World) -> None:
    world.source.put(SOURCE, b"small")
    world.store.put_object(TARGET, b"small", True)
    job = msgspec.structs.replace(world.prepare(request("overwrite", part_size=None)), id="mine")
    world.store.head = Stated(world, "theirs")  # type: ignore[method-assign]
    receipt = finish(job, [MovedPart(1, 5, update(0, b"small"))], world.ports)
    assert receipt.finished_by == "theirs"
