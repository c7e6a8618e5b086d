"""One job from its submission to its report, event by event: Lambda's scaling, the Map Run's starts, retries."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable

import msgspec

from s3am_cloud.costs.forecast import (
    CHILD_STARTS_PER_SECOND,
    ENVIRONMENTS_PER_10_SECONDS,
    OVERHEAD_SECONDS,
    Usage,
    cost,
)
from s3am_cloud.jobs.locks import LockContext, acquire, ensure_held
from s3am_cloud.jobs.prepared import Prepared
from s3am_cloud.jobs.tasks import Worked, complete_job, prepare_job, report_job, work
from s3am_cloud.limits import LAMBDA_SECONDS, WORKER_MEMORY_MIB
from s3am_cloud.model import TransferRequest, Unit
from s3am_cloud.ports.executions import Execution
from s3am_cloud.ports.records import Tally
from s3am_cloud.transfer.pipeline import new_job
from simulation import asl
from simulation.world import Conditions, SimulatedWorld

JOB, ARN = "job", "arn"
_OF_A_STATE, _OF_AN_ATTEMPT = 2, 3
THROTTLED, TIMED_OUT = "Lambda.TooManyRequestsException", "Sandbox.Timedout"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a simulated job took. `most_at_once` is of workers, `slots` what each of them has of connections,
    `longest_history` the events in the history of the child that has most."""

    units: int
    parts: int
    worker_invocations: int
    throttled: int
    slow_downs: int
    most_at_once: int
    slots: int
    longest_history: int
    usage: Usage
    seconds: float
    dollars: float


class JobFailed(Exception):
    """A state of the machine has no more retries for an error."""


class Child:
    """One child execution: a unit on its way through the machine's own states."""

    def __init__(self, number: int, unit: Unit) -> None:
        self.number, self.unit = number, unit
        self.tries: dict[int, int] = {}
        # It starts and ends; each state is entered and left; each attempt is scheduled, started, and ends.
        self.events = 2


