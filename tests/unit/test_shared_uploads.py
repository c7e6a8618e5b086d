"""An upload that several transfers fill at once never becomes a mix of their sources."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from s3am_cloud.checksums.crc64nvme import update
from s3am_cloud.model import Part, PinnedSource
from s3am_cloud.transfer.remaining import missing
from s3am_cloud_cli.console.output import Console
from s3am_cloud_client.inprocess.driver import _moved_or_overtaken
from s3am_cloud_client.inprocess.parts_run import PartsRun
from servers.content import pattern
from support.fakes import PART, SOURCE, TARGET, World, request

DATA = pattern(3 * PART + 1000)


def test_a_part_that_another_put_into_a_new_upload_is_not_relied_on() -> None:
    world = World()
    world.source.put(SOURCE, DATA)
    job = world.prepare(request())
    assert job.upload is not None
    assert job.plan is not None
    theirs = bytearray(PART)
    world.store.put_part(job.upload, 2, theirs, update(0, bytes(theirs)))
    out = io.StringIO()
    run = PartsRun(job, world.ports, Console(out=out, err=out))
    run.find_relied()
    assert run.known == []
    assert [part.number for part in missing(job.plan, run.known)] == [1, 2, 3, 4]


def quiet() -> Console:
    out = io.StringIO()
    return Console(out=out, err=out)


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A transfer that ended after two parts, and into whose upload another machine put its own second part."""
    monkeypatch.setenv("S3AM_CLOUD_STATE_HOME", str(tmp_path))
    world = World()
    world.source.put(SOURCE, DATA)
    job = world.begin(request(), 1, 2)
    assert job.upload is not None
    theirs = bytearray(PART)
    world.store.put_part(job.upload, 2, theirs, update(0, bytes(theirs)))
    return world


def test_a_resume_relies_on_recorded_parts_only_and_compares_the_others(begun: World) -> None:
    job = begun.prepare(request(resume=True))
    assert job.plan is not None
    assert job.trusted
    begun.source.bytes_read = 0
    run = PartsRun(job, begun.ports, quiet())
    run.find_relied()
    assert [part.number for part in run.known] == [1]
    assert [part.number for part in missing(job.plan, run.known)] == [2, 3, 4]
    assert begun.source.bytes_read == PART


def test_a_run_that_ends_midway_records_what_it_has_sent(begun: World) -> None:
    """A run that ends midway records what it has sent for whoever continues it."""
    job = begun.prepare(request(resume=True))
    read = begun.source.read

    def break_down(origin: PinnedSource, part: Part) -> bytes:
        if part.number == 4:
            raise KeyboardInterrupt
        return read(origin, part)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(begun.source, "read", break_down)
        with pytest.raises(KeyboardInterrupt):
            _moved_or_overtaken(job, None, begun.ports, quiet())
    assert {record.number for record in begun.jobs.part_records(job.id)} == {1, 2, 3}
    begun.source.bytes_read = 0
    begun.transfer(request(resume=True))
    assert begun.source.bytes_read == 1000
    assert begun.store.content(TARGET) == DATA
