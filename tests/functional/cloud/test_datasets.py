"""Datasets in the cloud: many objects in one job, against the real stack on the embedded cloud."""

from __future__ import annotations

import gzip
import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from s3am_cloud_cli.local_cloud import LocalCloud
from servers.content import Pattern, pattern
from servers.faults import Status
from servers.faulty_http import FaultyHttp
from support.command import Command, eventually

MIB = 1 << 20
Json = dict[str, Any]


class Dataset:
    """A list of items on a web server, and the job that copies them."""

    def __init__(self, cloud: LocalCloud, server: FaultyHttp, s3: Any, states: Any, bucket: str) -> None:
        self._cloud, self.server, self.s3, self._states, self.bucket = cloud, server, s3, states, bucket
        self.lines: list[Json] = []
        self.expected: dict[str, str] = {}

    def add(self, name: str, state: str, source: str | None = None, **fields: object) -> None:
        """An item that ends in this way; its source is a file on the server unless it is named."""
        if source is None:
            content = pattern(1000, len(self.lines))
            source = self.server.add(f"/{name}", content)
        self.lines.append({"source": source, "destination": name, **fields})
        self.expected[name] = state

    def start(self, **options: object) -> str:
        manifest = b"".join(msgspec.json.encode(line) + b"\n" for line in self.lines)
        url = self.server.add("/list.jsonl", manifest)
        request = {"source": url, "destination": f"s3://{self.bucket}/p/", "dataset": {"manifest": url}, **options}
        job = f"dataset-{uuid.uuid4().hex[:8]}"
        self._states.start_execution(
            stateMachineArn=self._cloud.state_machine_arn, name=job, input=json.dumps({"request": request})
        )
        return job

    def ended(self, job: str, seconds: float = 120) -> Json:
        return eventually(lambda: self._note(job, "report.json"), f"the report of {job}", seconds)

    def _note(self, job: str, name: str) -> Json | None:
        try:
            found = self.s3.get_object(Bucket=self._cloud.work_bucket, Key=f"jobs/{job}/{name}")
        except self.s3.exceptions.NoSuchKey:
            return None
        document: Json = json.loads(found["Body"].read())
        return document

    def report(self, job: str, name: str) -> list[bytes]:
        key = f"jobs/{job}/report/{name}"
        data: bytes = self.s3.get_object(Bucket=self._cloud.work_bucket, Key=key)["Body"].read()
        return (gzip.decompress(data) if name.endswith(".gz") else data).splitlines()

    def states(self, job: str) -> dict[str, str]:
        found = [json.loads(line) for line in self.report(job, "items.jsonl.gz")]
        assert len(found) == len(self.lines)
        prefix = f"s3://{self.bucket}/p/"
        return {one["destination"].removeprefix(prefix): one["state"] for one in found}


@pytest.fixture
def dataset(local_cloud: LocalCloud, http_server: FaultyHttp, s3: Any, states: Any, destination: str) -> Dataset:
    return Dataset(local_cloud, http_server, s3, states, destination)


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def add_bad_ones(dataset: Dataset, each: int) -> None:
    """Items that fail, each in its own way and alone."""
    for number in range(each):
        dataset.add(f"missing-{number}", "failed", dataset.server.url(f"/none-{number}"))
        dataset.add(f"digest-{number}", "failed", digest=sha256(b"other"))
        dataset.add(f"size-{number}", "failed", size=999)
        dataset.add(f"exists-{number}", "failed")
        dataset.s3.put_object(Bucket=dataset.bucket, Key=f"p/exists-{number}", Body=b"theirs")
        source = dataset.server.add(f"/denied-{number}", b"secret", Status(status=403))
        dataset.add(f"denied-{number}", "failed", source)


def test_many_items_are_one_job_and_bad_ones_fail_alone(
    dataset: Dataset, outcomes: Callable[[str], Json], s3: Any, command: Command
) -> None:
    for number in range(280):
        dataset.add(f"good-{number}", "copied")
    add_bad_ones(dataset, 3)
    dataset.add("large", "copied", dataset.server.add("/large", Pattern(24 * MIB)))
    s3.put_object(Bucket=dataset.bucket, Key="source", Body=b"in S3")
    dataset.add("from-s3", "copied", f"s3://{dataset.bucket}/source")
    dataset.add("named", "copied", digest=sha256(pattern(1000, len(dataset.lines))))
    busy = dataset.server.add("/busy", b"busy", Status(status=503, retry_after="0", times=2))
    dataset.add("busy", "copied", busy)

    job = dataset.start()
    assert command.run("watch", job).ended(26).stdout == ""
    receipt = dataset.ended(job)
    assert dataset.states(job) == dataset.expected
    counts = Counter(dataset.expected.values())
    assert receipt["state"] == "partial"
    assert (receipt["counts"]["copied"], receipt["counts"]["failed"]) == (counts["copied"], counts["failed"])
    assert receipt["error"]["code"] == 26
    assert len(dataset.report(job, "failed.jsonl")) == counts["failed"]
    assert s3.get_object(Bucket=dataset.bucket, Key="p/good-7")["Body"].read() == pattern(1000, 7)
    assert s3.head_object(Bucket=dataset.bucket, Key="p/large")["ContentLength"] == 24 * MIB
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=dataset.bucket)
    event = outcomes(job)
    assert (event["detail-type"], event["detail"]["counts"]["items"]) == ("Dataset Partial", len(dataset.lines))
    status = command.run("status", "--json", job).ended(0).document
    assert status["items"]["failed"] == counts["failed"]
    shown = command.run("status", "--items", "failed", job).ended(0).stdout.splitlines()
    assert len(shown) == counts["failed"]
    assert sum("SourceNotFound" in line for line in shown) == 3


def test_submitting_again_copies_only_what_is_missing(
    dataset: Dataset, command: Command, http_server: FaultyHttp, s3: Any, local_cloud: LocalCloud
) -> None:
    names = [f"f{number}" for number in range(5)]
    urls = [http_server.add(f"/{name}", pattern(1000, number)) for number, name in enumerate(names)]
    http_server.remove("/f3")
    target = f"s3://{dataset.bucket}/many/"
    first = command.run("submit", "--wait", "--json", *urls, target).ended(26).document
    assert (first["receipt"]["counts"]["copied"], first["receipt"]["counts"]["failed"]) == (4, 1)
    http_server.add("/f3", pattern(1000, 3))
    again = command.run("resume", "--wait", "--json", first["job"]).ended(0).document
    assert again["job"] == f"{first['job']}-r2"
    counts = again["receipt"]["counts"]
    assert (counts["copied"], counts["skipped"]) == (1, 4)
    assert s3.get_object(Bucket=dataset.bucket, Key="many/f3")["Body"].read() == pattern(1000, 3)
