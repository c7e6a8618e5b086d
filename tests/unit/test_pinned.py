"""How surely the validators of a source pin its content."""

from __future__ import annotations

import pytest

from s3am_cloud.model import Pinned, SourceInfo

DATE = "Fri, 02 Jan 2026 03:04:05 GMT"


def info(**given: object) -> SourceInfo:
    return SourceInfo(**{"size": 0x2800000, "ranges": True, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (info(etag='"d41d8cd98f00b204e9800998ecf8427e"'), "strong"),
        (info(etag='"d41d8cd98f00b204e9800998ecf8427e-3"', size=3), "strong"),
        (info(etag='"abc"', last_modified=DATE), "strong"),
        (info(version="v1"), "strong"),
        (info(version="null", last_modified=DATE), "weak"),
        (info(last_modified=DATE), "weak"),
        (info(etag='W/"d41d8cd98f00b204e9800998ecf8427e"'), "weak"),
        (info(etag='"69573445-2800000"', last_modified=DATE), "weak"),
        (info(etag='"2800000-5a1b2c3d4e5f6"', last_modified=DATE), "weak"),
        (info(etag='"abc-2800000-5a1b2c3d4e5f6"', last_modified=DATE), "weak"),
        (info(etag='"69573445-2800001"', last_modified=DATE), "strong"),
        (info(etag='"8051d1ae6d1cd1:0"', last_modified=DATE), "weak"),
        (info(), "none"),
        (info(etag=""), "none"),
    ],
    ids=lambda value: f"{value.version}, {value.etag}" if isinstance(value, SourceInfo) else value,
)
def test_a_source_is_pinned_as_surely_as_its_validators_are(source: SourceInfo, expected: Pinned) -> None:
    assert source.pinned == expected
