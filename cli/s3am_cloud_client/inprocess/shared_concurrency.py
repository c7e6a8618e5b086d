"""Places that several processes have together: what one of them has is taken from the others.

The parent judges by what all have moved, and sets each one's share, in memory that they share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from s3am_cloud.concurrency import AdaptiveConcurrency
from s3am_cloud.ports.transfer import Clock

if TYPE_CHECKING:
    from ctypes import Array, c_double, c_int, c_longlong
    from multiprocessing.context import ForkContext, SpawnContext


class SharedCounters:
    """What the processes write for each other, each at its own index: how many parts it may have in flight, how many
    bytes it has moved, and when it sent the last request that was refused."""

    def __init__(self, context: ForkContext | SpawnContext, shares: Iterable[int]) -> None:
        numbers = list(shares)
        self.limits: Array[c_int] = context.RawArray("i", numbers)
        self.moved: Array[c_longlong] = context.RawArray("q", len(numbers))
        self.refused: Array[c_double] = context.RawArray("d", len(numbers))
        # To write to a file. The kernel has its own lock for that, but turns a processor over while it waits.
        self.turn = context.Lock()


class SharedLimit:
    """The `ConcurrencyLimit` of the worker process of that index.

    The parent looks at the counters a few times a second, sooner than a part that was refused is tried again.
    """

    def __init__(self, counters: SharedCounters, index: int, adapts: bool, moved: Callable[[], int]) -> None:
        self._counters, self._index, self.adapts, self._moved = counters, index, adapts, moved

    @property
    def now(self) -> int:
        return self._counters.limits[self._index]

    def look(self, chunk_size: int, all_begun: bool) -> None:
        self._counters.moved[self._index] = self._moved()

    def refused(self, sent_at: float) -> None:
        self._counters.refused[self._index] = sent_at

    def moved(self) -> int:
        return sum(self._counters.moved)


class Coordinator:
    """Shares out, in the parent, the slots, whose number grows with what all workers move."""

    def __init__(self, counters: SharedCounters, growth: AdaptiveConcurrency, clock: Clock) -> None:
        self._counters, self._growth, self._clock = counters, growth, clock
        self._workers = list(range(len(counters.limits)))
        self._refused = list(counters.refused)

    def look(self, all_begun: bool) -> None:
        """To be called whenever a worker says anything. With `all_begun` there is nothing left to find out for."""
        now = self._clock.monotonic()
        for index, sent_at in enumerate(self._counters.refused):
            if sent_at != self._refused[index]:
                self._refused[index] = sent_at
                self._growth.refused(now, sent_at)
        if not all_begun:
            self._growth.at(now, sum(self._counters.moved))
        self._share_out()

    def left(self, index: int) -> None:
        """The worker of that index has nothing more to do: its slots are the others'."""
        self._workers.remove(index)
        self._share_out()

    def _share_out(self) -> None:
        for index, limit in zip(self._workers, share(self._growth.limit, len(self._workers)), strict=True):
            self._counters.limits[index] = limit


def share(slots: int, count: int) -> list[int]:
    """7 slots over 3 processes: 3, 2, 2."""
    return [slots // count + (index < slots % count) for index in range(count)]
