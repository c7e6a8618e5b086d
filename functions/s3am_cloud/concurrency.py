"""How many parts to have in flight at once, where nobody has said: from few to as many as make a difference."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from s3am_cloud.limits import (
    FEW_PARTS,
    FIRST_CONNECTIONS,
    LONGEST_REST_SECONDS,
    RATE_BYTES,
    RATE_SECONDS,
    REST_SECONDS,
    SETTLE_SECONDS,
    TRIAL_WINDOWS,
    WORTHWHILE_GAIN,
)

Note = Callable[[str], None]


def silent(text: str) -> None:
    """For those who don't want to know."""


def first_connections(requested: int | None, parts: int) -> int | None:
    """With how many connections to begin, None where the user `requested` a fixed number.

    Few parts begin all at once: such a transfer would be over before it had grown.
    """
    if requested is not None:
        return None
    return parts if parts <= FEW_PARTS else FIRST_CONNECTIONS


class ConcurrencyLimit(Protocol):
    """How many parts one mover may have in flight. A smaller number ends none: fewer are begun."""

    # Whether the number follows what the servers bear; where it does not, each refused part waits by itself.
    adapts: bool

    @property
    def now(self) -> int: ...

    def look(self, chunk_size: int, all_begun: bool) -> None:
        """To be called often. `chunk_size` bytes are reported at once; with `all_begun` no part waits for a slot."""

    def refused(self, sent_at: float) -> None:
        """A request that was sent at that moment was refused, as there are too many."""

    def moved(self) -> int:
        """Bytes so far, over all who share the limit."""


class FixedLimit:
    """A `ConcurrencyLimit` of as many as the user requested."""

    adapts = False

    def __init__(self, limit: int) -> None:
        self.now = limit

    def look(self, chunk_size: int, all_begun: bool) -> None:
        """The number is fixed."""

    def refused(self, sent_at: float) -> None:
        """Nothing follows."""

    def moved(self) -> int:
        return 0


class AdaptiveConcurrency:
    """Doubles the number while that gains a tenth in bytes a second, and halves it when a server says that it is busy.

    A doubling that gains less is taken back. After that, and after a refusal, the number stays for a while, which is
    twice as long each time, before more are tried again. It knows no time of its own: all moments are the caller's.
    """

    def __init__(self, first: int, most: int, note: Note = silent) -> None:
        self.limit = max(1, min(first, most))
        self._most, self._note = max(1, most), note
        # The number before the present one and its rate, while the present one is tried.
        self._before: tuple[int, float] | None = None
        self._best, self._windows = 0.0, 0
        # The moment and the bytes at which the present window began.
        self._window: tuple[float, int] | None = None
        self._next, self._rest = -math.inf, REST_SECONDS
        self._refused_at = -math.inf

    def at(self, now: float, moved: int, chunk_size: int = 0) -> None:
        """`moved` bytes have been copied by now. `chunk_size` is what comes at once: copies report at their end."""
        if now < self._next or not moved:
            return
        if self._window is None:
            self._window, self._next = (now, moved), now + RATE_SECONDS
            return
        began, before = self._window
        if moved - before >= self.limit * max(chunk_size, RATE_BYTES):
            self._window, self._next = (now, moved), now + RATE_SECONDS
            self._judge(now, (moved - before) / (now - began))

    def refused(self, now: float, sent_at: float) -> None:
        """A server is too busy for a request that was sent at `sent_at`. Refusals of what was sent before the last one
        was known, and a moment more, as other processes hear of it later, count as one."""
        if sent_at < self._refused_at + SETTLE_SECONDS:
            return
        self._refused_at = now
        many = self.limit
        self._settle(now, max(1, many // 2))
        self._take_rest(now)
        self._note(f"the server is too busy for {many} connections; continuing with {self.limit}")

    def _judge(self, now: float, rate: float) -> None:
        self._best, self._windows = max(self._best, rate), self._windows + 1
        if self._before is None or self._best >= self._before[1] * WORTHWHILE_GAIN:
            self._grow(now)
        elif self._windows >= TRIAL_WINDOWS:
            self._go_back(now, *self._before)

    def _grow(self, now: float) -> None:
        many, best = self.limit, self._best
        if many >= self._most:
            self._next = math.inf
            self._note(f"{many} connections: {_megabytes(best)}; no more are allowed")
            return
        self._settle(now, min(2 * many, self._most))
        self._before = (many, best)
        self._note(f"{many} connections: {_megabytes(best)}; trying {self.limit}")

    def _go_back(self, now: float, many: int, rate: float) -> None:
        tried, best = self.limit, self._best
        self._settle(now, many)
        self._take_rest(now)
        self._note(f"{many} connections: {_megabytes(rate)}; {tried}: {_megabytes(best)}; staying with {many}")

    def _settle(self, now: float, limit: int) -> None:
        """Another number, which has a moment to show what it can."""
        self.limit, self._before, self._window = limit, None, None
        self._best, self._windows = 0.0, 0
        self._next = now + SETTLE_SECONDS

    def _take_rest(self, now: float) -> None:
        self._next = now + self._rest
        self._rest = min(2 * self._rest, LONGEST_REST_SECONDS)


def _megabytes(rate: float) -> str:
    return f"{rate / 1e6:.0f} MB/s"
