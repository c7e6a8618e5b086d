"""What a route or a schedule need not do is left alone, quietly, and at the cost of one look."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from s3am_cloud.errors import SourceNotFound, StoreBusy
from s3am_cloud.ingest.accept import accept
from s3am_cloud.integrity.provenance import JOB
from s3am_cloud.jobs.locks import LockContext
from s3am_cloud.jobs.prepared import Prepared
from s3am_cloud.jobs.skip import remember, renew_seen, skip_reason
from s3am_cloud.jobs.tasks import complete_job, prepare_job, work
from s3am_cloud.model import Attributes, SourceInfo
from s3am_cloud.ports.coordination import Seen
from s3am_cloud.urls import S3Url, SourceUrl
from servers.content import pattern
from support.cloud_fakes import Machine
from support.fakes import PART, World

URL = "https://host/latest.csv"
ROUTE = {"name": "runs", "source": "s3://incoming/", "destination": "s3://archive/{key}"}
SCHEDULE = {"name": "daily", "every": "1 day", "source": URL, "destination": "s3://archive/{name}"}
COPY = S3Url("archive", "file")


class Told:
    """A source that says what it was told to, and counts who asks."""

    def __init__(self, world: World) -> None:
        self._source = world.source
        self.info: dict[str, Any] = {}
        self.asked = 0

    def probe(self, url: SourceUrl) -> SourceInfo:
        self.asked += 1
        return msgspec.structs.replace(self._source.probe(url), **self.info)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def told(world: World) -> Told:
    source = Told(world)
    world.ports = msgspec.structs.replace(world.ports, source=source)
    return source


def run(world: World, request: dict[str, Any], event: dict[str, Any], locks: LockContext | None = None) -> Prepared:
    """The job of one execution, as far as it goes by itself."""
    job, _ = accept(request, f"arn:x:{event['id']}", world.ports, locks, event)
    return prepare_job(job, "arn", "work", world.ports)


def came(world: World, number: int = 1, again: bool = False, **fields: Any) -> Prepared:
    """An object has come, of which S3 says this."""
    thing = {"key": "file", "sequencer": str(number), **fields}
    event = {"id": str(number), "source": "aws.s3", "time": "2026-03-04T05:06:07Z"}
    event["key"] = {"route": "runs", "bucket": {"name": "incoming"}, "object": thing}  # type: ignore[assignment]
    return run(world, {"route": {**ROUTE, "again": again}}, event)


def due(world: World, number: int, **fields: Any) -> Prepared:
    """The schedule is due, for this time."""
    time = f"2026-03-{number:02}T06:00:00Z"
    event = {"id": str(number), "source": "aws.scheduler", "time": time, "key": {"schedule": "daily", "time": time}}
    return run(world, {"schedule": {**SCHEDULE, **fields}}, event)


def skipped(world: World, prepared: Prepared) -> str | None:
    """Why nothing was done, None where something was."""
    report = world.jobs.report(prepared.job)
    assert prepared.skipped == (report is not None and report.skipped is not None)
    assert not (prepared.skipped and prepared.transfer)
    return report.skipped if report else None


def put(world: World, content: bytes = b"content") -> None:
    world.source.put("s3://incoming/file", content)


def test_an_object_that_came_is_copied(world: World, told: Told) -> None:
    put(world)
    assert skipped(world, came(world)) is None
    assert world.store.content(COPY) == b"content"


@pytest.mark.parametrize("name", [JOB, JOB.upper()])
def test_what_a_job_wrote_is_copied_only_where_the_route_says_again(world: World, told: Told, name: str) -> None:
    put(world)
    told.info = {"attributes": Attributes(metadata={name: "some-job"})}
    assert skipped(world, came(world)) == "a job of s3am-cloud wrote the object"
    assert world.store.head(COPY) is None
    assert skipped(world, came(world, 2, again=True)) is None
    assert world.store.content(COPY) == b"content"


@pytest.mark.parametrize(
    ("event", "now", "other"),
    [
        ({"etag": "a"}, {"etag": '"a"'}, False),
        ({"etag": "a"}, {"etag": '"b"'}, True),
        ({"etag": "a", "version-id": "1"}, {"etag": '"a"', "version": "1"}, False),
        ({"etag": "a", "version-id": "1"}, {"etag": '"a"', "version": "2"}, True),
        ({"etag": "a", "version-id": "1"}, {"etag": '"b"', "version": None}, True),
        ({}, {"etag": '"a"'}, False),
    ],
)
def test_an_old_version_is_left_to_the_newest_ones_event(
    world: World, told: Told, event: dict[str, Any], now: dict[str, Any], other: bool
) -> None:
    """A version that is no longer the newest is left to the newest one's event."""
    put(world)
    etag = world.source.probe(SourceUrl("s3", "s3://incoming/file")).etag
    assert etag is not None
    told.info = {**now, "etag": etag} if not other else now
    if not other and "etag" in event:
        event = {**event, "etag": etag.strip('"')}
    found = skipped(world, came(world, **event))
    assert (found is not None) == other


def test_a_folders_marker_is_left_alone_without_a_look(world: World, told: Told) -> None:
    assert skipped(world, came(world, key="folder/")) == "a folder's marker has no content"
    assert told.asked == 0


def test_an_object_that_is_gone_is_an_error(world: World, told: Told) -> None:
    with pytest.raises(SourceNotFound):
        came(world)


