"""S3 on the embedded cloud checks multipart uploads as Amazon S3 does."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.probes import MIB, Probes, crc

FIRST, LAST = b"a" * (5 * MIB), b"the end"


class Upload:
    """A multipart upload with CRC64NVME."""

    def __init__(self, probes: Probes) -> None:
        self.s3, self.at = probes.s3, {"Bucket": probes.bucket, "Key": f"key-{uuid.uuid4().hex}"}
        self.created = self.s3.create_multipart_upload(**self.at, ChecksumAlgorithm="CRC64NVME")
        self.to = self.at | {"UploadId": self.created["UploadId"]}

    def put(self, number: int, data: bytes) -> dict[str, Any]:
        put = self.s3.upload_part(**self.to, PartNumber=number, Body=data, ChecksumCRC64NVME=crc(data))
        return {"PartNumber": number, "ETag": put["ETag"], "ChecksumCRC64NVME": put["ChecksumCRC64NVME"]}

    def complete(self, parts: list[dict[str, Any]], **fields: object) -> Any:
        return self.s3.complete_multipart_upload(**self.to, MultipartUpload={"Parts": parts}, **fields)


@pytest.fixture
def upload(probes: Probes) -> Upload:
    return Upload(probes)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    code: str = error.value.response["Error"]["Code"]
    return code


def test_the_right_checksum_of_the_whole_object_is_accepted_and_kept(upload: Upload) -> None:
    assert (upload.created["ChecksumAlgorithm"], upload.created["ChecksumType"]) == ("CRC64NVME", "FULL_OBJECT")
    parts = [upload.put(1, FIRST), upload.put(2, LAST)]
    whole = crc(FIRST + LAST)
    done = upload.complete(
        parts,
        ChecksumCRC64NVME=whole,
        ChecksumType="FULL_OBJECT",
        MpuObjectSize=len(FIRST + LAST),
        IfNoneMatch="*",
    )
    assert (done["ChecksumCRC64NVME"], done["ChecksumType"]) == (whole, "FULL_OBJECT")
    again = upload.complete(parts, ChecksumCRC64NVME=whole)
    assert (again["ChecksumCRC64NVME"], again["ChecksumType"]) == (whole, "FULL_OBJECT")
    head = upload.s3.head_object(**upload.at, ChecksumMode="ENABLED")
    assert (head["ChecksumCRC64NVME"], head["ChecksumType"]) == (whole, "FULL_OBJECT")
    attributes = upload.s3.get_object_attributes(**upload.at, ObjectAttributes=["Checksum"])
    assert attributes["Checksum"] == {"ChecksumCRC64NVME": whole, "ChecksumType": "FULL_OBJECT"}


def test_a_wrong_checksum_of_the_whole_is_refused_and_leaves_no_object(upload: Upload) -> None:
    """A wrong checksum of the whole object is refused and leaves no object."""
    parts = [upload.put(1, FIRST), upload.put(2, LAST)]
    code = refused(lambda: upload.complete(parts, ChecksumCRC64NVME=crc(b"other"), ChecksumType="FULL_OBJECT"))
    assert code == "BadDigest"
    assert refused(lambda: upload.s3.head_object(**upload.at)) == "404"
    assert upload.complete(parts, ChecksumCRC64NVME=crc(FIRST + LAST))["ETag"]


def test_a_part_whose_checksum_is_wrong_is_refused(upload: Upload) -> None:
    def put() -> object:
        return upload.s3.upload_part(**upload.to, PartNumber=1, Body=LAST, ChecksumCRC64NVME=crc(b"other"))

    assert refused(put) == "BadDigest"


def test_the_checksum_of_a_large_part_does_not_hold_everything_up(upload: Upload) -> None:
    data = b"x" * (64 * MIB)
    begun = time.monotonic()
    upload.put(1, data)
    assert time.monotonic() - begun < 4  # 0.4 s on a quiet machine; more than 6 s without the patch


def test_parts_are_listed_with_their_checksums_and_the_type(upload: Upload) -> None:
    upload.put(1, FIRST)
    listed = upload.s3.list_parts(**upload.to)
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == ("CRC64NVME", "FULL_OBJECT")
    assert [(part["Size"], part["ChecksumCRC64NVME"]) for part in listed["Parts"]] == [(len(FIRST), crc(FIRST))]
    uploads = upload.s3.list_multipart_uploads(Bucket=upload.at["Bucket"], Prefix=upload.at["Key"])["Uploads"]
    assert [(each["UploadId"], each["ChecksumType"]) for each in uploads] == [(upload.to["UploadId"], "FULL_OBJECT")]


def test_a_copied_part_has_a_checksum(upload: Upload) -> None:
    source = upload.at | {"Key": "source"}
    upload.s3.put_object(**source, Body=FIRST)
    copied = upload.s3.upload_part_copy(**upload.to, PartNumber=1, CopySource=source)["CopyPartResult"]
    assert copied["ChecksumCRC64NVME"] == crc(FIRST)
    part = {"PartNumber": 1, "ETag": copied["ETag"], "ChecksumCRC64NVME": crc(FIRST)}
    assert upload.complete([part], ChecksumCRC64NVME=crc(FIRST))["ChecksumType"] == "FULL_OBJECT"


def test_a_part_that_is_too_small_and_not_the_last_is_refused(upload: Upload) -> None:
    parts = [upload.put(1, LAST), upload.put(2, FIRST)]
    assert refused(lambda: upload.complete(parts)) == "EntityTooSmall"


def test_parts_out_of_order_are_refused(upload: Upload) -> None:
    parts = [upload.put(1, FIRST), upload.put(2, FIRST)]
    assert refused(lambda: upload.complete(parts[::-1])) == "InvalidPartOrder"


def test_another_size_than_announced_is_refused(upload: Upload) -> None:
    parts = [upload.put(1, LAST)]
    assert refused(lambda: upload.complete(parts, MpuObjectSize=1)) == "InvalidRequest"


def test_an_object_that_exists_is_not_replaced_by_a_conditional_completion(upload: Upload) -> None:
    upload.s3.put_object(**upload.at, Body=b"here first")
    parts = [upload.put(1, LAST)]
    assert refused(lambda: upload.complete(parts, IfNoneMatch="*")) == "PreconditionFailed"


def test_an_upload_that_is_unknown_is_named_so(upload: Upload) -> None:
    parts = [upload.put(1, LAST)]
    upload.s3.abort_multipart_upload(**upload.to)
    assert refused(lambda: upload.complete(parts)) == "NoSuchUpload"


def test_a_composite_checksum_is_not_to_be_had_with_crc64nvme(probes: Probes) -> None:
    def create() -> object:
        return probes.s3.create_multipart_upload(
            Bucket=probes.bucket, Key="k", ChecksumAlgorithm="CRC64NVME", ChecksumType="COMPOSITE"
        )

    assert refused(create) == "InvalidRequest"


@pytest.mark.parametrize("algorithm", ["SHA256", "CRC32C"])
def test_other_checksums_stay_composite_unless_asked_for_otherwise(probes: Probes, algorithm: str) -> None:
    made = probes.s3.create_multipart_upload(Bucket=probes.bucket, Key="other", ChecksumAlgorithm=algorithm)
    assert made["ChecksumType"] == "COMPOSITE"
    to = {"Bucket": probes.bucket, "Key": "other", "UploadId": made["UploadId"]}
    put = probes.s3.upload_part(**to, PartNumber=1, Body=LAST, ChecksumAlgorithm=algorithm)
    name = f"Checksum{algorithm}"
    parts = [{"PartNumber": 1, "ETag": put["ETag"], name: put[name]}]
    done = probes.s3.complete_multipart_upload(**to, MultipartUpload={"Parts": parts})
    assert done["ChecksumType"] == "COMPOSITE"
    assert done[name].endswith("-1")


def signed_put(probes: Probes, path: str, body: bytes, checksum: str) -> tuple[int, str]:
    """A PUT with a trailing checksum, as the mover sends it; the status and S3's error code."""
    import urllib.error
    import urllib.request

    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    framed = f"{len(body):x}\r\n".encode() + body + f"\r\n0\r\nx-amz-checksum-crc64nvme:{checksum}\r\n\r\n".encode()
    headers = {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": str(len(body)),
        "x-amz-trailer": "x-amz-checksum-crc64nvme",
        "content-length": str(len(framed)),
    }
    request = AWSRequest("PUT", f"{probes.cloud.endpoint_url}/{path}", headers=headers)
    cloud = probes.cloud
    S3SigV4Auth(Credentials(cloud.access_key_id, cloud.secret_access_key), "s3", cloud.region).add_auth(request)
    put = urllib.request.Request(str(request.url), framed, dict(request.headers), method="PUT")
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(put, timeout=10) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_trailing_checksum_is_checked_for_a_part_and_for_an_object(probes: Probes, upload: Upload) -> None:
    part = f"{upload.at['Bucket']}/{upload.at['Key']}?partNumber=1&uploadId={upload.to['UploadId']}"
    for path in (part, f"{probes.bucket}/trailing"):
        assert signed_put(probes, path, LAST, crc(LAST)) == (200, "")
        status, error = signed_put(probes, path, LAST, crc(b"other"))
        assert status == 400
        assert "BadDigest" in error
    assert upload.s3.list_parts(**upload.to)["Parts"][0]["ChecksumCRC64NVME"] == crc(LAST)
    head = probes.s3.head_object(Bucket=probes.bucket, Key="trailing", ChecksumMode="ENABLED")
    assert head["ChecksumCRC64NVME"] == crc(LAST)
    assert base64.b64decode(crc(LAST))
