"""A month of jobs in a stack, and what the janitor's sweeps cost, where every call to AWS takes its time."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from s3am_cloud.adapters.memory.jobs import MemoryCoordination, MemoryJobs
from s3am_cloud.adapters.memory.transfer import MemoryMovers, MemorySource, MemoryStore
from s3am_cloud.errors import NoSuchJob
from s3am_cloud.expiry import first_look
from s3am_cloud.jobs.cleanup import settle
from s3am_cloud.jobs.sweep import sweep
from s3am_cloud.jobs.tasks import report_job
from s3am_cloud.limits import JANITOR_RUN_SECONDS
from s3am_cloud.model import Attributes, Job, Plan, Receipt, TransferRequest
from s3am_cloud.ports.executions import Execution, Failure
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.urls import S3Url
from simulation.world import SimulatedClock

CALL_SECONDS = 0.025
# Of the calls of a port, those that are several to AWS.
REQUESTS = {"find": 3, "forget": 3}
_PLAN = Plan(size=9, part_size=9)


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a month's jobs and of the sweeps after it, until nothing was due any more. `longest` is of one
    sweep, `overdue` how many uploads were there for more than a day after their time."""

    jobs: int
    failed: int
    discarded: int
    left: int
    overdue: int
    sweeps: int
    stopped: int
    calls: int
    longest: float

    @property
    def calls_per_discarded(self) -> float:
        """Of all sweeps, without the one list that a sweep reads where nothing is due."""
        return (self.calls - self.sweeps) / max(1, self.discarded)


class Counted:
    """Another object, of which each call takes time while somebody sweeps."""

    def __init__(self, inner: Any, janitor: Janitor) -> None:
        self._inner, self._janitor = inner, janitor

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._janitor.timed(found) if callable(found) else found


class Janitor:
    """Sweeps every hour, and knows how long that takes."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self.sweeping = False
        self.calls = self.sweeps = self.stopped = 0
        self.longest = 0.0
        self.discarded: list[str] = []

    def timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            if self.sweeping:
                requests = REQUESTS.get(call.__name__, 1)
                self.calls += requests
                self._clock.seconds += requests * CALL_SECONDS
            return call(*arguments, **named)

        return timed

    def sweep(self, ports: Ports, describe: Callable[[str], Execution]) -> list[str]:
        """The jobs whose uploads this sweep has discarded."""
        began, self.sweeping = self._clock.seconds, True
        swept = sweep(ports, self.timed(describe), lambda: began + JANITOR_RUN_SECONDS - self._clock.seconds)
        self.sweeping = False
        self.sweeps += 1
        self.stopped += swept.more
        self.longest = max(self.longest, self._clock.seconds - began)
        self.discarded += swept.discarded
        assert swept.failed == {}
        return swept.discarded


class Stack:
    """Jobs that succeed or fail, as the stack's own code records it."""

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.janitor = Janitor(self.clock)
        self.store, self.source, self._executions = MemoryStore(), MemorySource(), dict[str, Execution]()
        self.ends: dict[str, datetime] = {}
        jobs: Any = Counted(MemoryJobs(), self.janitor)
        store: Any = Counted(self.store, self.janitor)
        coordination: Any = Counted(MemoryCoordination(), self.janitor)
        movers = MemoryMovers(self.source, self.store)
        unread: Any = None  # nobody reads in order here
        self.ports = Ports(self.source, store, movers, unread, jobs, self.clock, coordination=coordination)

    def run(self, name: str, fails: bool) -> None:
        """One job, as far as its records show it, that ends at once."""
        request = TransferRequest(source="https://host/file", destination=f"s3://bucket/{name}")
        upload = self.store.create(request.target, Attributes())
        arn, now = f"arn:{name}", self.clock.now()
        job = Job(
            id=name,
            created=now.isoformat(),
            request=request,
            plan=_PLAN,
            upload=upload,
            state="transfer",
            execution=arn,
        )
        jobs = self.ports.jobs
        jobs.note_expiry(name, first_look(job))
        jobs.save(job)
        if fails:
            self._executions[arn] = Execution(arn=arn, name=name, status="FAILED", stopped=now, job=name)
            report = settle(self._executions[arn], self.ports, self, self)
            assert report is not None
            assert report.expires is not None
            self.ends[name] = datetime.fromisoformat(report.expires)
            return
        self.store.abort(upload)  # as completing it does, but for the object
        jobs.write_report(name, Receipt(state="succeeded", source=request.source, destination=request.destination))
        report_job(name, self.ports)

    def describe(self, arn: str) -> Execution:
        if arn not in self._executions:
            raise NoSuchJob(f"there is no execution {arn}")
        return self._executions[arn]

    def failure(self, arn: str) -> Failure:
        return Failure(name="SourceChanged", message="the source has changed")

    def announce(self, detail_type: str, detail: object) -> None:
        """Nobody listens."""


def month_of(jobs: int, failing: float, burst: int = 0) -> Month:
    """So many jobs over 30 days, of which that share fails, and a `burst` of jobs that all fail within one hour; then
    10 more days."""
    stack, dice, hours = Stack(), random.Random(1), 30 * 24
    ran = Counter[bool]()
    overdue = 0
    for hour in range(hours + 10 * 24):
        # Sweeps take simulated time as well.
        stack.clock.seconds = max(stack.clock.seconds, hour * 3600.0)
        count = jobs * (hour + 1) // hours - jobs * hour // hours if hour < hours else 0
        fates = [dice.random() < failing for _ in range(count)] + [True] * (burst if hour == 0 else 0)
        for number, fails in enumerate(fates):
            stack.run(f"job-{hour}-{number}", fails)
            ran[fails] += 1
        discarded = stack.janitor.sweep(stack.ports, stack.describe)
        overdue += sum(stack.clock.now() - stack.ends[name] > timedelta(days=1) for name in discarded)
    return Month(
        jobs=ran.total(),
        failed=ran[True],
        discarded=len(stack.janitor.discarded),
        left=sum(1 for _ in stack.store.unfinished_below(S3Url("bucket", ""))),
        overdue=overdue,
        sweeps=stack.janitor.sweeps,
        stopped=stack.janitor.stopped,
        calls=stack.janitor.calls,
        longest=stack.janitor.longest,
    )
