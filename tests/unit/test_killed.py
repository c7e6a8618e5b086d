"""Functions die between any two of their calls: whatever task is repeated then, the object is made once, and rightly.

Each test ends a job's tasks just before or just after one of the calls by which they change something, from the first
call to the last, and repeats the task as the state machine does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from s3am_cloud.checksums.crc64nvme import update
from s3am_cloud.errors import ObjectExists, TransferError, UploadExists, UploadGone
from s3am_cloud.ingest.accept import accept
from s3am_cloud.jobs.recovery import begun, own_upload
from s3am_cloud.jobs.tasks import complete_job, prepare_job, report_job, work
from servers.content import pattern
from support.cloud_fakes import ASKED, LONG
from support.fakes import PART, SOURCE, TARGET, World

TWO_PARTS = pattern(PART + 1000)
CHANGES = {
    "store": ("create", "put_part", "put_object", "complete", "abort", "delete"),
    "jobs": ("add", "save", "write_units", "write_part_records", "write_report", "forget"),
}


class Died(BaseException):
    """Out of memory, out of time: nothing more is done, not even cleaning up."""


class CrashingPort:
    """A world whose functions die at one of their changes, and stay dead until they are started anew."""

    def __init__(self, world: World, at: int, before: bool) -> None:
        self._at, self._before = at, before
        self.changes = 0
        self.dead = False
        for port, names in CHANGES.items():
            for name in names:
                owner = getattr(world, port)
                setattr(owner, name, self._mortal(getattr(owner, name)))

    def _mortal(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*arguments: Any) -> Any:
            if self.dead:
                raise Died
            self.changes += 1
            last = self.changes == self._at
            if last and self._before:
                self.dead = True
                raise Died
            answer = change(*arguments)
            if last:
                self.dead = True
                raise Died
            return answer

        return changed

    def tried(self, task: Callable[[], object]) -> None:
        try:
            task()
        except Died:
            self.dead = False
            task()


def run(world: World, mortal: CrashingPort, **options: object) -> None:
    """All tasks of a job, as the state machine has them done."""
    mortal.tried(lambda: accept({**ASKED, **options}, "arn:job", world.ports))
    mortal.tried(lambda: prepare_job("job", "arn:job", "work", world.ports))
    if world.jobs.load("job").state == "transfer":
        for unit in world.jobs.units("job"):
            mortal.tried(lambda unit=unit: work("job", unit, lambda: LONG, world.ports))  # type: ignore[misc]
        mortal.tried(lambda: complete_job("job", world.ports))
    mortal.tried(lambda: report_job("job", world.ports))


def changes_of(size: int, **options: object) -> int:
    """How many changes a job makes that nothing happens to."""
    world = World()
    world.source.put(SOURCE, pattern(size))
    mortal = CrashingPort(world, 0, False)
    run(world, mortal, **options)
    return mortal.changes


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(
    ("size", "options"),
    [
        (len(TWO_PARTS), {}),
        (len(TWO_PARTS), {"force": True}),
        (1000, {"part_size": None}),
        (0, {"part_size": None}),
        (1000, {"part_size": None, "exists": "overwrite"}),
    ],
)
def test_wherever_a_task_dies_its_repetition_makes_the_object(
    size: int, options: dict[str, object], before: bool
) -> None:
    for at in range(1, changes_of(size, **options) + 1):
        world = World()
        world.source.put(SOURCE, pattern(size))
        run(world, CrashingPort(world, at, before), **options)
        report = world.jobs.report("job")
        assert report is not None, at
        assert (report.state, report.size) == ("succeeded", size), at
        assert world.store.content(TARGET) == pattern(size), at
        assert world.store.unfinished(TARGET) == [], at
        assert world.calls.count("create") <= 2, at


def test_there_are_changes_to_die_at() -> None:
    """Record, intention, upload, record, units, two parts, what is due, object, report; and the same without parts."""
    assert (changes_of(len(TWO_PARTS)), changes_of(1000, part_size=None)) == (12, 5)


def dies_after(world: World, change: str) -> CrashingPort:
    """A mortal whose next change of this name is its last."""
    mortal = CrashingPort(world, 0, False)
    owner: Any = world.store if change in CHANGES["store"] else world.jobs
    alive = getattr(owner, change)

    def last(*arguments: Any) -> Any:
        setattr(owner, change, alive)
        alive(*arguments)
        mortal.dead = True
        raise Died

    setattr(owner, change, last)
    return mortal


@pytest.fixture
def world() -> World:
    made = World()
    made.source.put(SOURCE, TWO_PARTS)
    accept(ASKED, "arn:job", made.ports)
    return made


def test_an_upload_with_parts_is_not_the_one_opened_before_the_crash(world: World) -> None:
    """An upload that has parts is not taken for the one that was opened before the crash."""
    mortal = dies_after(world, "save")
    with pytest.raises(Died):
        prepare_job("job", "arn:job", "work", world.ports)
    mortal.dead = False
    theirs = world.store.open(TARGET)
    world.store.put_part(theirs, 1, b"x", update(0, b"x"))
    with pytest.raises(UploadExists):
        prepare_job("job", "arn:job", "work", world.ports)


def test_an_upload_older_than_its_job_is_never_taken_for_its_own(world: World) -> None:
    """An upload that was there before a job began is never taken for its own."""
    world.store.open(TARGET)
    with pytest.raises(UploadExists):
        prepare_job("job", "arn:job", "work", world.ports)


def test_another_jobs_upload_is_not_the_one_opened_before_the_crash(world: World) -> None:
    """The upload of another job is not taken for the one that was opened before the crash."""
    mortal = dies_after(world, "save")
    with pytest.raises(Died):
        prepare_job("job", "arn:job", "work", world.ports)
    mortal.dead = False
    accept({**ASKED, "resume": True}, "arn:other", world.ports)
    prepare_job("other", "arn:other", "work", world.ports)
    with pytest.raises(UploadExists):
        prepare_job("job", "arn:job", "work", world.ports)


@pytest.mark.parametrize(
    ("theirs", "error"), [(pattern(len(TWO_PARTS), 7), UploadGone), (b"shorter", UploadGone), (None, UploadGone)]
)
def test_an_object_with_another_crc_is_not_the_one_that_was_made(
    theirs: bytes | None, error: type[TransferError], world: World
) -> None:
    """An object that is another than was due is not taken for the one that was made."""
    prepare_job("job", "arn:job", "work", world.ports)
    for unit in world.jobs.units("job"):
        work("job", unit, lambda: LONG, world.ports)
    mortal = dies_after(world, "complete")
    with pytest.raises(Died):
        complete_job("job", world.ports)
    mortal.dead = False
    world.store.delete(TARGET, None)
    if theirs is not None:
        world.store.put_object(TARGET, theirs, True)
    with pytest.raises(error):
        complete_job("job", world.ports)


def test_a_small_object_unlike_the_source_is_not_the_one_that_was_put() -> None:
    """A small object that is another than the source is not taken for the one that was put."""
    world = World()
    world.source.put(SOURCE, b"ours")
    accept({**ASKED, "part_size": None}, "arn:job", world.ports)
    mortal = dies_after(world, "put_object")
    with pytest.raises(Died):
        prepare_job("job", "arn:job", "work", world.ports)
    mortal.dead = False
    world.store.put_object(TARGET, b"sour", True)
    with pytest.raises(ObjectExists):
        prepare_job("job", "arn:job", "work", world.ports)
    assert world.store.content(TARGET) == b"sour"


@pytest.mark.parametrize("at", range(5))
def test_a_job_that_died_with_its_object_made_is_resumed(at: int, world: World) -> None:
    """And whoever resumes it may die of that as well."""
    prepare_job("job", "arn:job", "work", world.ports)
    for unit in world.jobs.units("job"):
        work("job", unit, lambda: LONG, world.ports)
    mortal = dies_after(world, "complete")
    with pytest.raises(Died):
        complete_job("job", world.ports)
    mortal.dead = False
    before = world.source.bytes_read
    world.jobs.add(msgspec.structs.replace(world.jobs.load("job"), id="job-r2", state="new", resumes="job"))
    CrashingPort(world, at, before=False).tried(lambda: prepare_job("job-r2", "arn:job-r2", "work", world.ports))
    report = world.jobs.report("job-r2")
    assert report is not None
    assert (report.state, report.size) == ("succeeded", len(TWO_PARTS))
    assert world.source.bytes_read == before


def test_a_resumed_job_continues_its_own_upload_and_no_other(world: World) -> None:
    """A resumed job continues with its own upload whatever else is unfinished."""
    prepare_job("job", "arn:job", "work", world.ports)
    world.store.open(TARGET)
    old = world.jobs.load("job")
    request = msgspec.structs.replace(old.request, resume=True)
    world.jobs.add(msgspec.structs.replace(old, id="job-r2", state="new", resumes="job", request=request))
    prepare_job("job-r2", "arn:job-r2", "work", world.ports)
    assert world.jobs.load("job-r2").upload == old.upload
    assert [n for unit in world.jobs.units("job-r2") for n in range(unit.first, unit.last + 1)] == [1, 2]


@pytest.mark.parametrize(("older", "own"), [(61, False), (59, True), (-5, True)])
def test_an_upload_begun_before_the_job_was_recorded_is_not_its_own(
    world: World, older: int, own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another transfer may have opened it, and be about to send its first part."""
    accept(ASKED, "arn:job", world.ports)
    job = begun(world.jobs.load("job"), "arn:job", world.ports)
    upload = world.store.open(TARGET)
    initiated = (datetime.fromisoformat(job.created) - timedelta(seconds=older)).isoformat()
    dated = msgspec.structs.replace(upload, initiated=initiated)
    monkeypatch.setattr(world.store, "unfinished_below", lambda prefix: iter([dated]))
    assert own_upload(job, world.ports) == (upload.upload_id if own else None)
