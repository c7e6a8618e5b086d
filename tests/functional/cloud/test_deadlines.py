"""Jobs whose workers run out of time: what remains goes round again, and is moved once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from s3am_cloud.limits import DEADLINE_MARGIN_SECONDS
from s3am_cloud_cli.local_cloud import LocalCloud, aws
from servers.content import Pattern, crc64nvme
from servers.faults import Slow
from servers.faulty_http import FaultyHttp
from support.command import Command

MIB = 1 << 20


@pytest.fixture
def worker_timeout(local_cloud: LocalCloud) -> Any:
    """Sets the seconds that the worker function may run; they are what they were when the test has ended."""
    client = aws.client("lambda", local_cloud)
    [worker] = [
        one for one in client.list_functions()["Functions"] if one.get("Handler", "").endswith("worker.handler")
    ]

    def change(seconds: int) -> None:
        client.update_function_configuration(FunctionName=worker["FunctionName"], Timeout=seconds)

    yield change
    change(worker["Timeout"])


def test_workers_near_their_deadline_leave_the_rest_to_another_round(
    command: Command,
    http_server: FaultyHttp,
    s3: Any,
    local_cloud: LocalCloud,
    destination: str,
    worker_timeout: Callable[[int], None],
) -> None:
    """40 parts in two units. A worker begins parts in its first second only, and each part takes half of that."""
    worker_timeout(DEADLINE_MARGIN_SECONDS + 1)
    content = Pattern(40 * 5 * MIB)
    url = http_server.add("/file", content, Slow(bytes_per_second=10 * MIB))
    options = ("--part-size", "5MB", "--download-slots", "16")
    done = command.run("submit", "--wait", "--json", *options, url, f"s3://{destination}/file").ended(0).document
    assert s3.head_object(Bucket=destination, Key="file", ChecksumMode="ENABLED")["ChecksumCRC64NVME"] == (
        crc64nvme(content)
    )
    assert done["receipt"]["parts"] == 40
    assert http_server.bytes_sent("/file") < content.size + 10 * MIB
    assert http_server.most_at_once <= 16
    units = s3.get_object(Bucket=local_cloud.work_bucket, Key=f"jobs/{done['job']}/units.jsonl")["Body"].read()
    assert len(units.splitlines()) == 2
    tallies = s3.list_objects_v2(Bucket=local_cloud.work_bucket, Prefix=f"jobs/{done['job']}/tallies/")
    assert tallies["KeyCount"] >= 4
