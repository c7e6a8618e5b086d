"""The faulty proxy: unnoticed where it has no rule, wrong in just the way that a rule says."""

import http.client
import socket
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

from servers import proxy_rules
from servers.content import crc64nvme, pattern
from servers.proxy import FaultyProxy
from servers.proxy_rules import CutReply, Delay, FlipReplyBit, FlipRequestBit, LoseReply, ResetBefore
from servers.strict_s3 import StrictS3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
PART = pattern(5 << 20, 1)


@pytest.fixture
def client(strict_s3: StrictS3, s3_proxy: FaultyProxy) -> "S3Client":
    """A client that goes through the proxy."""
    return strict_s3.client(endpoint_url=s3_proxy.endpoint_url)


def _create(client: "S3Client", bucket: str) -> str:
    return client.create_multipart_upload(Bucket=bucket, Key="key", ChecksumAlgorithm="CRC64NVME")["UploadId"]


def _upload(client: "S3Client", bucket: str, upload: str, number: int = 1) -> str:
    crc = crc64nvme(PART)
    return client.upload_part(
        Bucket=bucket, Key="key", UploadId=upload, PartNumber=number, Body=PART, ChecksumCRC64NVME=crc
    )["ETag"]


def _parts(client: "S3Client", bucket: str, upload: str) -> list[int]:
    listed = client.list_parts(Bucket=bucket, Key="key", UploadId=upload)
    return [part["PartNumber"] for part in listed.get("Parts", [])]


def test_without_rules_nothing_is_noticed(client: "S3Client", s3_proxy: FaultyProxy, bucket: str) -> None:
    upload = _create(client, bucket)
    etag = _upload(client, bucket, upload)
    client.complete_multipart_upload(
        Bucket=bucket, Key="key", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}
    )
    assert client.get_object(Bucket=bucket, Key="key")["Body"].read() == PART
    assert client.head_object(Bucket=bucket, Key="key")["ContentLength"] == len(PART)
    (sent,) = s3_proxy.matching(proxy_rules.upload_part(1))
    assert (sent.method, sent.status, sent.query["uploadId"], sent.injected) == ("PUT", 200, upload, ())
    assert sent.headers["expect"] == "100-continue"
    assert len(s3_proxy.requests) == 5
    assert s3_proxy.connections == 1


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (proxy_rules.SLOW_DOWN, 503, "SlowDown"),
        (proxy_rules.INTERNAL_ERROR, 500, "InternalError"),
        (proxy_rules.REQUEST_TIMEOUT, 400, "RequestTimeout"),
        (proxy_rules.ACCESS_DENIED, 403, "AccessDenied"),
    ],
)
def test_an_error_can_be_answered_in_the_stores_place(
    client: "S3Client", s3_proxy: FaultyProxy, bucket: str, answer: proxy_rules.Respond, status: int, code: str
) -> None:
    upload = _create(client, bucket)
    s3_proxy.add(proxy_rules.upload_part(2), answer, skip=1)
    _upload(client, bucket, upload, 1)
    _upload(client, bucket, upload, 2)
    with pytest.raises(ClientError) as error:
        _upload(client, bucket, upload, 2)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert error.value.response["Error"]["Code"] == code
    assert _upload(client, bucket, upload, 2)


def test_an_error_can_be_answered_to_a_request_that_sends_its_body_at_once(
    client: "S3Client", s3_proxy: FaultyProxy, bucket: str
) -> None:
    upload = _create(client, bucket)
    s3_proxy.add(proxy_rules.COMPLETE_UPLOAD, proxy_rules.ERROR_IN_200, times=None)
    with pytest.raises(ClientError, match="InternalError"):
        client.complete_multipart_upload(
            Bucket=bucket, Key="key", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": "x"}]}
        )
    assert [one.status for one in s3_proxy.matching(proxy_rules.COMPLETE_UPLOAD)] == [200]


def test_a_connection_can_be_reset_before_the_store_hears_of_it(
    client: "S3Client", s3_proxy: FaultyProxy, bucket: str
) -> None:
    upload = _create(client, bucket)
    s3_proxy.add(proxy_rules.UPLOAD_PART, ResetBefore())
    with pytest.raises(BotoCoreError):
        _upload(client, bucket, upload)
    assert _parts(client, bucket, upload) == []


def test_an_answer_can_be_lost_though_the_store_did_as_it_was_asked(
    client: "S3Client", s3_proxy: FaultyProxy, bucket: str
) -> None:
    upload = _create(client, bucket)
    s3_proxy.add(proxy_rules.UPLOAD_PART, LoseReply())
    with pytest.raises(BotoCoreError):
        _upload(client, bucket, upload)
    assert _parts(client, bucket, upload) == [1]
    assert [one.status for one in s3_proxy.matching(proxy_rules.UPLOAD_PART)] == [None]


