"""A burst of events in an account: what of the region's Lambda quota the stack's functions take, and what is left."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable

import msgspec

from s3am_cloud.limits import CONTROL_CONCURRENCY, UNIT_SECONDS
from simulation import asl
from simulation.run import THROTTLED

CONTROL, WORKER = "control", "worker"
_TASK_SECONDS = 2.0


class Burst(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: the jobs that ended, and the most invocations at once, of each function and of both."""

    ended: int
    most: dict[str, int]
    most_together: int
    seconds: float


class Region:
    """Lambda in one region: invocations up to the quota, and of a function up to what it has reserved."""

    def __init__(self, quota: int, reserved: dict[str, int]) -> None:
        self._quota, self._reserved = quota, reserved
        self.running = Counter[str]()
        self.most = Counter[str]()
        self.most_together = 0

    def begin(self, function: str) -> bool:
        """False where the invocation is throttled."""
        limit = self._reserved.get(function, self._quota)
        if self.running[function] >= limit or self.running.total() >= self._quota:
            return False
        self.running[function] += 1
        self.most[function] = max(self.most[function], self.running[function])
        self.most_together = max(self.most_together, self.running.total())
        return True


class BurstSimulation:
    """Events at one moment, each for a job: it is accepted, prepared, done in units and completed."""

    def __init__(self, events: int, units: int, region: Region) -> None:
        self._units, self._region = units, region
        self._dice, self._count = random.Random(1), itertools.count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._now, self._ended = 0.0, 0
        self._retriers = {name: _of_throttles(state) for name, state in (asl.states() | asl.child_states()).items()}
        for _ in range(events):
            self._at(0.0, self._accepted)

    def run(self) -> Burst:
        while self._events:
            self._now, _, event = heapq.heappop(self._events)
            event()
        region = self._region
        return Burst(ended=self._ended, most=dict(region.most), most_together=region.most_together, seconds=self._now)

    def _at(self, moment: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._count), event))

    def _accepted(self) -> None:
        self._task("Accept", CONTROL, _TASK_SECONDS, self._recorded)

    def _recorded(self) -> None:
        self._task("Prepare", CONTROL, _TASK_SECONDS, self._mapped)

    def _mapped(self) -> None:
        left = Counter(units=self._units)

        def done() -> None:
            left["units"] -= 1
            if left["units"] == 0:
                self._task("Complete", CONTROL, _TASK_SECONDS, self._completed)

        for _ in range(self._units):
            self._task("Move", WORKER, UNIT_SECONDS, done)

    def _completed(self) -> None:
        self._ended += 1

    def _task(self, state: str, function: str, seconds: float, then: Callable[[], None], tries: int = 0) -> None:
        if self._region.begin(function):
            self._at(self._now + seconds, lambda: self._left(function, then))
            return
        retrier = self._retriers[state]
        delay = None if retrier is None else retrier.delay(tries, self._dice.random())
        assert delay is not None, "the job has failed"
        self._at(self._now + delay, lambda: self._task(state, function, seconds, then, tries + 1))

    def _left(self, function: str, then: Callable[[], None]) -> None:
        self._region.running[function] -= 1
        then()


def _of_throttles(state: asl.Json) -> asl.Retrier | None:
    found = asl.retriers(state) if "Retry" in state else []
    return next((one for one in found if THROTTLED in one.error_equals), None)


def burst(events: int, units: int, quota: int, max_workers: int | None) -> Burst:
    """So many events at once, in a stack that was deployed with `max_workers`."""
    reserved = {} if max_workers is None else {WORKER: max_workers, CONTROL: CONTROL_CONCURRENCY}
    return BurstSimulation(events, units, Region(quota, reserved)).run()
