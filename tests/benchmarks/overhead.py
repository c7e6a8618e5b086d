"""How long a job on the embedded cloud takes besides its bytes: prints a table in Markdown.

../.venv/bin/python -m benchmarks.overhead      in tests/

Seconds count from the moment at which a user's shell starts `submit`, and from the last byte that the source sent. A
cold run is one before which each function's environments were ended, as any change of its configuration does it; a warm
one comes right after another job of the same kind.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from s3am_cloud.model import Receipt
from s3am_cloud_cli import local_cloud as embedded
from s3am_cloud_cli.local_cloud import LocalCloud, aws
from servers.content import Pattern
from servers.faulty_http import FaultyHttp
from support.command import Command, eventually

_MIB = 1 << 20
# By name: bytes, and options of `submit`. Eight parts go to the eight workers that a host bears.
_KINDS: dict[str, tuple[int, tuple[str, ...]]] = {
    "1 KiB, put while it is prepared": (1024, ()),
    "20 MiB in one unit": (20 * _MIB, ()),
    "40 MiB in eight units": (40 * _MIB, ("--part-size", "5MB")),
}
_COLUMNS = ("submit has returned", "first look at the source", "first byte", "receipt after last byte", "end after it")


class Watched:
    """Content that notes when it was read, the single byte that a probe asks for apart."""

    def __init__(self, size: int) -> None:
        self._content = Pattern(size)
        self.looks: list[float] = []
        self.reads: list[float] = []

    @property
    def size(self) -> int:
        return self._content.size

    def read(self, first: int, length: int) -> bytes:
        data = self._content.read(first, length)
        (self.reads if length > 1 else self.looks).append(time.time())
        return data


@dataclass(frozen=True)
class Run:
    """One job's moments, in seconds, in the order of the columns."""

    seconds: tuple[float, ...]


class EmulatedJobs:
    def __init__(self, cloud: LocalCloud, home: Path) -> None:
        self._cloud = cloud
        self._s3, self._states = aws.client("s3", cloud), aws.client("stepfunctions", cloud)
        self._lambda = aws.client("lambda", cloud)
        self._bucket = f"overhead-{uuid.uuid4().hex[:12]}"
        self._s3.create_bucket(Bucket=self._bucket)
        self._command = Command(home, embedded.environment(cloud))

    def end_environments(self) -> None:
        for function in self._lambda.list_functions()["Functions"]:
            self._lambda.update_function_configuration(
                FunctionName=function["FunctionName"], Timeout=function["Timeout"]
            )

    def run(self, size: int, options: Sequence[str], server: FaultyHttp) -> Run:
        content = Watched(size)
        url = server.add(f"/{uuid.uuid4().hex}", content)
        begin = time.time()
        submitted = self._command.run("submit", "--json", *options, url, f"s3://{self._bucket}/{uuid.uuid4().hex}")
        returned = time.time()
        found = submitted.ended(0).document
        end = eventually(lambda: self._ended(found["execution_arn"]), "the end of the job")
        last = max(content.reads)
        moments = (returned, min(content.looks + content.reads), min(content.reads))
        return Run((*(moment - begin for moment in moments), self._receipt(found["job"]) - last, end - last))

    def _ended(self, arn: str) -> float | None:
        answer: Any = self._states.describe_execution(executionArn=arn)
        if answer["status"] not in {"RUNNING", "SUCCEEDED"}:
            raise RuntimeError(f"the job ended as {answer['status']}")
        return answer["stopDate"].timestamp() if answer["status"] == "SUCCEEDED" else None

    def _receipt(self, job: str) -> float:
        """When the receipt was written."""
        answer: Any = self._s3.get_object(Bucket=self._cloud.work_bucket, Key=f"jobs/{job}/report.json")
        receipt = msgspec.json.decode(answer["Body"].read(), type=Receipt)
        return datetime.fromisoformat(receipt.started or "").timestamp() + (receipt.seconds or 0)


def measured(job_client: EmulatedJobs, rounds: int) -> dict[str, list[Run]]:
    """Runs by what they are of; cold and warm ones take turns."""
    runs: dict[str, list[Run]] = {}
    with FaultyHttp() as server:
        for _ in range(rounds):
            for kind, (size, options) in _KINDS.items():
                job_client.end_environments()
                for start in ("cold", "warm"):
                    runs.setdefault(f"{kind}, {start}", []).append(job_client.run(size, options, server))
    return runs


def markdown(runs: dict[str, list[Run]]) -> str:
    """Medians, with the least and the most in brackets."""
    lines = [f"| seconds | {' | '.join(_COLUMNS)} |", f"| --- |{' --- |' * len(_COLUMNS)}"]
    for name, taken in sorted(runs.items()):
        columns = zip(*(run.seconds for run in taken), strict=True)
        told = (f"{median(found):.2f} ({min(found):.2f} to {max(found):.2f})" for found in columns)
        lines.append(f"| {name} | {' | '.join(told)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["S3AM_CLOUD_STATE_HOME"] = f"{scratch}/state"  # a cloud of the user's own is left alone
        cloud = embedded.up(on_step=lambda step: None)
        try:
            print(markdown(measured(EmulatedJobs(cloud, Path(scratch)), rounds)))
        finally:
            embedded.down()


if __name__ == "__main__":
    main()
