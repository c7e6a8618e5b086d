"""Runs one job of many parts of 5 MiB on an embedded cloud of its own, and prints what that took.

../.venv/bin/python -m benchmarks.many_parts 500      in tests/; the emulator keeps 2.5 times the object in memory
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from s3am_cloud.limits import MIN_PART
from s3am_cloud_cli import local_cloud as embedded
from s3am_cloud_cli.local_cloud import LocalCloud, aws
from s3am_cloud_cli.local_cloud.state import StateFolder
from servers.content import Pattern, crc64nvme
from servers.faulty_http import FaultyHttp

_PROGRAM = Path(sys.executable).with_name("s3am-cloud")


def main(parts: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"S3AM_CLOUD_STATE_HOME": home, "no_proxy": "127.0.0.1"}
        try:
            _run(embedded.up(on_step=print), Pattern(parts * MIN_PART))
        finally:
            embedded.down()


def _run(cloud: LocalCloud, content: Pattern) -> None:
    s3 = aws.client("s3", cloud)
    bucket = f"many-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    with FaultyHttp() as server:
        began = time.monotonic()
        receipt = _submit(cloud, server.add("/many", content), f"s3://{bucket}/many")
        seconds, most = time.monotonic() - began, server.most_at_once
    head = s3.head_object(Bucket=bucket, Key="many", ChecksumMode="ENABLED")
    assert head["ChecksumCRC64NVME"] == receipt["checksum"] == crc64nvme(content)
    print(
        f"{receipt['parts']:,} parts, {content.size:,} bytes, {seconds:.1f} s, "
        f"{content.size / seconds / 1e6:.0f} MB/s, "
        f"{receipt.get('invocations')} invocations, {receipt.get('retries')} retries, at most {most} connections, "
        f"emulator's memory at most {_peak_mib():,} MiB"
    )


def _submit(cloud: LocalCloud, url: str, target: str) -> dict[str, Any]:
    environment = {**os.environ, **embedded.environment(cloud)}
    command = [str(_PROGRAM), "submit", "--wait", "--json", "--part-size", "5MB", url, target]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    receipt: dict[str, Any] = json.loads(done.stdout)["receipt"]
    return receipt


def _peak_mib() -> int:
    """The most resident memory that the emulator's process has had."""
    record = StateFolder().server()
    assert record is not None
    lines = Path(f"/proc/{record.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


if __name__ == "__main__":
    main(int(sys.argv[1]))
