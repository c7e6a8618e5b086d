"""What HEAD says of an object: whether it is locked, and whether it has to be restored before it can be read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from s3am_cloud.adapters.s3.attributes import object_info
from s3am_cloud.adapters.s3.source import S3Source
from s3am_cloud.errors import ObjectArchived
from s3am_cloud.model import ObjectInfo
from s3am_cloud.urls import S3Url, parse_source
from support.fakes import LoggedStore

UNTIL = datetime(2027, 1, 1, tzinfo=UTC)


def info(**answer: Any) -> ObjectInfo:
    return object_info({"ContentLength": 1, "ResponseMetadata": {"HTTPHeaders": {}}, **answer}, "it")


@pytest.mark.parametrize(
    ("answer", "locked"),
    [
        ({"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": UNTIL}, "until 2027-01-01T00:00:00+00:00"),
        ({"ObjectLockLegalHoldStatus": "ON"}, "legal hold"),
        ({"ObjectLockLegalHoldStatus": "OFF"}, None),
        ({}, None),
    ],
)
def test_a_lock_is_seen(answer: dict[str, Any], locked: str | None) -> None:
    assert info(**answer).locked == locked


@pytest.mark.parametrize(
    ("answer", "archived"),
    [
        ({"StorageClass": "DEEP_ARCHIVE"}, "archived"),
        ({"StorageClass": "GLACIER", "Restore": 'ongoing-request="true"'}, "being restored"),
        ({"StorageClass": "GLACIER", "Restore": 'ongoing-request="false", expiry-date="..."'}, None),
        ({"StorageClass": "INTELLIGENT_TIERING", "ArchiveStatus": "ARCHIVE_ACCESS"}, "archived"),
        ({"StorageClass": "GLACIER_IR"}, None),
        ({}, None),
    ],
)
def test_an_archived_object_is_seen(answer: dict[str, Any], archived: str | None) -> None:
    assert info(**answer).archived == archived


class ArchivedStore(LoggedStore):
    def head(self, target: S3Url) -> ObjectInfo | None:
        return info(StorageClass="GLACIER")


def test_an_archived_source_is_refused_before_anything_is_begun() -> None:
    with pytest.raises(ObjectArchived, match="archived"):
        S3Source(ArchivedStore([])).probe(parse_source("s3://b/k"))
