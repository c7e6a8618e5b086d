"""An upload that several transfers fill at once never becomes a mix of their sources."""

from __future__ import annotations

import io

from s3am_cloud.checksum import update
from s3am_cloud_cli.local_run import _left
from s3am_cloud_cli.output import Console
from servers.content import pattern
from unit.fakes import PART, SOURCE, World, request

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
    relied, parts = _left(job, job.plan, [], world.ports, Console(out=out, err=out))
    assert relied == []
    assert [part.number for part in parts] == [1, 2, 3, 4]
