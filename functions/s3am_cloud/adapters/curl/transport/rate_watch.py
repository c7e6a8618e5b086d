"""Whether an answer begins in time, and then comes fast enough.

libcurl gives up a connection that brings nothing for a while. It does not see an answer that never gets to its content,
because a redirect's body or a login goes on and on, and it takes a byte a second for progress.
"""

from __future__ import annotations

from collections import deque

from s3am_cloud.limits import MAX_IGNORED

# Of the first window, how much may have passed without content.
_LATE = 2 / 3


class RateWatch:
    """One connection, looked at every now and then.

    Its content has to begin within `patience` seconds, and to bring at least `least` bytes a second over any `window`
    seconds in which it was not paused; most of the first window may be over before it begins. A `least` of 0 takes any
    rate.
    """

    def __init__(self, now: float, patience: float, least: float, window: float) -> None:
        self._patience, self._least, self._window = patience, least, window
        self._began = self._last = now
        self._active = 0.0
        self._seen: deque[tuple[float, int]] = deque([(0.0, 0)])

    def fault(self, now: float, content: int, received: int, paused: bool) -> str | None:
        """What is wrong by now: `content` bytes of what was asked for have come, and `received` in all."""
        if not content:
            return self._late(now, received)
        if len(self._seen) == 1:
            # What was waited for is no time to be had again: a connection that begins late may not be slow as well.
            self._active = min(self._last - self._began, self._window * _LATE)
        self._active += 0.0 if paused else now - self._last
        self._last = now
        self._seen.append((self._active, content))
        while len(self._seen) > 1 and self._seen[1][0] <= self._active - self._window:
            self._seen.popleft()
        since, before = self._seen[0]
        if self._active - since >= self._window and content - before < self._least * self._window:
            return f"less than {self._least:,.0f} bytes a second came over {self._window:.0f} s"
        return None

    @property
    def fast(self) -> bool:
        """Whether it has been fast enough for so long that what it brought at first is no part of that."""
        return self._active >= 2 * self._window

    def _late(self, now: float, received: int) -> str | None:
        self._last = now
        if now - self._began >= self._patience:
            return f"no content came within {self._patience:.0f} s"
        if received > MAX_IGNORED:
            return "the answer goes on and on before its content begins"
        return None
