"""Which sources are read over several requests, and the verdict on an object whose source nothing pins."""

from __future__ import annotations

import msgspec
import pytest

from s3am_cloud.errors import Usage
from s3am_cloud.model import PinnedSource, SourceInfo, TransferRequest, Verdict
from s3am_cloud.request import Ranges
from s3am_cloud.transfer.steps.one_version import one_version
from s3am_cloud.urls import parse_source

URL = "https://host/x.bin"
PINNED = SourceInfo(size=100, ranges=True, etag='"e"')
DATED = SourceInfo(size=100, ranges=True, last_modified="Fri, 02 Jan 2026 03:04:05 GMT")
UNPINNED = SourceInfo(size=100, ranges=True)
CLAIMED = SourceInfo(size=100, ranges=True, claims={"md5": "0" * 32})


def request(ranges: Ranges = "auto", **more: str) -> TransferRequest:
    return TransferRequest(source=URL, destination="s3://b/k", ranges=ranges, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("info", "asked", "ranges"),
    [
        (PINNED, request(), True),
        (DATED, request(), True),
        (UNPINNED, request(), False),
        (UNPINNED, request(expect="md5:" + "0" * 32), False),
        (UNPINNED, request("always", expect="md5:" + "0" * 32), True),
        (CLAIMED, request("always", source_digest="auto"), True),
        (PINNED, request("never"), False),
        (PINNED, request("always"), True),
    ],
)
def test_ranges_are_read_where_one_version_is_sure(info: SourceInfo, asked: TransferRequest, ranges: bool) -> None:
    assert one_version(asked, PinnedSource(source=parse_source(URL), info=info)).info.ranges is ranges


@pytest.mark.parametrize(
    ("info", "asked"),
    [(UNPINNED, request("always")), (CLAIMED, request("always")), (UNPINNED, request("always", source_digest="auto"))],
)
def test_ranges_of_what_nothing_pins_need_a_second_proof(info: SourceInfo, asked: TransferRequest) -> None:
    with pytest.raises(Usage, match="nothing pins"):
        one_version(asked, PinnedSource(source=parse_source(URL), info=info))


@pytest.mark.parametrize("url", ["/data/x.bin", "s3://b/x.bin"])
def test_files_and_objects_are_read_as_they_always_are(url: str) -> None:
    assert one_version(request("never"), PinnedSource(source=parse_source(url), info=UNPINNED)).info.ranges


@pytest.mark.parametrize(
    ("info", "verdict"),
    [
        (PINNED, "verified-in-transit"),
        (DATED, "verified-in-transit"),
        (UNPINNED, "unpinned"),
        (msgspec.structs.replace(PINNED, end_told=False), "end-not-told"),
    ],
)
def test_a_verdict_says_what_nothing_shows(info: SourceInfo, verdict: Verdict) -> None:
    assert info.in_transit == verdict
