"""Taking an object back, and what a store tells of its content: kept by every store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.stores import S3Case, StoreCase
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.checksums.digests import new
from s3am_cloud.urls import S3Url
from servers.content import pattern

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = pattern(1000)


def test_a_deleted_object_is_gone_and_others_are_not(case: StoreCase) -> None:
    one, other = S3Url(case.bucket, "a b+%41"), S3Url(case.bucket, "other")
    case.put_object(one, DATA)
    case.put_object(other, DATA)
    case.store.delete(one, None)
    assert case.store.head(one) is None
    assert case.store.head(other) is not None


def test_deleting_what_is_not_there_is_quiet(case: StoreCase) -> None:
    case.store.delete(S3Url(case.bucket, "missing"), None)


def test_what_head_tells_of_the_whole_content_is_so(case: StoreCase) -> None:
    where = S3Url(case.bucket, "key")
    case.put_object(where, DATA)
    info = case.store.head(where)
    assert info is not None
    assert "crc64nvme" in info.checksums
    for name, told in info.checksums.items():
        digest = new(name)
        digest.update(DATA)
        assert told == digest.hexdigest()


def test_only_the_version_that_is_named_is_deleted(s3_access: S3Access, s3_client: S3Client, bucket: str) -> None:
    case, where = S3Case(s3_access, s3_client, bucket), S3Url(bucket, "key")
    s3_client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    case.put_object(where, b"first")
    before = case.store.head(where)
    case.put_object(where, b"second")
    after = case.store.head(where)
    assert before is not None
    assert after is not None
    case.store.delete(where, after.version_id)
    assert case.store.head(where) == before
    assert case.content(where) == b"first"
