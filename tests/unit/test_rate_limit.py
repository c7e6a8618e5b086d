"""A rate limit over many connections, threads and processes, by a clock that moves by itself."""

from __future__ import annotations

import functools
import heapq
import itertools
import multiprocessing
from collections.abc import Callable, Sequence

import pytest

from s3am_cloud.adapters.curl.transport.throttle import Throttle
from s3am_cloud.errors import Usage
from s3am_cloud.limits import UNUSED_SECONDS
from s3am_cloud.ports.pace import RateLimit as Limit
from s3am_cloud.ports.pace import within
from s3am_cloud_client.inprocess.rate_limit import RateLimit, SharedRate
from support.fakes import FakeClock

CHUNK = 16 << 10


class Loops:
    """Loops with connections that have bytes at any time, each asking for its next piece a moment after the last."""

    def __init__(self, clock: FakeClock, limits: Sequence[Limit], connections: int, pause: float = 1e-5) -> None:
        self._clock, self._pause = clock, pause
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self.throttles = [Throttle(limit, self.later) for limit in limits]
        self.moved = dict.fromkeys(range(connections * len(limits)), 0)
        for number in self.moved:
            self.later(0, self._step(number))

    @functools.cache  # noqa: B019 - the step of a connection is always the same call-back
    def _step(self, number: int) -> Callable[[], None]:
        def step() -> None:
            if not self.throttles[number % len(self.throttles)].holds(step, CHUNK):
                self.moved[number] += CHUNK
                self.later(self._pause, step)

        return step

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self._clock.monotonic() + seconds, next(self._count), callback))

    def run(self, seconds: float) -> int:
        """The bytes that passed in so much time."""
        before, end = self.total, self._clock.monotonic() + seconds
        while self._due[0][0] <= end:
            at, _, callback = heapq.heappop(self._due)
            self._clock.seconds = max(self._clock.seconds, at)
            callback()
        self._clock.seconds = end
        return self.total - before

    @property
    def total(self) -> int:
        return sum(self.moved.values())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.mark.parametrize("rate", [100_000, 2_000_000, 50_000_000])
@pytest.mark.parametrize("connections", [1, 32])
def test_connections_together_keep_to_the_rate_within_5_percent(clock: FakeClock, rate: int, connections: int) -> None:
    limit = RateLimit(rate, clock)
    loops = Loops(clock, [limit], within(limit, connections), 1e-4 if connections > 1 else CHUNK / rate / 4)
    assert loops.run(10) == pytest.approx(10 * rate, rel=0.05)


def test_several_processes_have_one_rate_and_no_lock_between_them(clock: FakeClock) -> None:
    limit = RateLimit(5_000_000, clock)
    loops = Loops(clock, [limit, limit.lend(), limit.lend()], 4, 1e-4)
    assert loops.run(10) == pytest.approx(50_000_000, rel=0.05)


def test_each_connection_has_its_turn(clock: FakeClock) -> None:
    limit = RateLimit(2_000_000, clock)
    loops = Loops(clock, [limit], 16, 1e-4)
    loops.run(10)
    assert min(loops.moved.values()) > 0.8 * max(loops.moved.values())


def test_a_changed_rate_applies_to_the_connections_that_run(clock: FakeClock) -> None:
    limit = RateLimit(1_000_000, clock)
    loops = Loops(clock, [limit], 4, 1e-4)
    assert loops.run(10) == pytest.approx(10_000_000, rel=0.05)
    limit.set(4_000_000)
    assert loops.run(10) == pytest.approx(40_000_000, rel=0.05)
    limit.set(200_000)
    assert loops.run(10) == pytest.approx(2_000_000, rel=0.05)


def test_what_was_not_used_for_long_does_not_raise_the_rate_later(clock: FakeClock) -> None:
    limit = RateLimit(1_000_000, clock)
    clock.sleep(3600)
    assert limit.allowance() == pytest.approx(UNUSED_SECONDS * 1_000_000)
    assert Loops(clock, [limit], 4, 1e-4).run(10) == pytest.approx(10_000_000, rel=0.05)


def test_what_passed_too_much_is_waited_for(clock: FakeClock) -> None:
    limit = RateLimit(1_000_000, clock)
    limit.count(3_000_000)
    clock.sleep(2)
    assert limit.allowance() == pytest.approx(-1_000_000)
    assert limit.lend().allowance() == pytest.approx(-1_000_000)


def test_a_place_is_used_again_by_the_next_process(clock: FakeClock) -> None:
    limit = RateLimit(1_000_000, clock)
    first, second = limit.lend(), limit.lend()
    assert (first.place, second.place) == (1, 2)
    limit.take_back([first])
    assert limit.lend().place == 1


def _count(limit: SharedRate) -> None:
    limit.count(5_000_000)


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.stress)])
def test_what_another_process_moves_counts_here(clock: FakeClock, method: str) -> None:
    limit = RateLimit(1_000_000, clock)
    context = multiprocessing.get_context(method)
    process = context.Process(target=_count, args=(limit.lend(),))  # type: ignore[attr-defined]
    process.start()
    process.join()
    assert limit.allowance() == pytest.approx(-5_000_000)


def test_few_connections_share_a_low_rate(clock: FakeClock) -> None:
    """Servers drop a connection that is silent for long."""
    assert within(RateLimit(100_000, clock), 32) == 6
    assert within(RateLimit(2000, clock), 32) == 1
    assert within(RateLimit(50_000_000, clock), 32) == 32
    assert within(None, 32) == 32


def test_a_rate_that_nothing_keeps_to_is_refused(clock: FakeClock) -> None:
    with pytest.raises(Usage, match="too few"):
        RateLimit(0, clock)
    limit = RateLimit(5000, clock)
    with pytest.raises(Usage, match="too few"):
        limit.set(-1)
    assert limit.rate == 5000
