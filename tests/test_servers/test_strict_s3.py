"""The strict S3 server: it refuses what Amazon S3 refuses, so a test that passes against it proves something."""

import http.client
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from servers.content import crc64nvme, pattern
from servers.strict_s3 import Identity, StrictS3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
FIVE_MIB = 5 << 20
PARTS = [pattern(FIVE_MIB, 1), pattern(FIVE_MIB, 2), pattern(1000, 3)]


def _code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def _create(client: "S3Client", bucket: str) -> str:
    made = client.create_multipart_upload(
        Bucket=bucket, Key="key", ChecksumAlgorithm="CRC64NVME", ChecksumType="FULL_OBJECT"
    )
    assert made["ChecksumType"] == "FULL_OBJECT"
    return made["UploadId"]


def _upload(client: "S3Client", bucket: str, upload: str, parts: list[bytes]) -> "list[CompletedPartTypeDef]":
    done: list[CompletedPartTypeDef] = []
    for number, data in enumerate(parts, 1):
        crc = crc64nvme(data)
        part = client.upload_part(
            Bucket=bucket, Key="key", UploadId=upload, PartNumber=number, Body=data, ChecksumCRC64NVME=crc
        )
        done.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumCRC64NVME": crc})
    return done


def _complete(
    client: "S3Client", bucket: str, upload: str, parts: "list[CompletedPartTypeDef]", crc: str
) -> dict[str, object]:
    answer = client.complete_multipart_upload(
        Bucket=bucket,
        Key="key",
        UploadId=upload,
        MultipartUpload={"Parts": parts},
        ChecksumCRC64NVME=crc,
        ChecksumType="FULL_OBJECT",
        IfNoneMatch="*",
    )
    return dict(answer)


def test_a_right_upload_is_taken_and_its_checksum_kept(s3_client: "S3Client", bucket: str) -> None:
    upload = _create(s3_client, bucket)
    whole = b"".join(PARTS)
    _complete(s3_client, bucket, upload, _upload(s3_client, bucket, upload, PARTS), crc64nvme(whole))
    head = s3_client.head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
    assert (head["ContentLength"], head["ChecksumCRC64NVME"]) == (len(whole), crc64nvme(whole))
    assert s3_client.get_object(Bucket=bucket, Key="key")["Body"].read() == whole


def test_a_part_that_does_not_fit_its_checksum_is_refused(s3_client: "S3Client", bucket: str) -> None:
    upload = _create(s3_client, bucket)
    with pytest.raises(ClientError) as error:
        s3_client.upload_part(
            Bucket=bucket, Key="key", UploadId=upload, PartNumber=1, Body=b"abc", ChecksumCRC64NVME=crc64nvme(b"abd")
        )
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_wrong_checksum_of_the_whole_object_is_refused(s3_client: "S3Client", bucket: str) -> None:
    upload = _create(s3_client, bucket)
    parts = _upload(s3_client, bucket, upload, PARTS)
    with pytest.raises(ClientError) as error:
        _complete(s3_client, bucket, upload, parts, crc64nvme(b"else"))
    assert _code(error) == "BadDigest"


def test_a_small_part_that_is_not_the_last_is_refused(s3_client: "S3Client", bucket: str) -> None:
    upload = _create(s3_client, bucket)
    data = [b"small", b"last"]
    with pytest.raises(ClientError) as error:
        _complete(s3_client, bucket, upload, _upload(s3_client, bucket, upload, data), crc64nvme(b"".join(data)))
    assert _code(error) == "EntityTooSmall"


def test_parts_out_of_order_are_refused(s3_client: "S3Client", bucket: str) -> None:
    upload = _create(s3_client, bucket)
    parts = _upload(s3_client, bucket, upload, PARTS)
    with pytest.raises(ClientError) as error:
        _complete(s3_client, bucket, upload, parts[::-1], crc64nvme(b"".join(PARTS)))
    assert _code(error) == "InvalidPartOrder"


def test_an_object_that_exists_is_not_overwritten_under_if_none_match(s3_client: "S3Client", bucket: str) -> None:
    upload = _create(s3_client, bucket)
    parts = _upload(s3_client, bucket, upload, PARTS[:1])
    s3_client.put_object(Bucket=bucket, Key="key", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError) as error:
        s3_client.put_object(Bucket=bucket, Key="key", Body=b"second", IfNoneMatch="*")
    assert _code(error) == "PreconditionFailed"
    with pytest.raises(ClientError) as error:
        _complete(s3_client, bucket, upload, parts, crc64nvme(PARTS[0]))
    assert _code(error) == "PreconditionFailed"


def test_a_reader_may_read_but_not_write(strict_s3: StrictS3, s3_client: "S3Client", bucket: str) -> None:
    s3_client.put_object(Bucket=bucket, Key="key", Body=b"data")
    reader = strict_s3.client(identity=strict_s3.reader)
    assert reader.get_object(Bucket=bucket, Key="key")["Body"].read() == b"data"
    with pytest.raises(ClientError) as error:
        reader.create_multipart_upload(Bucket=bucket, Key="other")
    assert _code(error) == "AccessDenied"


def test_a_wrong_secret_is_refused(strict_s3: StrictS3, bucket: str) -> None:
    stranger = strict_s3.client(identity=Identity(strict_s3.access_key, "wrong", ()))
    with pytest.raises(ClientError) as error:
        stranger.list_objects_v2(Bucket=bucket)
    assert _code(error) == "SignatureDoesNotMatch"


def test_a_request_without_a_signature_is_denied(strict_s3: StrictS3, s3_client: "S3Client", bucket: str) -> None:
    s3_client.put_object(Bucket=bucket, Key="key", Body=b"data")
    connection = http.client.HTTPConnection(strict_s3.endpoint_url.removeprefix("http://"), timeout=10)
    connection.request("GET", f"/{bucket}/key")
    assert connection.getresponse().status == 403
    connection.close()


def test_a_bucket_that_was_never_made_is_missing(s3_client: "S3Client") -> None:
    with pytest.raises(ClientError) as error:
        s3_client.put_object(Bucket="never-made", Key="key", Body=b"data")
    assert _code(error) == "NoSuchBucket"


@linux_only
def test_it_listens_on_loopback_only(strict_s3: StrictS3) -> None:
    sockets = {os.readlink(path) for path in Path(f"/proc/{strict_s3.pid}/fd").iterdir()}
    lines = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    listening = [line[1].split(":")[0] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in sockets]
    assert set(listening) == {"0100007F"}


@linux_only
def test_a_guarded_process_ends_with_whoever_started_it(tmp_path: Path) -> None:
    """A guarded process ends with whoever started it even if that was killed."""
    program = f"""
import pathlib, sys, time
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from servers.processes import GuardedProcess
process = GuardedProcess(["sleep", "60"], cwd=pathlib.Path("/"), log=pathlib.Path({str(tmp_path / "log")!r}))
print(process.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert _lives(pid)
        starter.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while _lives(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _lives(pid)


def _lives(pid: int) -> bool:
    """Whether it runs; one that has ended but was not waited for does not."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"
