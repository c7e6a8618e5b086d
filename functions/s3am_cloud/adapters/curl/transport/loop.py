"""One libcurl multi handle with its timers: the only place that waits."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime

import pycurl

from s3am_cloud.adapters.curl.transport.throttle import Throttle
from s3am_cloud.errors import TooManyFiles
from s3am_cloud.ports.pace import RateLimit
from s3am_cloud.ports.transfer import Clock

Done = Callable[[int, str], None]

# How long a turn may wait when nothing happens: the stall watch and a driver's own checks run between turns.
_LONGEST_WAIT = 0.25


def _new_multi() -> pycurl.CurlMulti:
    try:
        return pycurl.CurlMulti()
    except pycurl.error as error:
        # It opens descriptors of its own, and says nothing of why it can't.
        raise TooManyFiles("no connection can be opened: too many open files") from error


class Loop:
    """Not thread-safe. Call-backs run inside `turn`, one at a time. `throttle` is there where a rate limit is."""

    def __init__(self, clock: Clock, limit: RateLimit | None = None) -> None:
        self._clock = clock
        self.throttle = None if limit is None else Throttle(limit, self.later)
        self._multi = _new_multi()
        # Each part wants a connection of its own, so no request may share one by HTTP/2 multiplexing.
        self._multi.setopt(pycurl.M_PIPELINING, 0)
        self._running: dict[pycurl.Curl, Done] = {}
        # What requests of one kind are made with again, and the kind of those that run.
        self._spare: dict[str, list[pycurl.Curl]] = {}
        self._kinds: dict[pycurl.Curl, str] = {}
        self._paused: set[pycurl.Curl] = set()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()

    def start(self, easy: pycurl.Curl, done: Done, kind: str | None = None) -> None:
        """Runs the request; `done` gets libcurl's error number, 0 for none, and its message.

        With a `kind` the handle is kept, if the request ends well, for the next one of that kind: see `spare`.
        """
        self._running[easy] = done
        if kind is not None:
            self._kinds[easy] = kind
        self._multi.add_handle(easy)

    def spare(self, kind: str) -> pycurl.Curl | None:
        """A handle with all options of an earlier request of that kind: to make one anew, with its buffers, takes as
        long as a small body."""
        handles = self._spare.get(kind)
        return handles.pop() if handles else None

    def stop(self, easy: pycurl.Curl) -> None:
        """Ends a request without a word to its `done`. Quiet where it has ended already."""
        if self._running.pop(easy, None) is not None:
            self._paused.discard(easy)
            self._kinds.pop(easy, None)
            self._multi.remove_handle(easy)
            easy.close()

    def unpause(self, easy: pycurl.Curl) -> None:
        """Lets a paused request go on, after the call-back that runs now: libcurl is not to be entered twice."""
        if easy in self._running:
            self._paused.add(easy)

    def now(self) -> float:
        return self._clock.monotonic()

    def date(self) -> datetime:
        """By the wall clock, as servers state times."""
        return self._clock.now()

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (self._clock.monotonic() + seconds, next(self._count), callback))

    def turn(self) -> None:
        """Moves what can be moved, reports what has ended, and waits until there is more to do."""
        fired = self._fire()
        self._perform()
        reported = self._report()
        if not (fired or reported or self._paused) and (self._running or self._timers):
            self._wait()

    def close(self) -> None:
        for easy in list(self._running):
            self.stop(easy)
        for easy in itertools.chain(*self._spare.values()):
            easy.close()
        self._spare.clear()
        self._multi.close()

    def _perform(self) -> None:
        self._multi.perform()
        while self._paused:
            for easy in list(self._paused):
                self._paused.discard(easy)
                # One that ends may have stopped others.
                if easy in self._running:
                    self._go_on(easy)
            self._multi.perform()

    def _go_on(self, easy: pycurl.Curl) -> None:
        """What the pause held back is handed over at once; where that is refused, the request has ended here."""
        try:
            easy.pause(pycurl.PAUSE_CONT)
        except pycurl.error as error:
            self._end(easy, *error.args)

    def _end(self, easy: pycurl.Curl, number: int, message: str) -> None:
        done = self._running.pop(easy, None)
        self._paused.discard(easy)
        self._multi.remove_handle(easy)
        kind = self._kinds.pop(easy, None)
        if kind is not None and not number:
            self._spare.setdefault(kind, []).append(easy)
        else:
            kind = None
        if done is not None:
            done(number, message)
        if kind is None:
            easy.close()

    def _report(self) -> bool:
        """Whether anything has ended."""
        left, reported = 1, False
        while left:
            left, good, bad = self._multi.info_read()
            ended = [(easy, 0, "") for easy in good] + bad
            reported = reported or bool(ended)
            for easy, number, message in ended:
                self._end(easy, number, message)
        return reported

    def _fire(self) -> bool:
        """Whether any timer was due."""
        now, fired = self._clock.monotonic(), False
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()
            fired = True
        return fired

    def _wait(self) -> None:
        wait = _LONGEST_WAIT
        if self._timers:
            wait = min(wait, max(0.0, self._timers[0][0] - self._clock.monotonic()))
        if self._multi.select(wait) < 0:
            # libcurl has no socket to wait for yet, as while a name is looked up.
            self._clock.sleep(min(wait, 0.01))
