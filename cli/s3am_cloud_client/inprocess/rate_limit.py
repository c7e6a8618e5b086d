"""Bytes a second that all connections of all threads and processes transfer together."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.errors import Usage
from s3am_cloud.limits import LEAST_LIMIT, UNUSED_SECONDS

if TYPE_CHECKING:
    from ctypes import Array, c_double

    from s3am_cloud.ports.transfer import Clock

    Numbers = Array[c_double]

# What the shared numbers are: the rate, the moment from which on it counts, how many places are in use, and the places.
_RATE, _SINCE, _USED, _FIRST = range(4)
# Worker processes that may have a place of their own at once: cores times single transfers of a dataset.
_PLACES = 4096
_CLOCK = SystemClock()


class SharedRate:
    """A `RateLimit`, as one process has it.

    No lock is held between processes, so none waits for another, or for one that was killed. Each counts its own bytes
    in a place of its own; bytes may pass while all processes together have transferred less than the rate allows by
    now. Two processes that look at the same moment pass a few pieces too many, which all then wait for.
    """

    def __init__(self, numbers: Numbers, place: int, clock: Clock) -> None:
        self._numbers, self.place, self._clock = numbers, place, clock
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[SharedRate], tuple[Numbers, int, Clock]]:
        """For a process that is spawned, whose threads have a lock of their own."""
        return SharedRate, (self._numbers, self.place, self._clock)

    @property
    def rate(self) -> float:
        return self._numbers[_RATE]

    def allowance(self) -> float:
        numbers, now = self._numbers, self._clock.monotonic()
        rate, moved = numbers[_RATE], sum(numbers[_FIRST : _FIRST + int(numbers[_USED])])
        allowance = rate * (now - numbers[_SINCE]) - moved
        unused = rate * UNUSED_SECONDS
        if allowance > unused:
            numbers[_SINCE] = now - (moved + unused) / rate
            return unused
        return allowance

    def count(self, count: int) -> None:
        with self._lock:
            self._numbers[_FIRST + self.place] += count


class RateLimit(SharedRate):
    """At most `rate` bytes of content a second, over all transfers that have this limit, and all their connections.

    Give it as `limit_rate` to one transfer or to several. `set` changes the rate while they run.
    """

    def __init__(self, rate: float, clock: Clock = _CLOCK) -> None:
        """Raises Usage for a rate that is too low to be kept."""
        from multiprocessing import RawArray  # the command starts without it

        numbers = RawArray("d", _FIRST + _PLACES)
        super().__init__(numbers, 0, clock)
        numbers[_RATE], numbers[_SINCE], numbers[_USED] = _checked(rate), clock.monotonic(), 1
        self._free: list[int] = []

    def set(self, rate: float) -> None:
        """Applies at once. What passed too much by the rate so far is still waited for. Raises Usage."""
        checked, now = _checked(rate), self._clock.monotonic()
        self.allowance()  # what was not used for long is not allowed later
        allowed = self.rate * (now - self._numbers[_SINCE])
        self._numbers[_SINCE], self._numbers[_RATE] = now - allowed / checked, checked

    def lend(self) -> SharedRate:
        """The same limit for another process, with a place of its own."""
        with self._lock:
            if not self._free:
                self._free.append(int(self._numbers[_USED]))
                self._numbers[_USED] += 1
            return SharedRate(self._numbers, self._free.pop(), self._clock)

    def take_back(self, lent: Iterable[SharedRate]) -> None:
        """Their processes have ended."""
        with self._lock:
            self._free += [one.place for one in lent]


def _checked(rate: float) -> float:
    if rate < LEAST_LIMIT:
        raise Usage(f"{rate:,.0f} bytes a second are too few for a rate limit", f"give {LEAST_LIMIT} or more")
    return float(rate)


def limit_of(rate: float | RateLimit | None) -> RateLimit | None:
    """What a program gives: a number is a limit of this transfer alone. Raises Usage."""
    return rate if rate is None or isinstance(rate, RateLimit) else RateLimit(rate)


def check_limited(source: str) -> None:
    """Raises Usage for an object in S3, which S3 itself copies: none of its bytes come here."""
    if source.startswith("s3://"):
        raise Usage(f"a rate limit does not apply to {source}: S3 itself copies it", "leave --limit-rate out")
