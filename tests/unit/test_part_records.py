"""A job completes no part that it has not sent or compared, whoever else fills its upload."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from s3am_cloud.adapters.memory.transfer import MemoryMovers
from s3am_cloud.checksums.crc64nvme import update
from s3am_cloud.errors import PartReplaced, StoreUnavailable
from s3am_cloud.jobs.cleanup import settle
from s3am_cloud.jobs.part_records import known
from s3am_cloud.jobs.tasks import complete_job, prepare_job, work
from s3am_cloud.model import MovedPart, PartRecord, Unit, UploadedPart
from s3am_cloud.ports.executions import Failure
from servers.content import pattern
from support.cloud_fakes import DATA, LONG, Bus, Machine, ended, moved_whole, prepared
from support.fakes import PART, SOURCE, TARGET, World, request

OTHER = "https://elsewhere/data.bin"
THEIRS = pattern(len(DATA), 9)
ALL = Unit(0, 1, 5)


@pytest.fixture
def world() -> World:
    made = World()
    made.source.put(SOURCE, DATA)
    made.source.put(OTHER, THEIRS)
    return made


def elsewhere(world: World) -> World:
    """Another machine, which sees the same store and sources and none of the records."""
    other = World()
    other.source, other.store = world.source, world.store
    movers = MemoryMovers(world.source, world.store)
    other.ports = msgspec.structs.replace(other.ports, source=world.source, store=world.store, movers=movers)
    return other


def intrude(world: World, *numbers: int) -> None:
    """Another machine continues the upload, of which it has no record, from another source, up to these parts."""
    elsewhere(world).begin(request(source=OTHER, resume=True), *numbers)


def finished(world: World, name: str) -> None:
    for unit in world.jobs.units(name):
        assert work(name, unit, lambda: LONG, world.ports).done
    complete_job(name, world.ports)


@pytest.mark.parametrize("numbers", [(1,), (2, 4), (5,), (1, 2, 3, 4, 5)])
def test_parts_from_another_source_before_the_workers_are_sent_again(world: World, numbers: tuple[int, ...]) -> None:
    """Parts that came from another source before the workers are sent again."""
    prepared(world)
    intrude(world, *numbers)
    finished(world, "job")
    assert world.store.content(TARGET) == DATA


@pytest.mark.parametrize("numbers", [(1,), (2, 4), (1, 2, 3, 4, 5)])
def test_a_part_replaced_after_it_was_sent_fails_the_job_for_a_resume(world: World, numbers: tuple[int, ...]) -> None:
    """A part that was replaced after a worker sent it fails the job which can be resumed."""
    moved_whole(world)
    intrude(world, *numbers)
    with pytest.raises(PartReplaced, match=f"part {numbers[0]} ") as caught:
        complete_job("job", world.ports)
    assert world.store.head(TARGET) is None
    failure = Failure(name=type(caught.value).__name__, message=str(caught.value))
    report = settle(ended(), world.ports, Machine(failure), Bus())
    assert report is not None
    assert report.error is not None
    assert report.error.name == "PartReplaced"
    assert report.unfinished_upload is not None
    assert report.error.hint == "when no other transfer is at work there, continue it with s3am-cloud resume job"
    world.source.bytes_read = 0
    prepared(world, "again", resume=True)
    finished(world, "again")
    assert world.store.content(TARGET) == DATA
    replaced = sum(min(PART, len(DATA) - PART * (number - 1)) for number in numbers)
    assert world.source.bytes_read == 2 * replaced, "compared, and sent again: these parts and no others"


def test_two_sources_that_take_turns_never_become_a_mix(world: World) -> None:
    prepared(world)
    for number in range(1, 6):
        work("job", Unit(0, number, number), lambda: LONG, world.ports)
        intrude(world, max(1, number - 1))
    with pytest.raises(PartReplaced):
        complete_job("job", world.ports)
    assert world.store.head(TARGET) is None


def test_what_a_crashed_worker_sent_unrecorded_is_compared_and_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a worker sent that crashed before its record is compared and used."""
    prepared(world)
    write = world.jobs.write_part_records
    with monkeypatch.context() as patch:
        patch.setattr(world.jobs, "write_part_records", lambda *arguments: None)
        work("job", Unit(0, 1, 3), lambda: LONG, world.ports)
    assert world.jobs.write_part_records == write
    intrude(world, 2)
    world.source.bytes_read = 0
    assert work("job", ALL, lambda: LONG, world.ports).done
    assert world.source.bytes_read == len(DATA) + PART, "three are compared, the one that differs is sent again"
    complete_job("job", world.ports)
    assert world.store.content(TARGET) == DATA


