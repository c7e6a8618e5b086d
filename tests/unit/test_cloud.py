"""The state machine's tasks up to the last part, told in memory: each can be repeated, and exchanges small values."""

from __future__ import annotations

import msgspec
import pytest

from s3am_cloud.errors import BadRequest, BadSource, NoSuchJob, ObjectExists, SourceChanged, SourceNotFound
from s3am_cloud.ingest.accept import accept, decode_request
from s3am_cloud.jobs.tasks import Worked, complete_job, prepare_job, report_job, work
from s3am_cloud.limits import DEADLINE_MARGIN_SECONDS, SMALL_OBJECT
from s3am_cloud.model import Unit
from servers.content import pattern
from support.cloud_fakes import ASKED, DATA, LONG, prepared
from support.fakes import PART, SOURCE, TARGET, World


@pytest.fixture
def world() -> World:
    made = World()
    made.source.put(SOURCE, DATA)
    return made


def test_a_request_becomes_the_job_that_has_the_executions_name(world: World) -> None:
    assert accept(ASKED, "job", world.ports) == ("job", False)
    job = world.jobs.load("job")
    assert (job.request.source, job.request.part_size, job.state) == (SOURCE, PART, "new")


def test_a_repeated_accept_finds_its_own_record(world: World) -> None:
    accept(ASKED, "job", world.ports)
    assert accept(ASKED, "job", world.ports) == ("job", False)


def test_the_job_of_another_execution_makes_this_one_a_duplicate(world: World) -> None:
    accept(ASKED, "job", world.ports)
    job = msgspec.structs.replace(world.jobs.load("job"), execution="other")
    world.jobs.save(job)
    assert accept(ASKED, "job", world.ports) == ("job", True)
    assert world.jobs.load("job") == job


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"source": SOURCE}, "destination"),
        ({**ASKED, "source": 7}, "source"),
        ({**ASKED, "part_size": "s3cret"}, "part_size"),
        ({**ASKED, "sse_key_x": "s3cret"}, "sse_key_x"),
        ({**ASKED, "exists": "s3cret"}, "exists"),
    ],
)
def test_an_unreadable_request_names_the_field_and_never_its_value(data: dict[str, object], field: str) -> None:
    """A request that can not be read names the field and never its value."""
    with pytest.raises(BadRequest, match=field) as caught:
        decode_request(data)
    assert "s3cret" not in f"{caught.value!r}"


@pytest.mark.parametrize(
    "source",
    [
        "https://ann:s3cret@host/data",
        "ftp://ann:s3cret@host/data",
        "sftp://:s3cret@host/data",
        "https://host/data?X-Amz-Signature=s3cret",
        "https://host/data?a=1&x-amz-security-token=s3cret",
        "https://host/data?x-goog-signature=s3cret",
        "https://host/data?Signature=s3cret&Expires=1",
        "https://host/data?sv=1&sig=s3cret",
        "https://host/data?sig=s3cret#part",
        "https://s3cret@host/data",
        "ftp://s3cret@host/data",
        "https://host/data?Policy=s3cret&Key-Pair-Id=s3cret",
        "https://host/data?X-Amz-Credential=s3cret",
        "https://host/data?id=1&user_auth=s3cret",
        "https://host/data?refreshToken=s3cret",
        "https://host/data?PASSWD=s3cret",
        "https://host/data?jwt=s3cret",
        "https://host/data?session_id=s3cret",
        "https://host/data?client%5Fsecret=s3cret",
    ],
)
def test_a_source_url_with_a_secret_is_refused_without_telling_it(world: World, source: str) -> None:
    with pytest.raises(BadRequest) as caught:
        accept({**ASKED, "source": source}, "job", world.ports)
    assert "s3cret" not in f"{caught.value!r} {caught.value.hint}"
    assert list(world.jobs.ids()) == []


@pytest.mark.parametrize("source", ["https://host/data?id=7", "s3://bucket/a?sig=1", "ftp://host/a?b"])
def test_a_source_url_without_a_secret_is_taken(source: str) -> None:
    assert decode_request({**ASKED, "source": source}).source == source


@pytest.mark.parametrize("source", ["/etc/passwd", "file:///etc/passwd", "data.bin"])
def test_the_cloud_reads_no_local_path(source: str) -> None:
    with pytest.raises(BadSource, match="local path"):
        decode_request({**ASKED, "source": source})


def test_prepare_opens_the_upload_and_writes_units_for_all_parts(world: World) -> None:
    answer = prepared(world)
    assert (answer.job, answer.transfer, answer.bucket) == ("job", True, "work")
    assert answer.units_key == "jobs/job/units.jsonl"
    assert answer.concurrency >= 1
    assert [n for unit in world.jobs.units("job") for n in range(unit.first, unit.last + 1)] == [1, 2, 3, 4, 5]
    assert world.jobs.load("job").execution == "arn:job"


def test_a_repeated_prepare_opens_no_second_upload(world: World) -> None:
    assert prepared(world) == prepare_job("job", "arn:job", "work", world.ports)
    assert world.calls.count("create") == 1


def test_a_resumed_job_has_units_for_the_missing_parts_only(world: World) -> None:
    prepared(world)
    work("job", Unit(0, 2, 3), lambda: LONG, world.ports)
    prepared(world, "again", resume=True)
    assert [n for unit in world.jobs.units("again") for n in range(unit.first, unit.last + 1)] == [1, 4, 5]


