"""Jobs that are started once more, and keys that are used twice."""

from __future__ import annotations

import msgspec
import pytest

from s3am_cloud.errors import DestinationBusy, JobCancelled, KeyReused, ObjectGone, ObjectReplaced, TransferError
from s3am_cloud.events import KEY_FIELD
from s3am_cloud.ingest.accept import accept
from s3am_cloud.ingest.dead_letter import dead_letter_of, replay_input
from s3am_cloud.jobs.cleanup import settle
from s3am_cloud.jobs.locks import LockContext, ensure_held
from s3am_cloud.jobs.tasks import complete_job, prepare_job, work
from s3am_cloud.model import ObjectInfo, Unit
from s3am_cloud.names import TRANSFER_FAILED
from s3am_cloud.ports.executions import Execution, Failure
from s3am_cloud.urls import S3Url
from servers.content import pattern
from support.cloud_fakes import ASKED, DATA, LONG, Bus, Machine, ended, moved_whole, prepared
from support.fakes import SOURCE, TARGET, World

ALL = Unit(0, 1, 5)
REPLAY = Execution(arn="arn:replay", name="replay", status="FAILED", job="job")


@pytest.fixture
def world() -> World:
    made = World()
    made.source.put(SOURCE, DATA)
    return made


def made(world: World, small: bool) -> None:
    """A job that has succeeded."""
    if small:
        world.source.put(SOURCE, b"small")
        prepared(world)
    else:
        moved_whole(world)
        complete_job("job", world.ports)


def replayed(world: World) -> None:
    assert not prepare_job("job", "arn:replay", "work", world.ports).transfer


@pytest.mark.parametrize("small", [True, False])
def test_a_finished_job_that_is_started_again_transfers_nothing(world: World, small: bool) -> None:
    made(world, small)
    report = world.jobs.report("job")
    world.source.bytes_read = 0
    replayed(world)
    assert world.source.bytes_read == 0
    assert world.jobs.report("job") == report
    assert world.jobs.load("job").execution == "arn:job"


@pytest.mark.parametrize("small", [True, False])
def test_a_finished_job_whose_object_is_gone_fails_if_started_again(world: World, small: bool) -> None:
    """A finished job whose object is gone fails when it is started again."""
    made(world, small)
    world.store.delete(TARGET, None)
    with pytest.raises(ObjectGone, match=f"{TARGET} is not there any more"):
        replayed(world)


@pytest.mark.parametrize("small", [True, False])
def test_a_finished_job_whose_object_is_another_fails_if_started_again(world: World, small: bool) -> None:
    """A finished job whose object is another fails when it is started again."""
    made(world, small)
    size = world.store.head(TARGET)
    assert size is not None
    world.store.put_object(TARGET, bytes(size.size), True)
    with pytest.raises(ObjectReplaced, match="another content than job job wrote"):
        replayed(world)


def test_a_job_that_left_an_object_alone_fails_later_where_that_is_gone(world: World) -> None:
    world.store.put_object(TARGET, b"theirs", True)
    prepared(world, exists="skip")
    replayed(world)
    world.store.delete(TARGET, None)
    with pytest.raises(ObjectGone):
        replayed(world)


@pytest.mark.parametrize("error", [ObjectGone("gone"), ObjectReplaced("another")])
def test_the_failure_of_a_replay_is_announced_and_the_report_stays(world: World, error: TransferError) -> None:
    """The failure of a replay is announced and the job's own report stays."""
    made(world, small=False)
    report, bus = world.jobs.report("job"), Bus()
    settle(REPLAY, world.ports, Machine(Failure(name=type(error).__name__, message=error.message)), bus)
    assert world.jobs.report("job") == report
    [(kind, told)] = bus.announced
    assert (kind, told["state"], told["error"]["name"]) == (TRANSFER_FAILED, "failed", type(error).__name__)  # type: ignore[index]
    assert "verdict" not in told


def test_a_failed_job_that_is_started_again_does_what_was_asked_for_before(world: World) -> None:
    prepared(world)
    settle(ended(), world.ports, Machine(None), Bus())
    assert prepare_job("job", "arn:replay", "work", world.ports).transfer
    assert world.jobs.load("job").execution == "arn:replay"
    work("job", ALL, lambda: LONG, world.ports)
    complete_job("job", world.ports)
    assert world.store.content(TARGET) == DATA


def test_a_cancelled_job_stays_cancelled(world: World) -> None:
    prepared(world)
    world.coordination.cancel("job")
    with pytest.raises(JobCancelled):
        prepare_job("job", "arn:replay", "work", world.ports)
    assert world.store.unfinished(TARGET) == []