def test_a_worker_that_can_not_record_its_parts_is_not_done(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(world)

    def refuse(*arguments: object) -> None:
        raise StoreUnavailable("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(world.jobs, "write_part_records", refuse)
        with pytest.raises(StoreUnavailable):
            work("job", ALL, lambda: LONG, world.ports)
    finished(world, "job")
    assert world.store.content(TARGET) == DATA


def test_what_ends_a_worker_midway_leaves_a_record_of_what_it_has_sent(world: World) -> None:
    prepared(world)
    read = world.source.read
    world.source.read = lambda origin, part: _broken(part.number == 4) or read(origin, part)  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        work("job", ALL, lambda: LONG, world.ports)
    world.source.read = read  # type: ignore[method-assign]
    assert sorted(record.number for record in world.jobs.part_records("job")) == [1, 2, 3]
    world.source.bytes_read = 0
    assert work("job", ALL, lambda: LONG, world.ports).done
    assert world.source.bytes_read == PART + 1000


def _broken(now: bool) -> bytes:
    if now:
        raise StoreUnavailable("broken")
    return b""


def test_a_job_that_continues_another_takes_over_its_records(world: World) -> None:
    """A job that continues another takes over its records and reads no part again."""
    prepared(world)
    work("job", Unit(0, 2, 3), lambda: LONG, world.ports)
    for name in ("second", "third"):
        prepared(world, name, resume=True)
    world.source.bytes_read = 0
    finished(world, "third")
    assert world.source.bytes_read == len(DATA) - 2 * PART
    assert world.store.content(TARGET) == DATA


def test_records_of_another_version_count_for_nothing(world: World) -> None:
    etag = f'"5f0b-{len(DATA):x}"'  # made of date and size
    world.source.put(SOURCE, DATA, etag)
    moved_whole(world)
    world.source.put(SOURCE, THEIRS, etag)
    prepared(world, "again", resume=True)
    assert world.jobs.load("again").records_of is None
    finished(world, "again")
    assert world.store.content(TARGET) == THEIRS


def test_a_prepare_that_is_repeated_moves_nothing_that_has_a_record(world: World) -> None:
    moved_whole(world)
    prepare_job("job", "arn:job", "work", world.ports)
    assert world.jobs.units("job") == []


def _sent() -> Iterator[MovedPart]:
    yield MovedPart(1, 5, 7, '"a"')
    yield MovedPart(1, 5, 8, '"b"')
    yield MovedPart(2, 5, None, '"c"')


@pytest.mark.parametrize(
    ("listed", "is_known"),
    [
        (UploadedPart(1, 5, '"encrypted anew"', 8), True),
        (UploadedPart(1, 5, '"a"', 9), False),
        (UploadedPart(1, 4, '"a"', 7), False),
        (UploadedPart(1, 5, "a", None), True),
        (UploadedPart(1, 5, '"z"', None), False),
        (UploadedPart(2, 5, '"c"', 3), True),
        (UploadedPart(2, 5, '"d"', 3), False),
        (UploadedPart(3, 5, '"a"', 7), False),
    ],
)
def test_a_part_is_known_by_its_checksum_else_by_its_etag(listed: UploadedPart, is_known: bool) -> None:
    assert [part.number for part in known([listed], _sent())] == ([listed.number] if is_known else [])


def test_ten_thousand_records_are_small() -> None:
    records = [PartRecord(number, 2**33, 2**64 - 1, f'"{"f" * 32}"', True) for number in range(10_000)]
    assert len(msgspec.json.encode(records)) < 1_000_000


def test_the_checksum_of_an_unlisted_part_is_the_recorded_one() -> None:
    """The checksum of a part that the store does not list is the recorded one."""
    crc = update(0, b"12345")
    assert known([UploadedPart(1, 5, '"a"', None)], [MovedPart(1, 5, crc, '"a"')]) == [MovedPart(1, 5, crc, '"a"')]