def test_a_bit_of_a_part_can_be_flipped_and_the_store_refuses_it(
    client: "S3Client", s3_proxy: FaultyProxy, bucket: str
) -> None:
    upload = _create(client, bucket)
    s3_proxy.add(proxy_rules.UPLOAD_PART, FlipRequestBit(3_000_000))
    with pytest.raises(ClientError) as error:
        _upload(client, bucket, upload)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert _parts(client, bucket, upload) == []


def test_a_part_with_a_trailing_checksum_passes_unless_a_bit_flipped(
    strict_s3: StrictS3, client: "S3Client", s3_proxy: FaultyProxy, bucket: str
) -> None:
    """A part with its checksum behind it passes and a flipped bit in it is refused."""
    url = f"{s3_proxy.endpoint_url}/{bucket}/key?partNumber=1&uploadId={_create(client, bucket)}"
    assert _put_with_trailer(strict_s3, url) == (200, b"")
    s3_proxy.add(proxy_rules.UPLOAD_PART, FlipRequestBit(3_000_000))
    status, answer = _put_with_trailer(strict_s3, url)
    # Amazon's code for it is BadDigest.
    assert (status, b"<Code>InvalidDigest</Code>" in answer) == (400, True)


class _TrailerAuth(S3SigV4Auth):
    def payload(self, request: AWSRequest) -> str:
        return TRAILER


def _put_with_trailer(strict_s3: StrictS3, url: str) -> tuple[int, bytes]:
    """UploadPart with an unsigned body in one aws-chunk and its checksum in the trailer."""
    trailer = f"\r\n0\r\nx-amz-checksum-crc64nvme:{crc64nvme(PART)}\r\n\r\n".encode()
    body = b"%X\r\n" % len(PART) + PART + trailer
    headers = {
        "x-amz-content-sha256": TRAILER,
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": str(len(PART)),
        "x-amz-trailer": "x-amz-checksum-crc64nvme",
    }
    request = AWSRequest("PUT", url, headers=headers)
    _TrailerAuth(Credentials(strict_s3.access_key, strict_s3.secret_key), "s3", strict_s3.region).add_auth(request)
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request("PUT", f"{parts.path}?{parts.query}", body, dict(request.headers.items()))
    response = connection.getresponse()
    try:
        return response.status, response.read()
    finally:
        connection.close()


def test_a_request_can_be_delayed(client: "S3Client", s3_proxy: FaultyProxy, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=b"data")
    s3_proxy.add(proxy_rules.HEAD, Delay(0.2))
    started = time.monotonic()
    client.head_object(Bucket=bucket, Key="key")
    assert time.monotonic() - started >= 0.2
    assert s3_proxy.matching(proxy_rules.HEAD)[0].injected == (Delay(0.2),)


def test_a_bit_of_an_answer_can_be_flipped(strict_s3: StrictS3, s3_proxy: FaultyProxy, bucket: str) -> None:
    unchecked = strict_s3.client(endpoint_url=s3_proxy.endpoint_url, checksums=False)
    unchecked.put_object(Bucket=bucket, Key="key", Body=PART)
    s3_proxy.add(proxy_rules.GET_OBJECT, FlipReplyBit(2_500_000, bit=1))
    got = unchecked.get_object(Bucket=bucket, Key="key")["Body"].read()
    assert [at for at, (is_, was) in enumerate(zip(got, PART, strict=True)) if is_ != was] == [2_500_000]


def test_an_answer_can_be_cut_short(client: "S3Client", s3_proxy: FaultyProxy, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="key", Body=PART)
    s3_proxy.add(proxy_rules.GET_OBJECT, CutReply(1_000_000))
    with pytest.raises(BotoCoreError):
        client.get_object(Bucket=bucket, Key="key")["Body"].read()
    s3_proxy.clear()
    assert client.get_object(Bucket=bucket, Key="key")["Body"].read() == PART


@pytest.mark.parametrize("interim", [b"HTTP/1.1 100 Continue\r\n\r\n", b""])
def test_a_client_that_expects_leave_to_send_gets_the_stores_own_word(interim: bytes) -> None:
    final = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    with (
        socket.create_server(("127.0.0.1", 0)) as store,
        FaultyProxy(f"http://127.0.0.1:{store.getsockname()[1]}") as proxy,
    ):
        client = socket.create_connection(("127.0.0.1", urlsplit(proxy.endpoint_url).port or 0), timeout=5)
        head = b"PUT /b/k HTTP/1.1\r\nhost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
        client.sendall(head)
        upstream, _ = store.accept()
        assert upstream.recv(4096) == head
        if interim:
            upstream.sendall(interim)
            assert client.recv(4096) == interim
            client.sendall(b"body")
            assert upstream.recv(4096) == b"body"
        upstream.sendall(final)
        assert client.recv(4096) == final
        client.close()
        upstream.close()