class Simulation:
    def __init__(self, request: TransferRequest, size: int, weather: Conditions, rate: int | None = None) -> None:
        self._weather, self._dice = weather, random.Random(weather.seed)
        self._world = SimulatedWorld(size, weather, rate)
        self._states = asl.child_states()
        self._retriers = asl.retriers(self._states["Move"])
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._now = self._next_start = 0.0
        self._active = self._most = self._invocations = self._throttled = self._transitions = 0
        self._longest_history = 0
        self._busy_seconds = 0.0
        self._waiting: deque[Child] = deque()
        self._running = 0
        self._request = request

    def run(self) -> Outcome:
        ports, clock = self._world.ports, self._world.clock
        job, locks = (
            new_job(self._request, JOB, clock),
            LockContext(ports.jobs, self._world.coordination, _never_asked, clock),
        )
        ports.jobs.add(job)
        acquire(job, ARN, locks)
        clock.seconds = self._now = 2.0
        ensure_held(ports.jobs.load(JOB), ARN, locks)
        self._handled()
        prepared = prepare_job(JOB, ARN, "work", ports)
        self._began, self._plan = self._now, self._world.jobs.load(JOB).plan
        assert self._plan is not None
        self._world.bill.reads -= 1  # that look was ours
        self._world.movers.connections = lambda: self._active * self._slots
        if prepared.transfer:
            self._map(prepared)
            clock.seconds = self._now
            self._handled()
            complete_job(JOB, ports)
        report_job(JOB, ports)
        return self._outcome(prepared)

    @property
    def _slots(self) -> int:
        assert self._plan is not None
        return self._plan.slots

    def _handled(self) -> None:
        """What a handler asks for before the task begins: the job's record."""
        self._world.jobs.load(JOB)

    def _map(self, prepared: Prepared) -> None:
        self._world.bill.reads += 1  # the ItemReader's
        units = self._world.jobs.units(JOB)
        self._waiting.extend(Child(number, unit) for number, unit in enumerate(units))
        self._concurrency = prepared.concurrency
        self._start_children()
        while self._events:
            self._now, _, event = heapq.heappop(self._events)
            event()

    def _at(self, moment: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._count), event))

    def _start_children(self) -> None:
        """As many as MaxConcurrency lets in, no faster than Step Functions starts them."""
        while self._waiting and self._running < self._concurrency:
            child = self._waiting.popleft()
            self._running += 1
            self._next_start = max(self._next_start, self._now) + 1 / CHILD_STARTS_PER_SECOND
            self._at(self._next_start, lambda child=child: self._enter(child))  # type: ignore[misc]

    def _enter(self, child: Child) -> None:
        child.tries = {}
        child.events += _OF_A_STATE
        self._invoke(child)

    def _invoke(self, child: Child) -> None:
        self._transitions += 1
        child.events += _OF_AN_ATTEMPT
        if self._active >= self._allowed():
            self._throttled += 1
            self._retry(child, THROTTLED)
            return
        self._active += 1
        self._most = max(self._most, self._active)
        self._invocations += 1
        clock = self._world.clock
        clock.seconds = self._now + OVERHEAD_SECONDS
        if self._dice.random() < self._weather.broken:
            self._end(child, LAMBDA_SECONDS, lambda: self._retry(child, TIMED_OUT))
            return
        self._handled()
        end = self._now + LAMBDA_SECONDS
        worked = work(JOB, child.unit, lambda: end - clock.seconds, self._world.ports)
        self._world.jobs.write_tally(JOB, f"{child.unit.first}-{self._invocations}", Tally(first=child.unit.first))
        self._handled()
        self._end(child, clock.seconds - self._now, lambda: self._moved(child, worked))

    def _allowed(self) -> int:
        """Environments that Lambda has by now."""
        grown = ENVIRONMENTS_PER_10_SECONDS * (1 + int((self._now - self._began) // 10))
        return min(self._weather.environments, grown)

    def _end(self, child: Child, seconds: float, then: Callable[[], None]) -> None:
        self._busy_seconds += seconds

        def ended() -> None:
            self._active -= 1
            then()

        self._at(self._now + seconds, ended)

    def _retry(self, child: Child, error: str) -> None:
        for index, retrier in enumerate(self._retriers):
            if error in retrier.error_equals:
                delay = retrier.delay(child.tries.get(index, 0), self._dice.random())
                child.tries[index] = child.tries.get(index, 0) + 1
                if delay is not None:
                    self._at(self._now + delay, lambda: self._invoke(child))
                    return
        raise JobFailed(f"unit {child.number}: {error}")

    def _moved(self, child: Child, worked: Worked) -> None:
        rest = list(asl.path(self._states, "Move", {"done": worked.done}, {}))[1:] if worked.done else ["UnitDone"]
        self._transitions += len(rest)
        child.events += _OF_A_STATE * len(rest)
        self._longest_history = max(self._longest_history, child.events)
        if not worked.done:
            child.unit = worked.unit
            self._enter(child)
            return
        self._running -= 1
        self._start_children()

    def _outcome(self, prepared: Prepared) -> Outcome:
        assert self._plan is not None
        known = {"job": JOB}
        answers = {"Prepare": {"transfer": prepared.transfer, "sealed": False}}
        parent = list(asl.path(asl.states(), asl.start(), known, answers))
        control = 3 + self._plan.count / 1000
        usage = Usage(
            transitions=len(parent) + self._transitions,
            invocations=self._invocations + 3,
            gb_seconds=(self._busy_seconds + control * OVERHEAD_SECONDS) * WORKER_MEMORY_MIB / 1024,
            s3_writes=self._world.bill.writes,
            s3_reads=self._world.bill.reads,
            kms_requests=self._invocations + 3,
            events=1,
        )
        return Outcome(
            units=len(self._world.jobs.units(JOB)),
            parts=len(self._world.store.there),
            worker_invocations=self._invocations,
            throttled=self._throttled,
            slow_downs=self._world.movers.refused,
            most_at_once=self._most,
            slots=self._plan.slots,
            longest_history=self._longest_history,
            usage=usage,
            seconds=self._now + 3.0,
            dollars=cost(usage),
        )


def _never_asked(arn: str) -> Execution:
    raise AssertionError("the claim is the job's own")