@pytest.mark.parametrize("source", [SOURCE, "https://mirror/data.bin"])
def test_a_job_resumed_from_what_may_be_another_file_proves_its_parts(world: World, source: str) -> None:
    """Of the same size and date, as nginx makes ETags of these."""
    etag = f'"5f0b-{len(DATA):x}"'
    world.source.put(SOURCE, DATA, etag)
    prepared(world)
    work("job", Unit(0, 2, 3), lambda: LONG, world.ports)
    other = DATA[: 2 * PART] + pattern(PART, 9) + DATA[3 * PART :]
    world.source.put(source, other, etag)
    prepared(world, "again", resume=True, source=source)
    world.source.bytes_read = 0
    for unit in world.jobs.units("again"):
        work("again", unit, lambda: LONG, world.ports)
    complete_job("again", world.ports)
    assert world.store.content(TARGET) == other
    # Two parts are compared, and the one that differs is moved again.
    assert world.source.bytes_read == len(DATA) + PART


@pytest.mark.parametrize("size", [0, 1, SMALL_OBJECT])
def test_a_small_object_is_put_at_once(world: World, size: int) -> None:
    world.source.put(SOURCE, pattern(size))
    answer = prepared(world, part_size=None)
    assert not answer.transfer
    assert world.store.content(TARGET) == pattern(size)
    assert report_job("job", world.ports)["state"] == "succeeded"


def test_a_repeated_prepare_of_a_small_object_moves_nothing_twice(world: World) -> None:
    world.source.put(SOURCE, pattern(100))
    prepared(world)
    read = world.source.bytes_read
    assert not prepare_job("job", "arn:job", "work", world.ports).transfer
    assert world.source.bytes_read == read


def test_an_object_to_be_skipped_is_reported_as_skipped(world: World) -> None:
    world.store.put_object(TARGET, b"theirs", True)
    assert not prepared(world, exists="skip").transfer
    assert report_job("job", world.ports)["state"] == "skipped"
    assert world.store.content(TARGET) == b"theirs"


def test_what_prepare_refuses_has_its_name(world: World) -> None:
    with pytest.raises(SourceNotFound):
        prepared(world, source="https://host/missing")
    world.store.put_object(TARGET, b"theirs", True)
    with pytest.raises(ObjectExists):
        prepared(world, "other")


def test_a_unit_is_moved_whole_where_there_is_time(world: World) -> None:
    prepared(world)
    assert work("job", Unit(0, 1, 5), lambda: LONG, world.ports) == Worked("job", Unit(0, 1, 5), True)


def test_a_worker_near_its_deadline_returns_what_remains(world: World) -> None:
    """A part takes a second, and there are a little more than two until no part is begun."""
    prepared(world)
    begun_with = DEADLINE_MARGIN_SECONDS + 2.0
    first = work("job", Unit(0, 1, 5), lambda: begun_with - world.source.bytes_read / PART, world.ports)
    assert first == Worked("job", Unit(0, 4, 5), False)
    second = work("job", first.unit, lambda: LONG, world.ports)
    assert second.done
    assert world.source.bytes_read == len(DATA)


def test_a_worker_without_time_begins_nothing(world: World) -> None:
    prepared(world)
    late = DEADLINE_MARGIN_SECONDS - 0.1
    assert work("job", Unit(0, 2, 5), lambda: late, world.ports) == Worked("job", Unit(0, 2, 5), False)
    assert world.source.bytes_read == 0


def test_repeated_work_moves_nothing_twice(world: World) -> None:
    prepared(world)
    work("job", Unit(0, 2, 5), lambda: LONG, world.ports)
    assert work("job", Unit(0, 1, 5), lambda: LONG, world.ports).done
    assert world.source.bytes_read == len(DATA)
    assert work("job", Unit(0, 1, 5), lambda: 0.0, world.ports).done
    assert world.source.bytes_read == len(DATA)


def test_work_keeps_to_its_own_unit(world: World) -> None:
    prepared(world)
    work("job", Unit(0, 2, 3), lambda: LONG, world.ports)
    job = world.jobs.load("job")
    assert job.upload is not None
    assert [part.number for part in world.store.parts(job.upload)] == [2, 3]


def test_work_on_another_version_is_refused(world: World) -> None:
    prepared(world)
    world.source.put(SOURCE, pattern(len(DATA), 9))
    with pytest.raises(SourceChanged):
        work("job", Unit(0, 1, 5), lambda: LONG, world.ports)


def test_work_on_a_job_that_is_not_there_or_not_prepared_is_refused(world: World) -> None:
    with pytest.raises(NoSuchJob):
        work("job", Unit(0, 1, 1), lambda: LONG, world.ports)
    accept(ASKED, "job", world.ports)
    with pytest.raises(NoSuchJob):
        work("job", Unit(0, 1, 1), lambda: LONG, world.ports)


def test_no_more_workers_run_at_once_than_the_stack_allows(world: World) -> None:
    """Nor where the plan is of before the stack was limited."""
    prepared(world)
    job = world.jobs.load("job")
    assert job.plan is not None
    world.jobs.save(msgspec.structs.replace(job, plan=msgspec.structs.replace(job.plan, concurrency=8)))
    for most, workers in ((None, 8), (3, 3), (20, 8)):
        ports = msgspec.structs.replace(world.ports, most_workers=most)
        assert prepare_job("job", "arn:job", "work", ports).concurrency == workers
