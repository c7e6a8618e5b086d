"""Customer keys and hand-over on the embedded cloud, whose S3 enforces keys on every request and lists parts' CRCs."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from s3am_cloud.names import DEFAULT_STACK
from s3am_cloud_cli.local_cloud import LocalCloud
from servers.content import Pattern, crc64nvme, write_file
from servers.faults import Status
from servers.faulty_http import FaultyHttp
from servers.http_model import Request
from support.command import Command

MIB = 1 << 20
CONTENT = Pattern(17 * MIB, seed=21)
IN_PARTS = ("--part-size", "5MB")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"keys-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def _not_the_first_parts(request: Request) -> bool:
    return not request.headers.get("range", "").startswith(("bytes=0-", "bytes=5242880-"))


@pytest.mark.parametrize("way", [(), IN_PARTS], ids=["by one request", "in parts"])
@pytest.mark.parametrize("master", [(), ("--src-sse-key-is-master",)], ids=["key", "master key"])
def test_a_copy_reads_with_the_source_s_key_and_writes_with_its_own(
    way: tuple[str, ...], master: tuple[str, ...], command: Command, bucket: str, tmp_path: Path
) -> None:
    write_file(CONTENT, tmp_path / "file")
    (tmp_path / "one").write_bytes(b"1" * 32)
    (tmp_path / "two").write_bytes(b"2" * 32)
    given = ("--sse-key-file", "one", *(option.replace("--src-", "--") for option in master))
    command.run("upload", "file", f"s3://{bucket}/source", *given).ended(0)
    source_key = ("--src-sse-key-file", "one", *master)
    copy = ("upload", f"s3://{bucket}/source", f"s3://{bucket}/copy", *way, "--sse-key-file", "two")
    command.run(*copy, *source_key).ended(0)
    command.run("download", f"s3://{bucket}/copy", "back", "--sse-key-file", "two").ended(0)
    assert (tmp_path / "back").read_bytes() == (tmp_path / "file").read_bytes()
    command.run("download", f"s3://{bucket}/copy", "again", "--sse-key-file", "one").ended(10)
    command.run(*copy, "--exists", "overwrite").ended(10)


def test_the_storage_class_is_the_one_that_was_asked_for(
    command: Command, s3: Any, bucket: str, tmp_path: Path
) -> None:
    write_file(CONTENT, tmp_path / "file")
    command.run("upload", "file", f"s3://{bucket}/x", *IN_PARTS, "--storage-class", "STANDARD_IA").ended(0)
    assert s3.head_object(Bucket=bucket, Key="x")["StorageClass"] == "STANDARD_IA"


def test_a_job_s_object_has_the_encryption_that_was_asked_for(
    command: Command, s3: Any, bucket: str, http_server: FaultyHttp
) -> None:
    url = http_server.add("/encrypted", Pattern(1000))
    key = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    command.run("submit", "--wait", "--sse-kms-key-id", key, "--bucket-key", url, f"s3://{bucket}/encrypted").ended(0)
    head = s3.head_object(Bucket=bucket, Key="encrypted")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_an_upload_begun_here_is_finished_in_the_cloud(
    command: Command, s3: Any, bucket: str, http_server: FaultyHttp, local_cloud: LocalCloud
) -> None:
    """The stack is the one that `local env` names: at another endpoint than Amazon's, none is looked for unasked."""
    url, target = http_server.add("/x", CONTENT, Status(status=404, where=_not_the_first_parts)), f"s3://{bucket}/x"
    assert local_cloud.stack == DEFAULT_STACK
    command.run("upload", url, target, *IN_PARTS, "--download-slots", "1").ended(5)
    http_server.set_faults("/x")
    before = http_server.bytes_sent("/x")
    command.run("submit", "--wait", "--resume", url, target).ended(0)
    assert http_server.bytes_sent("/x") - before <= CONTENT.size - 2 * 5 * MIB + 1024
    assert s3.head_object(Bucket=bucket, Key="x", ChecksumMode="ENABLED")["ChecksumCRC64NVME"] == crc64nvme(CONTENT)


def test_a_job_that_failed_in_the_cloud_is_finished_here(
    command: Command, s3: Any, bucket: str, http_server: FaultyHttp, local_cloud: LocalCloud
) -> None:
    """A job that failed in the cloud is finished here by its record in the stack."""
    url = http_server.add("/x", CONTENT, Status(status=404, where=_not_the_first_parts))
    target, stack = f"s3://{bucket}/x", ("--stack", local_cloud.stack)
    command.run("submit", "--wait", url, target, *IN_PARTS, "--download-slots", "1").ended(5)
    there = sum(part["Size"] for part in _parts(s3, bucket))
    http_server.set_faults("/x")
    before = http_server.bytes_sent("/x")
    command.run("upload", url, target, "--resume", *stack).ended(0)
    assert http_server.bytes_sent("/x") - before <= CONTENT.size - there + 1024
    assert s3.head_object(Bucket=bucket, Key="x", ChecksumMode="ENABLED")["ChecksumCRC64NVME"] == crc64nvme(CONTENT)


def test_without_a_record_parts_are_compared_with_the_source(
    command: Command, s3: Any, bucket: str, http_server: FaultyHttp, tmp_path: Path
) -> None:
    """Part 1 is the source's and stays; part 2 is not, and is moved anew. The user is told."""
    upload = s3.create_multipart_upload(
        Bucket=bucket, Key="x", ChecksumAlgorithm="CRC64NVME", ChecksumType="FULL_OBJECT"
    )["UploadId"]
    right, wrong = bytes(CONTENT.read(0, 5 * MIB)), bytes(5 * MIB)
    for number, data in ((1, right), (2, wrong)):
        s3.upload_part(
            Bucket=bucket, Key="x", UploadId=upload, PartNumber=number, Body=data, ChecksumAlgorithm="CRC64NVME"
        )
    url = http_server.add("/x", CONTENT)
    done = command.run("upload", url, f"s3://{bucket}/x", "--resume").ended(0)
    assert "1 of 2 parts match the source" in done.stderr
    assert s3.head_object(Bucket=bucket, Key="x", ChecksumMode="ENABLED")["ChecksumCRC64NVME"] == crc64nvme(CONTENT)


def _parts(s3: Any, bucket: str) -> list[dict[str, Any]]:
    upload = s3.list_multipart_uploads(Bucket=bucket)["Uploads"][0]
    found: list[dict[str, Any]] = s3.list_parts(Bucket=bucket, Key="x", UploadId=upload["UploadId"])["Parts"]
    return found
