"""Jobs in the cloud: the installed command, and any AWS client, against the real stack on the embedded cloud."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest

from s3am_cloud_cli.local_cloud import LocalCloud
from servers.content import Pattern, crc64nvme
from servers.faults import ContentChanges, FlipBit, Slow, Status, Truncate
from servers.faulty_http import FaultyHttp
from support.command import Command, eventually

MIB = 1024 * 1024
PART = "5MB"


def test_a_url_arrives_whole_with_the_checksum_that_s3_holds(
    command: Command, http_server: FaultyHttp, s3: Any, destination: str
) -> None:
    """A URL arrives whole and its receipt names the checksum that S3 holds."""
    content = Pattern(23 * MIB + 17)
    url = http_server.add("/run 42.tar", content)
    found = command.run("submit", "--wait", "--json", "--part-size", PART, url, f"s3://{destination}/in/").ended(0)
    receipt = found.document["receipt"]
    assert receipt["destination"] == f"s3://{destination}/in/run 42.tar"
    assert (receipt["state"], receipt["size"], receipt["parts"]) == ("succeeded", content.size, 5)
    assert receipt["proof"] == "full-object"
    head = s3.head_object(Bucket=destination, Key="in/run 42.tar", ChecksumMode="ENABLED")
    assert receipt["checksum"] == head["ChecksumCRC64NVME"] == crc64nvme(content)
    body = s3.get_object(Bucket=destination, Key="in/run 42.tar")["Body"].read()
    assert body == bytes(content.read(0, content.size))


@pytest.mark.parametrize("size", [0, 1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1])
def test_every_size_arrives_whole(
    size: int, command: Command, http_server: FaultyHttp, s3: Any, destination: str
) -> None:
    content = Pattern(size)
    url = http_server.add("/file", content)
    command.run("submit", "--wait", "--part-size", PART, url, f"s3://{destination}/file").ended(0)
    body = s3.get_object(Bucket=destination, Key="file")["Body"].read()
    assert body == bytes(content.read(0, size))


def test_a_source_that_breaks_off_and_is_busy_now_and_then_costs_only_time(
    command: Command, http_server: FaultyHttp, s3: Any, destination: str
) -> None:
    content = Pattern(40 * MIB)
    faults = Truncate(after=2 * MIB, times=3, skip=1), Status(status=503, retry_after="0", times=2, skip=5)
    url = http_server.add("/file", content, *faults)
    command.run("submit", "--wait", "--part-size", PART, url, f"s3://{destination}/file").ended(0)
    head = s3.head_object(Bucket=destination, Key="file", ChecksumMode="ENABLED")
    assert head["ChecksumCRC64NVME"] == crc64nvme(content)


def test_a_job_prints_its_id_at_once_and_watch_gives_its_receipt(
    command: Command, http_server: FaultyHttp, destination: str
) -> None:
    url = http_server.add("/file", Pattern(12 * MIB))
    submitted = command.run("submit", "--json", "--part-size", PART, url, f"s3://{destination}/file").ended(0)
    job = submitted.document["job"]
    assert submitted.document["execution_arn"].endswith(job)
    assert command.run("watch", "--json", job).ended(0).document["state"] == "succeeded"
    status = command.run("status", "--json", job).ended(0).document
    assert (status["status"], status["receipt"]["job"]) == ("succeeded", job)
    listed = command.run("jobs", "--json").ended(0).document["jobs"]
    assert (listed[0]["job"], listed[0]["status"]) == (job, "succeeded")


def test_a_source_that_changes_midway_ends_the_job_with_exit_code_20(
    command: Command, http_server: FaultyHttp, s3: Any, destination: str
) -> None:
    """A source that changes midway ends the job with exit code 20 and a note says what is left."""
    changes = ContentChanges(to=Pattern(40 * MIB, seed=1), skip=3)
    url = http_server.add("/file", Pattern(40 * MIB), changes)
    failed = command.run("submit", "--wait", "--json", "--part-size", PART, url, f"s3://{destination}/file").ended(20)
    error = failed.document["receipt"]["error"]
    assert (error["name"], error["code"], error["retryable"]) == ("SourceChanged", 20, False)
    assert failed.document["receipt"]["unfinished_upload"]
    assert f"s3am-cloud cancel {failed.document['job']}" in failed.stderr
    assert _keys(s3, destination) == []
    command.run("cancel", f"s3://{destination}/file").ended(0)
    assert not s3.list_multipart_uploads(Bucket=destination).get("Uploads")


def test_a_failed_job_is_reported_and_announced_by_the_janitor(
    command: Command,
    http_server: FaultyHttp,
    s3: Any,
    local_cloud: LocalCloud,
    destination: str,
    outcomes: Callable[[str], dict[str, Any]],
) -> None:
    failed = command.run("submit", "--wait", "--json", http_server.url("/gone"), f"s3://{destination}/x").ended(5)
    job = failed.document["job"]
    event = outcomes(job)
    assert event["detail-type"] == "Transfer Failed"
    assert event["detail"]["error"]["name"] == "SourceNotFound"
    report = s3.get_object(Bucket=local_cloud.work_bucket, Key=f"jobs/{job}/report.json")["Body"].read()
    assert json.loads(report)["state"] == "failed"


def test_success_is_announced_with_the_receipt(
    command: Command, http_server: FaultyHttp, destination: str, outcomes: Callable[[str], dict[str, Any]]
) -> None:
    url = http_server.add("/file", b"a few bytes")
    done = command.run("submit", "--wait", "--json", url, f"s3://{destination}/file").ended(0).document
    event = outcomes(done["job"])
    assert event["detail-type"] == "Transfer Succeeded"
    assert event["detail"]["checksum"] == done["receipt"]["checksum"]


def test_a_failed_job_is_continued_by_one_that_moves_what_is_missing(
    command: Command, http_server: FaultyHttp, s3: Any, destination: str
) -> None:
    """A failed job is continued by another one that moves only what is missing."""
    content = Pattern(40 * MIB)
    url = http_server.add("/file", content, Status(status=403, retry_after=None, skip=4))
    target = f"s3://{destination}/file"
    command.run("submit", "--wait", "--part-size", PART, url, target).ended(14)
    there = sum(part["Size"] for part in _parts(s3, destination))
    assert 0 < there < content.size
    http_server.set_faults("/file")
    before = http_server.bytes_sent("/file")
    command.run("submit", "--wait", url, target).ended(4)
    command.run("submit", "--wait", "--resume", url, target).ended(0)
    assert http_server.bytes_sent("/file") - before <= content.size - there + 1024
    head = s3.head_object(Bucket=destination, Key="file", ChecksumMode="ENABLED")
    assert head["ChecksumCRC64NVME"] == crc64nvme(content)


def test_an_object_that_exists_is_left_alone_unless_told_otherwise(
    command: Command, http_server: FaultyHttp, s3: Any, destination: str
) -> None:
    s3.put_object(Bucket=destination, Key="file", Body=b"old")
    url, target = http_server.add("/file", b"new"), f"s3://{destination}/file"
    command.run("submit", "--wait", url, target).ended(3)
    skipped = command.run("submit", "--wait", "--json", "--exists", "skip", url, target).ended(0)
    assert skipped.document["receipt"]["state"] == "skipped"
    assert s3.get_object(Bucket=destination, Key="file")["Body"].read() == b"old"
    command.run("submit", "--wait", "--exists", "overwrite", url, target).ended(0)
    assert s3.get_object(Bucket=destination, Key="file")["Body"].read() == b"new"


def test_a_bit_that_flips_at_the_source_shows_as_another_checksum(
    command: Command, http_server: FaultyHttp, destination: str
) -> None:
    """The transfer can't know; but what its receipt says is what arrived, so that a known digest finds it out."""
    content = Pattern(6 * MIB)
    url = http_server.add("/file", content, FlipBit(at=1000))
    done = command.run("submit", "--wait", "--json", url, f"s3://{destination}/file").ended(0).document
    assert done["receipt"]["checksum"] != crc64nvme(content)


def test_ctrl_c_stops_watching_and_leaves_the_job_alone(
    command: Command, http_server: FaultyHttp, destination: str
) -> None:
    url = http_server.add("/file", Pattern(12 * MIB), Slow(bytes_per_second=2 * MIB))
    watching = command.start("submit", "--wait", "--part-size", PART, url, f"s3://{destination}/file")
    try:
        eventually(lambda: len(http_server.requests_for("/file")) > 1, "the first part's request")
        watching.signal_group(signal.SIGINT)
        stopped = watching.result(10).ended(130)
    finally:
        watching.end()
    job = next(word for line in stopped.stderr.splitlines() if line.startswith("job ") for word in line.split()[1:])
    assert f"s3am-cloud watch {job}" in stopped.stderr
    assert command.run("watch", "--json", job).ended(0).document["state"] == "succeeded"


def _keys(s3: Any, bucket: str) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def _parts(s3: Any, bucket: str) -> list[dict[str, Any]]:
    upload = s3.list_multipart_uploads(Bucket=bucket)["Uploads"][0]
    found: list[dict[str, Any]] = s3.list_parts(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])["Parts"]
    return found
