"""The bucket that holds the records of jobs is nobody's source or destination."""

from __future__ import annotations

import msgspec
import pytest

from s3am_cloud.adapters.memory.jobs import MemoryJobs
from s3am_cloud.adapters.records.jobs import Folder, Jobs
from s3am_cloud.errors import BadDestination, BadSource, TransferError
from s3am_cloud.ingest.accept import accept
from s3am_cloud.ingest.dead_letter import dead_letter_of
from s3am_cloud.ingest.rules import Route, Schedule
from s3am_cloud.jobs.tasks import prepare_job
from s3am_cloud.transfer.pipeline import new_job
from s3am_cloud_client.inprocess.record_store import FallbackDocuments, Fallible
from servers.content import pattern
from support.fakes import SOURCE, TARGET, World, request

WORK = "the-work-bucket"
THERE = [
    ({"destination": f"s3://{WORK}/jobs/other/job.json"}, BadDestination),
    ({"destination": f"s3://{WORK}/"}, BadDestination),
    ({"source": f"s3://{WORK}/jobs/other/job.json"}, BadSource),
    ({"source_digest": f"s3://{WORK}/jobs/other/job.json"}, BadSource),
]


@pytest.fixture
def world() -> World:
    made = World()
    made.source.put(SOURCE, pattern(100))
    made.source.put(f"s3://{WORK}/jobs/other/job.json", pattern(100))
    made.jobs = MemoryJobs(WORK)
    made.ports = msgspec.structs.replace(made.ports, jobs=made.jobs)
    return made


@pytest.mark.parametrize(("fields", "error"), THERE)
def test_a_request_that_names_it_is_refused(
    world: World, fields: dict[str, object], error: type[TransferError]
) -> None:
    asked = {"source": SOURCE, "destination": str(TARGET), **fields}
    with pytest.raises(error, match="holds the records of jobs"):
        accept(asked, "arn:job", world.ports, event={"id": "1"})
    assert list(world.jobs.ids()) == []
    assert world.calls == []


@pytest.mark.parametrize(("fields", "error"), THERE)
def test_a_recorded_job_that_names_it_is_refused_before_anything_is_read(
    world: World, fields: dict[str, str], error: type[TransferError]
) -> None:
    world.jobs.add(new_job(msgspec.structs.replace(request(part_size=None), **fields), "job", world.clock))
    with pytest.raises(error):
        prepare_job("job", "arn:job", "work", world.ports)
    with pytest.raises(error):
        world.prepare(msgspec.structs.replace(request(), **fields))
    assert world.calls == []


def test_a_route_out_of_it_and_a_schedule_into_it_are_refused_by_name(world: World) -> None:
    route = msgspec.to_builtins(Route(name="r", source=f"s3://{WORK}/", destination="s3://bucket/{name}"))
    created = {"bucket": {"name": WORK}, "object": {"key": "jobs/other/job.json"}}
    came = {"id": "1", "source": "aws.s3", "time": "2026-01-02T03:04:05Z", "key": created}
    with pytest.raises(BadSource):
        accept({"route": route}, "arn:1", world.ports, event=came)
    schedule = msgspec.to_builtins(
        Schedule(name="s", source=SOURCE, destination=f"s3://{WORK}/{{name}}", every="1 day")
    )
    due = {"id": "2", "source": "aws.scheduler", "time": "2026-01-02T03:04:05Z"}
    with pytest.raises(BadDestination) as caught:
        accept({"schedule": schedule}, "arn:2", world.ports, event=due)
    letter = dead_letter_of({"schedule": schedule}, due, "arn:2", ("BadDestination", caught.value.message), world.ports)
    assert letter.error.name == "BadDestination"


def test_other_buckets_are_taken(world: World) -> None:
    assert accept({"source": SOURCE, "destination": f"s3://{WORK}-2/x"}, "arn:job", world.ports) == ("job", False)


class InBucket(Folder):
    """Documents that say that they are in the bucket."""

    bucket = WORK  # type: ignore[assignment]


def test_records_here_are_in_no_bucket_and_a_stacks_are_in_one() -> None:
    """Records on this machine are in no bucket and a stack's are, once they are looked for."""
    assert not Jobs(Folder(None)).is_in(WORK)
    shelves = FallbackDocuments(Fallible(Folder(None), print), lambda: InBucket(None), print)
    assert not Jobs(shelves).is_in(WORK)
    assert shelves.shared
    assert Jobs(shelves).is_in(WORK)
