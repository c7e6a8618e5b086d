"""How many connections this process has, and their automatic number."""

from __future__ import annotations

from s3am_cloud.concurrency import AdaptiveConcurrency, ConcurrencyLimit, FixedLimit, Note, silent
from s3am_cloud.limits import WORKER_SLOTS
from s3am_cloud.ports.transfer import Clock, Progress


class LocalLimit:
    """A `ConcurrencyLimit` that grows while that is faster. `count` takes what is moved, and passes it on."""

    adapts = True

    def __init__(self, growth: AdaptiveConcurrency, clock: Clock, progress: Progress) -> None:
        self._growth, self._clock, self._progress = growth, clock, progress
        self._moved = 0

    @property
    def now(self) -> int:
        return self._growth.limit

    def count(self, count: int) -> None:
        self._moved += count
        self._progress(count)

    def look(self, chunk_size: int, all_begun: bool) -> None:
        if not all_begun:
            self._growth.at(self._clock.monotonic(), self._moved, chunk_size)

    def refused(self, sent_at: float) -> None:
        self._growth.refused(self._clock.monotonic(), sent_at)

    def moved(self) -> int:
        return self._moved


def growth(first: int | None, slots: int, copies: bool, note: Note = silent) -> AdaptiveConcurrency | None:
    """The growth from `first` up to `slots`, None where there is none. Copies move no byte over their connections, and
    S3 bears many: they don't begin with few."""
    if first is None:
        return None
    return AdaptiveConcurrency(max(first, WORKER_SLOTS) if copies else first, slots, note)


def local_limit(
    growth: AdaptiveConcurrency | None, slots: int, clock: Clock, progress: Progress
) -> tuple[ConcurrencyLimit, Progress]:
    """The limit of one mover, and where it reports its bytes: `slots` where nothing grows."""
    if growth is None:
        return FixedLimit(slots), progress
    limit = LocalLimit(growth, clock, progress)
    return limit, limit.count
