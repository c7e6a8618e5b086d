"""Watchers of jobs in one account, at the same time, against the limits that Step Functions has for all of them."""

from __future__ import annotations

import heapq
import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import msgspec
from botocore.exceptions import ClientError

from s3am_cloud.adapters.memory.jobs import MemoryJobs
from s3am_cloud.adapters.records.executions import StateMachine
from s3am_cloud.model import Job, Plan, Receipt, TransferRequest, Upload, UploadedPart
from s3am_cloud_client.remote.status import JobStatus, follow_job

MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:M"
START = datetime(2026, 1, 2, tzinfo=UTC)
# Calls at once and calls a second, as in most regions (Step Functions developer guide, "Quotas related to API action
# throttling"). DescribeMapRun is throttled at about one call a second.
LIMITS: Mapping[str, tuple[float, float]] = {
    "DescribeExecution": (250, 10),
    "ListMapRuns": (100, 1),
    "DescribeMapRun": (1, 1),
}


class Turns:
    """A clock that threads share: it moves when all of them sleep, to the moment at which the first one wakes up."""

    def __init__(self, sleepers: int) -> None:
        self.seconds, self._awake = 0.0, sleepers
        self._lock = threading.Condition()
        self._due: list[tuple[float, int]] = []
        self._dice = random.Random(1)
        self._turn: tuple[float, int] | None = None

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def random(self) -> float:
        return self._dice.random()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            mine = (self.seconds + seconds, threading.get_ident())
            heapq.heappush(self._due, mine)
            self._awake -= 1
            self._wake_the_next()
            self._lock.wait_for(lambda: self._turn == mine)
            self._turn = None

    def leave(self) -> None:
        with self._lock:
            self._awake -= 1
            self._wake_the_next()

    def _wake_the_next(self) -> None:
        if self._awake == 0 and self._due:
            self._turn = heapq.heappop(self._due)
            self.seconds, self._awake = max(self.seconds, self._turn[0]), 1
            self._lock.notify_all()


class ThrottledStepFunctions:
    """boto3's client of an account whose calls are limited; `others` is the share of each limit that others take."""

    def __init__(self, clock: Turns, end: float, others: float) -> None:
        self._clock, self._end, self._share = clock, end, 1 - others
        self._tokens = {call: most for call, (most, _) in LIMITS.items()}
        self._filled = dict.fromkeys(LIMITS, 0.0)
        self.calls, self.throttled = Counter[str](), Counter[str]()

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
        self._take("DescribeExecution")
        name = executionArn.rpartition(":")[2]
        ended = self._clock.seconds >= self._end
        stop = {"stopDate": self._clock.now()} if ended else {}
        status = "SUCCEEDED" if ended else "RUNNING"
        return {"name": name, "status": status, "startDate": START, "input": f'{{"job": "{name}"}}', **stop}

    def list_map_runs(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
        self._take("ListMapRuns")
        return {"mapRuns": [{"mapRunArn": f"{executionArn}/Transfer"}]}

    def describe_map_run(self, mapRunArn: str) -> dict[str, Any]:  # noqa: N803
        self._take("DescribeMapRun")
        return {"itemCounts": {"total": 9, "succeeded": 1, "failed": 0, "running": 8}}

    def _take(self, call: str) -> None:
        most, rate = LIMITS[call]
        now = self._clock.seconds
        grown = self._tokens[call] + (now - self._filled[call]) * rate * self._share
        self._tokens[call], self._filled[call] = min(most * self._share, grown), now
        self.calls[call] += 1
        if self._tokens[call] < 1:
            self.throttled[call] += 1
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, call)
        self._tokens[call] -= 1


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What came of watching: the receipts by the jobs, what watchers ended with otherwise, how often each of them saw
    its job run, and what Step Functions was asked for."""

    receipts: dict[str, Receipt]
    failures: dict[str, BaseException]
    looks: dict[str, int]
    calls: Counter[str]
    throttled: Counter[str]
    seconds: float


def watch_at_once(watchers: int, seconds: float, others: float = 0.0) -> Watched:
    """So many watchers, each of a job that runs for `seconds`."""
    clock = Turns(watchers)
    api = ThrottledStepFunctions(clock, seconds, others)
    receipts, failures, looks = dict[str, Receipt](), dict[str, BaseException](), Counter[str]()

    def watch(name: str) -> None:
        def seen(status: JobStatus) -> None:
            assert status.receipt is not None or status.bytes_done == status.size
            looks[name] += 1

        try:
            receipts[name] = follow_job(name, _remote(name, api, clock), seen)
        except BaseException as error:
            failures[name] = error
        finally:
            clock.leave()

    _together([lambda name=f"job{number}": watch(name) for number in range(watchers)])  # type: ignore[misc]
    return Watched(
        receipts=receipts,
        failures=failures,
        looks=looks,
        calls=api.calls,
        throttled=api.throttled,
        seconds=clock.seconds,
    )


def _together(runs: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=run, daemon=True) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _remote(name: str, api: ThrottledStepFunctions, clock: Turns) -> Any:
    """A client's view of a stack with this one job, of whose parts S3 lists one."""
    request = TransferRequest(source="https://host/file", destination=f"s3://bucket/{name}")
    upload = Upload(target=request.target, upload_id="u", full_object=True)
    plan = Plan(size=9, part_size=9)
    jobs, machine = MemoryJobs(), StateMachine(cast("Any", api), MACHINE)
    jobs.add(Job(id=name, created=START.isoformat(), request=request, state="transfer", plan=plan, upload=upload))
    jobs.write_report(name, Receipt(state="succeeded", source=request.source, destination=request.destination))
    return SimpleNamespace(
        clock=clock,
        jobs=jobs,
        machine=machine,
        execution=lambda job_id: machine.describe(machine.arn_of(job_id)),
        store=SimpleNamespace(parts=lambda upload: iter([UploadedPart(1, 9, '"e"', 1)])),
    )