def test_a_job_at_work_is_not_started_twice_and_not_reported_as_failed(world: World) -> None:
    machine = Machine()
    arn = machine.run("job")
    locks = LockContext(world.jobs, world.coordination, machine.describe, world.clock)
    accept(ASKED, arn, world.ports, locks)
    job = world.jobs.load("job")
    ensure_held(job, arn, locks)
    with pytest.raises(DestinationBusy, match="another execution"):
        ensure_held(job, "arn:replay", locks)
    prepare_job("job", arn, "work", world.ports)
    ports, bus = msgspec.structs.replace(world.ports, is_running=lambda job: True), Bus()
    assert settle(REPLAY, ports, Machine(Failure(name="DestinationBusy", message="m")), bus) is None
    assert (world.jobs.report("job"), bus.announced) == (None, [])


def event(number: int) -> dict[str, object]:
    return {"id": f"event-{number}", "source": "lab"}


@pytest.mark.parametrize(
    "other",
    [
        {"source": "https://host/other.bin"},
        {"destination": "s3://bucket/other"},
        {"exists": "overwrite"},
        {"attributes": {"storage_class": "GLACIER"}},
    ],
)
@pytest.mark.parametrize("over", [False, True])
def test_a_key_that_is_used_for_another_request_is_a_dead_letter(
    world: World, other: dict[str, object], over: bool
) -> None:
    first, second = {**ASKED, KEY_FIELD: "k"}, {**ASKED, KEY_FIELD: "k", **other}
    job, _ = accept(first, "arn:1", world.ports, event=event(1))
    before = world.jobs.load(job)
    if over:
        prepare_job(job, "arn:1", "work", world.ports)
        before = world.jobs.load(job)
    with pytest.raises(KeyReused, match=job) as caught:
        accept(second, "arn:2", world.ports, event=event(2))
    letter = dead_letter_of(second, event(2), "arn:2", (type(caught.value).__name__, caught.value.message), world.ports)
    assert (letter.error.name, letter.error.code, letter.event.id) == ("KeyReused", 2, "event-2")
    assert replay_input(letter)["request"] == second
    assert world.jobs.load(job) == before, "the first job goes on"


@pytest.mark.parametrize("key_first", [True, False])
def test_an_event_whose_id_is_the_key_of_another_request_is_no_duplicate(world: World, key_first: bool) -> None:
    asked = [({**ASKED, KEY_FIELD: "event-1"}, event(2)), ({**ASKED, "destination": "s3://bucket/b"}, event(1))]
    first, second = asked if key_first else reversed(asked)
    job, _ = accept(first[0], "arn:1", world.ports, event=first[1])
    with pytest.raises(KeyReused, match=job):
        accept(second[0], "arn:2", world.ports, event=second[1])


def test_a_key_that_is_used_for_the_same_request_is_quiet(world: World) -> None:
    asked = {**ASKED, KEY_FIELD: "k"}
    job, duplicate = accept(asked, "arn:1", world.ports, event=event(1))
    assert not duplicate
    assert accept({**asked, "keep_hours": 5}, "arn:2", world.ports, event=event(2)) == (job, True)
    assert accept(asked, "arn:1", world.ports, event=event(1)) == (job, False), "the same task once more"


def test_the_same_key_of_another_sender_is_another_key(world: World) -> None:
    asked = {**ASKED, KEY_FIELD: "k"}
    accept(asked, "arn:1", world.ports, event=event(1))
    theirs = {"id": "event-2", "source": "archive"}
    assert accept({**asked, "destination": "s3://bucket/b"}, "arn:2", world.ports, event=theirs)[1] is False


def test_an_event_that_is_delivered_twice_has_its_job_by_its_id(world: World) -> None:
    job, _ = accept(ASKED, "arn:1", world.ports, event=event(1))
    assert accept(ASKED, "arn:2", world.ports, event=event(1)) == (job, True)
    assert job.startswith("event-")


def test_an_upload_that_the_store_spoiled_is_discarded(world: World) -> None:
    moved_whole(world)
    bus = Bus()
    report = settle(ended(), world.ports, Machine(Failure(name="SpoiledByStore", message="framing")), bus)
    assert report is not None
    assert report.error is not None
    assert (report.error.name, report.unfinished_upload, report.expires) == ("SpoiledByStore", None, None)
    assert world.store.unfinished(TARGET) == []
    assert [kind for kind, _ in bus.announced] == [TRANSFER_FAILED]


def test_other_content_of_the_same_size_is_seen_by_its_etag(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another content of the same size is seen by its ETag where there is no checksum."""
    made(world, small=False)
    head = world.store.head

    def without_checksum(target: S3Url) -> ObjectInfo | None:
        info = head(target)
        return info and msgspec.structs.replace(info, full_object=False, crc=None)

    monkeypatch.setattr(world.store, "head", without_checksum)
    replayed(world)
    world.store.put_object(TARGET, pattern(len(DATA), 9), True)
    with pytest.raises(ObjectReplaced):
        replayed(world)