def test_an_event_that_is_delivered_twice_is_one_job(world: World, told: Told) -> None:
    put(world)
    thing = {"route": "runs", "bucket": {"name": "incoming"}, "object": {"key": "file", "sequencer": "1"}}
    event = {"id": "1", "source": "aws.s3", "time": "2026-03-04T05:06:07Z", "key": thing}
    first = accept({"route": ROUTE}, "arn:x:1", world.ports, None, event)
    assert accept({"route": ROUTE}, "arn:x:2", world.ports, None, {**event, "id": "2"}) == (first[0], True)
    thing["object"] = {"key": "file", "sequencer": "2"}
    assert accept({"route": ROUTE}, "arn:x:3", world.ports, None, event)[0] != first[0]


def test_a_new_version_waits_until_the_copy_of_the_one_before_has_ended(world: World, told: Told) -> None:
    put(world)
    machine = Machine()
    locks = LockContext(world.jobs, world.coordination, machine.describe, world.clock)

    def event(number: int) -> dict[str, Any]:
        thing = {"key": "file", "sequencer": str(number)}
        key = {"route": "runs", "bucket": {"name": "incoming"}, "object": thing}
        return {"id": str(number), "source": "aws.s3", "time": "2026-03-04T05:06:07Z", "key": key}

    machine.run("first")
    accept({"route": ROUTE}, "arn:first", world.ports, locks, event(1))
    with pytest.raises(StoreBusy):
        accept({"route": ROUTE}, "arn:second", world.ports, locks, event(2))
    machine.run("first", "SUCCEEDED")
    assert accept({"route": ROUTE}, "arn:second", world.ports, locks, event(2))[1] is False


def test_a_schedule_fetches_once_and_then_only_looks(world: World, told: Told) -> None:
    world.source.put(URL, b"one")
    assert skipped(world, due(world, 1)) is None
    before = told.asked, world.source.bytes_read
    for day in (2, 3):
        assert skipped(world, due(world, day)) == "the source has not changed since it was fetched"
    assert (told.asked, world.source.bytes_read) == (before[0] + 2, before[1])


def test_every_look_renews_the_note_of_what_was_fetched_since_notes_expire(
    world: World, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.source.put(URL, b"one")
    due(world, 1)
    written: list[str] = []
    monkeypatch.setattr(world.coordination, "see", lambda schedule, seen: written.append(schedule))
    due(world, 2)
    assert written == ["daily"]


@pytest.mark.parametrize(
    "changed", [{"etag": '"new"'}, {"last_modified": "Mon, 02 Mar 2026 00:00:00 GMT"}, {"version": "2"}, {"size": 4}]
)
def test_a_schedule_sees_every_validator_that_changes(world: World, told: Told, changed: dict[str, Any]) -> None:
    world.source.put(URL, b"one")
    due(world, 1)
    told.info = changed
    job, _ = accept(
        {"schedule": SCHEDULE},
        "arn:x:2",
        world.ports,
        None,
        {"id": "2", "source": "aws.scheduler", "time": "", "key": 2},
    )
    assert skip_reason(world.jobs.load(job), world.ports) is None


def test_what_has_changed_takes_the_place_of_what_was_fetched_before(world: World, told: Told) -> None:
    for day, content in enumerate((b"one", b"other"), start=1):
        world.source.put(URL, content)
        assert skipped(world, due(world, day)) is None
        assert world.store.content(S3Url("archive", "latest.csv")) == content


def test_a_source_without_validators_is_always_fetched(world: World) -> None:
    world.source.put(URL, b"one")
    told = Told(world)
    told.info = {"etag": None, "last_modified": None, "version": None}
    ports = msgspec.structs.replace(world.ports, source=told)
    due(world, 1)
    [job] = map(world.jobs.load, world.jobs.ids())
    remember(msgspec.structs.replace(job, info=told.probe(SourceUrl("https", URL))), ports)
    assert skip_reason(job, ports) is None


def test_a_schedule_that_was_changed_fetches_anew(world: World, told: Told) -> None:
    world.source.put(URL, b"one")
    due(world, 1)
    assert skipped(world, due(world, 2, destination="s3://archive/elsewhere")) is None
    assert world.store.content(S3Url("archive", "elsewhere")) == b"one"


def test_what_a_yearly_schedule_has_seen_is_kept_from_expiring(
    world: World, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The janitor writes the note anew each day, as S3 deletes documents of the work bucket after 30 days."""
    world.source.put(URL, b"one")
    due(world, 1)
    written: list[str] = []
    see = world.coordination.see

    def noted(schedule: str, seen: Seen) -> None:
        written.append(schedule)
        see(schedule, seen)

    monkeypatch.setattr(world.coordination, "see", noted)
    world.clock.sleep(366 * 86_400)
    renew_seen(world.ports)
    assert written == ["daily"]
    world.clock.sleep(40 * 86_400)
    renew_seen(world.ports)
    assert written == ["daily"]


def test_a_renewed_note_is_still_of_the_same_version(world: World, told: Told) -> None:
    world.source.put(URL, b"one")
    due(world, 1)
    world.clock.sleep(300 * 86_400)
    renew_seen(world.ports)
    assert skipped(world, due(world, 2)) == "the source has not changed since it was fetched"


def test_what_was_not_fetched_to_its_end_is_not_taken_for_fetched(world: World, told: Told) -> None:
    world.source.put(URL, pattern(4 * PART))
    first = due(world, 1, options={"part_size": PART})
    assert first.transfer
    second = due(world, 2, options={"part_size": PART})
    assert second.transfer
    for unit in world.jobs.units(second.job):
        work(second.job, unit, lambda: 900.0, world.ports)
    complete_job(second.job, world.ports)
    assert skipped(world, due(world, 3, options={"part_size": PART})) is not None
