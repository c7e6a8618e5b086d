"""An answer of S3's that breaks off is asked for again, and is an error with a name where it always does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from botocore.retries.standard import ExponentialBackoff

from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.documents import Bucket
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.errors import StoreUnavailable
from s3am_cloud.model import Upload
from s3am_cloud.urls import S3Url
from servers.endless import serving
from servers.proxy import FaultyProxy
from servers.proxy_rules import GET_OBJECT, CutReply
from support.fakes import FakeClock

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TARGET = S3Url("b", "k")
PART = "<Part><PartNumber>{}</PartNumber><Size>{}</Size><ETag>e</ETag>{}</Part>"
Call = Callable[[S3Store], object]


@pytest.mark.parametrize("name", ["there", "not-there"])
@pytest.mark.parametrize("after", [0, 5])
def test_a_document_whose_answer_breaks_off_is_asked_for_again(
    name: str, after: int, proxied: S3Access, shared_proxy: FaultyProxy, s3_client: S3Client, bucket: str
) -> None:
    """Also where the answer is that there is none."""
    s3_client.put_object(Bucket=bucket, Key="there", Body=b"0123456789")
    documents = Bucket(proxied, bucket)
    shared_proxy.add(GET_OBJECT, CutReply(after), times=1)
    assert documents.read(name) == (b"0123456789" if name == "there" else None)


def test_a_document_whose_answer_always_breaks_off_is_an_error_by_name(
    proxied: S3Access, shared_proxy: FaultyProxy, s3_client: S3Client, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.0)
    s3_client.put_object(Bucket=bucket, Key="there", Body=b"0123456789")
    shared_proxy.add(GET_OBJECT, CutReply(5), times=None)
    with pytest.raises(StoreUnavailable):
        Bucket(proxied, bucket).read("there")


def head(store: S3Store) -> object:
    return store.head(TARGET)


def parts(store: S3Store) -> object:
    return list(store.parts(Upload(target=TARGET, upload_id="u", full_object=True)))


def unfinished(store: S3Store) -> object:
    return store.unfinished(TARGET)


def lists(store: S3Store) -> object:
    return store.lists(TARGET)


def tags(store: S3Store) -> object:
    return store.tags(TARGET)


@pytest.mark.parametrize(
    ("call", "headers", "body"),
    [
        (head, "Content-Length: \xb2", ""),
        (head, "Content-Length: -5", ""),
        (head, "Content-Length: 5\r\nLast-Modified: never", ""),
        (head, "Content-Length: 5\r\nx-amz-checksum-crc64nvme: @@@@", ""),
        (head, "Content-Length: 5\r\nx-amz-checksum-crc64nvme: AAAA", ""),
        (head, "Content-Length: 5\r\nx-amz-checksum-sha256: AAA", ""),
        (parts, "", PART.format("x", 5, "")),
        (parts, "", PART.format("9" * 5000, 5, "")),
        (parts, "", PART.format(1, "y", "")),
        (parts, "", PART.format(1, 5, "<ChecksumCRC64NVME>AA</ChecksumCRC64NVME>")),
        (parts, "", "<Part></Part>"),
        (unfinished, "", "<Upload><Key>k</Key><UploadId>u</UploadId><Initiated>never</Initiated></Upload>"),
        (unfinished, "", "<Upload><Key>k</Key></Upload>"),
        (lists, "", "<Contents></Contents>"),
        (tags, "", "<TagSet><Tag><Key>a</Key></Tag></TagSet>"),
    ],
)
def test_a_field_that_can_not_be_read_is_an_error_of_the_store_s_by_name(
    call: Call, headers: str, body: str, s3_environment: None
) -> None:
    content = f"<Result>{body}</Result>".encode() if body else b""
    length = f"Content-Length: {len(content)}" if body else headers

    def answered(request: bytes) -> bytes:
        if request.startswith(b"HEAD /b "):
            return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        return f'HTTP/1.1 200 OK\r\nETag: "e"\r\n{length}\r\n\r\n'.encode("latin-1") + content

    with serving(answered) as server:
        access = S3Access(S3Settings(endpoint_url=f"http://127.0.0.1:{server.port}", region="us-east-1"))
        with pytest.raises(StoreUnavailable, match=r"not one of AWS's|says no size"):
            call(S3Store(access, FakeClock()))


@pytest.mark.parametrize("region", ["127.0.0.1:1/", "eu@evil.example", "", "x" * 200])
def test_a_region_that_none_is_called_is_not_believed(region: str, s3_environment: None) -> None:
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx-amz-bucket-region: {region}\r\n\r\n"
    with serving(lambda _: answer.encode()) as server:
        settings = S3Settings(endpoint_url=f"http://127.0.0.1:{server.port}", region="eu-west-1")
        assert S3Access(settings).endpoint("b").region == "eu-west-1"
