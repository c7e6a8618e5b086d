"""Jobs come through trouble: the right object, or an error with a name that a resumed job mends."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

import pytest

from functional.cloud.chaos import MIB, SLOW_CREATE, Dice, Functions, crashes, of_s3, of_source
from s3am_cloud import errors
from s3am_cloud_cli.local_cloud import LocalCloud
from servers.content import Pattern, crc64nvme
from servers.faults import Status
from servers.faulty_http import FaultyHttp
from servers.proxy import FaultyProxy
from servers.proxy_rules import CREATE_UPLOAD
from support.command import Command, eventually

PART = "5MB"
MOST_TRIES = 3
FOR_GOOD = Status(status=403, where=lambda request: request.headers.get("range", "").startswith("bytes=5242880"))
"""What no second try of a task would mend: the first job's second part is refused, whichever worker crashes, until the
source is well again."""


@dataclass
class Tally:
    """What came of a run."""

    ended: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    waits: Counter[str] = field(default_factory=Counter)
    resumed: int = 0
    seconds: float = 0.0


class Jobs:
    """Submits transfers by the API, as any client may, and holds what comes of them to what they promise."""

    def __init__(
        self, cloud: LocalCloud, states: Any, s3: Any, command: Command, server: FaultyHttp, bucket: str
    ) -> None:
        self._cloud, self._states, self._s3, self._command = cloud, states, s3, command
        self._server, self._bucket = server, bucket
        self.tally = Tally()
        self.largest = 14 * MIB

    def run(self, number: int, dice: Dice) -> None:
        """One transfer to its end: the object is right, or the failure is named and can be resumed."""
        content = Pattern(random.Random(number).randint(6 * MIB, self.largest), seed=number)
        url = self._server.add(f"/{number}", content, *(of_source(dice) if number else [FOR_GOOD]))
        name = f"faults-{uuid.uuid4().hex[:12]}"
        request = {"source": url, "destination": f"s3://{self._bucket}/{number}", "part_size": 5 * MIB}
        self._states.start_execution(
            stateMachineArn=self._cloud.state_machine_arn, name=name, input=json.dumps({"request": request})
        )
        arn = self._cloud.state_machine_arn.replace(":stateMachine:", ":execution:") + f":{name}"
        status = eventually(lambda: self._ended(arn), f"the end of job {number}", 300)
        self.tally.ended[status] += 1
        self.tally.waits += self._retried(arn)
        if status != "SUCCEEDED":
            self._resume(number, name, url)
        body = self._s3.get_object(Bucket=self._bucket, Key=str(number))["Body"].read()
        assert body == bytes(content.read(0, content.size)), f"job {number} stored something else"
        head = self._s3.head_object(Bucket=self._bucket, Key=str(number), ChecksumMode="ENABLED")
        assert head["ChecksumCRC64NVME"] == crc64nvme(content)
        self._s3.delete_object(Bucket=self._bucket, Key=str(number))

    def begun_parts(self) -> int:
        """How many ranges have been asked for that are parts, and not a probe."""
        return len([one for one in self._server.requests if one.range not in {None, "bytes=0-0"}])

    def _ended(self, arn: str) -> str | None:
        status = str(self._states.describe_execution(executionArn=arn)["status"])
        time.sleep(0.1)
        return None if status == "RUNNING" else status

    def _retried(self, arn: str) -> Counter[str]:
        """The errors, by name, after which the machine tried a task again."""
        found: Counter[str] = Counter()
        for event in self._states.get_execution_history(executionArn=arn, maxResults=1000)["events"]:
            details = event.get("taskFailedEventDetails") or event.get("lambdaFunctionFailedEventDetails") or {}
            found[details.get("error", "")] += bool(details)
        for run in self._states.list_map_runs(executionArn=arn)["mapRuns"]:
            for child in self._states.list_executions(mapRunArn=run["mapRunArn"])["executions"]:
                found += self._retried(child["executionArn"])
        return found

    def _resume(self, number: int, job: str, url: str) -> None:
        """What failed says so by a name of ours; then the source is well again, and the job is gone on with."""
        report = eventually(lambda: self._report(job), f"the report of job {number}")
        error = report["error"]
        self.tally.failures.append(f"{error['name']}: {error['message']}")
        assert issubclass(getattr(errors, error["name"]), errors.TransferError)
        # What is neither one of our errors nor one of Lambda's is one that nobody has foreseen.
        unforeseen = error["name"] == "JobFailed" and not error["message"].startswith(
            ("Lambda.", "Sandbox.", "Runtime.")
        )
        assert error["name"] != "Unexpected", error
        assert not unforeseen, error
        self._server.set_faults(f"/{number}")
        target = f"s3://{self._bucket}/{number}"
        ways = cycle([("resume", "--wait", job), ("submit", "--wait", "--resume", "--part-size", PART, url, target)])
        for way in islice(ways, number % 2, number % 2 + MOST_TRIES):
            ended = self._command.run(*way)
            if ended.returncode == 0:
                self.tally.resumed += 1
                return
            self.tally.failures.append(ended.error_line)
        raise AssertionError(f"job {number} can't be resumed: {self.tally.failures}")

    def _report(self, job: str) -> dict[str, Any] | None:
        try:
            body = self._s3.get_object(Bucket=self._cloud.work_bucket, Key=f"jobs/{job}/report.json")["Body"].read()
        except self._s3.exceptions.NoSuchKey:
            return None
        found: dict[str, Any] = json.loads(body)
        return found


@pytest.fixture
def functions(local_cloud: LocalCloud) -> Functions:
    return Functions(local_cloud)


@pytest.fixture
def to_s3(local_cloud: LocalCloud, functions: Functions) -> Iterator[FaultyProxy]:
    """What all functions reach S3 by."""
    with FaultyProxy(local_cloud.endpoint_url, names_upstream=True) as proxy, functions.reach_s3_by(proxy.endpoint_url):
        yield proxy


@pytest.fixture
def jobs(
    local_cloud: LocalCloud, states: Any, s3: Any, command: Command, http_server: FaultyHttp, destination: str
) -> Jobs:
    return Jobs(local_cloud, states, s3, command, http_server, destination)


@pytest.mark.parametrize(
    ("count", "share"),
    [
        # Few requests want a larger share of them to fail, if every way is to be met.
        pytest.param(4, 0.15, id="4 jobs"),
        pytest.param(50, 0.05, id="50 jobs", marks=[pytest.mark.stress, pytest.mark.timeout(1200)]),
    ],
)
def test_jobs_come_through_faults_on_every_way_crashes_and_throttles(
    count: int, share: float, jobs: Jobs, functions: Functions, to_s3: FaultyProxy, s3: Any, destination: str
) -> None:
    seed = count
    dice, began = Dice(seed, share), time.monotonic()
    of_s3(to_s3, dice)
    with ExitStack() as around:
        around.enter_context(functions.throttled(lambda: jobs.begun_parts() >= count // 3))
        if count > 10:
            jobs.largest = 34 * MIB
            around.enter_context(functions.in_time(8))
            to_s3.add(CREATE_UPLOAD, SLOW_CREATE, times=2)
        crashed = around.enter_context(crashes(functions, every=1.0, most=max(1, count // 10), seed=seed))
        with ThreadPoolExecutor(10) as pool:
            for done in [pool.submit(jobs.run, number, dice) for number in range(count)]:
                done.result()
    tally = jobs.tally
    print(f"\n{count} jobs in {time.monotonic() - began:.1f} s, {len(to_s3.requests)} requests to S3; {crashed}")
    print(f"ended {dict(tally.ended)}, resumed {tally.resumed}, failed tasks {dict(tally.waits)}")
    print("faults:", json.dumps(dict(sorted(dice.hits.items())), indent=1))
    print("failures:", *tally.failures, sep="\n  ")
    assert sum(dice.hits.values()) >= count // 2
    assert crashed["crashed"]
    assert tally.waits["Lambda.TooManyRequestsException"]
    assert [failure for failure in tally.failures if failure.startswith("AccessDenied: part 2 of ")]
    assert tally.resumed == count - tally.ended["SUCCEEDED"] > 0
    assert s3.list_multipart_uploads(Bucket=destination).get("Uploads", []) == []
