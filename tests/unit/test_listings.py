"""Listings that are printed as they come, and what a listing of uploads does where something changes meanwhile."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import msgspec
import pytest

from s3am_cloud.errors import StoreUnavailable
from s3am_cloud.model import Upload, UploadedPart
from s3am_cloud.urls import S3Url
from s3am_cloud_cli.console.output import Console
from s3am_cloud_client.inprocess.listings import unfinished_uploads
from support.fakes import World


class Totals(msgspec.Struct):
    count: int = 0


def _broken(totals: Totals) -> Iterator[dict[str, int]]:
    for number in range(3):
        totals.count += 1
        yield {"number": number}
    raise StoreUnavailable("s3://b/: no answer")


def test_a_listing_that_breaks_off_is_a_whole_document_with_the_error() -> None:
    out, totals = io.StringIO(), Totals()
    console = Console(json=True, out=out, err=io.StringIO())
    with pytest.raises(StoreUnavailable) as broken:
        console.listing("objects", _broken(totals), str, totals)
    console.fail(broken.value)
    (line,) = out.getvalue().splitlines()
    document = json.loads(line)
    assert document["error"]["name"] == "StoreUnavailable"
    assert (len(document["objects"]), document["count"]) == (3, 3)


def test_a_listing_that_can_not_begin_is_the_error_alone() -> None:
    def denied() -> Iterator[str]:
        raise StoreUnavailable("s3://b/: no answer")
        yield ""

    out = io.StringIO()
    with pytest.raises(StoreUnavailable):
        Console(json=True, out=out).listing("objects", denied(), str, Totals())
    assert out.getvalue() == ""


def test_uploads_that_end_while_they_are_listed_are_left_out() -> None:
    world, prefix = World(), S3Url("bucket", "")
    uploads = [Upload(target=S3Url("bucket", f"k{n}"), upload_id=f"{n}", full_object=False) for n in range(100)]
    store = world.store

    class Listing:
        def unfinished_below(self, prefix: S3Url) -> Iterator[Upload]:
            return iter(uploads)

        def parts(self, upload: Upload, after: int = 0) -> Iterator[UploadedPart]:
            if int(upload.upload_id) % 2:
                return iter([UploadedPart(1, 7, "etag", None)])
            return store.parts(upload, after)  # raises UploadGone

    found = list(unfinished_uploads(prefix, Listing(), world.ports.clock))  # type: ignore[arg-type]
    assert [one.upload_id for one in found] == [f"{n}" for n in range(1, 100, 2)]
    assert {(one.parts, one.size, one.age_seconds) for one in found} == {(1, 7, None)}
