"""A queue whose hosts take turns: however slow one is, the work of the others does not wait behind its own."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import Generic, TypeVar

from s3am_cloud.urls import NETWORK_SCHEMES, SourceUrl, place_of

Work = TypeVar("Work")


def host_of(source: SourceUrl) -> str:
    """Files and objects in S3 are of one host, without a name."""
    return place_of(source) if source.scheme in NETWORK_SCHEMES else ""


class TurnsByHost(Generic[Work]):
    """Of each host at most `most` pieces of work are out at once, None for any number; first come, first out."""

    def __init__(self, host: Callable[[Work], str], most: int | None) -> None:
        self._host, self._most = host, most
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[Work]] = {}
        self._out: Counter[str] = Counter()
        self._ended = self._dropped = False

    def put(self, work: Work) -> None:
        with self._changed:
            self._waiting.setdefault(self._host(work), deque()).append(work)
            self._changed.notify()

    def end(self) -> None:
        """There will be no more work."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def drop(self) -> None:
        """What waits is for nobody any more."""
        with self._changed:
            self._dropped = True
            self._changed.notify_all()

    @property
    def has_ended(self) -> bool:
        """Whether all work is out, or dropped."""
        return self._dropped or (self._ended and not self._waiting)

    def get(self, timeout: float | None = None) -> Work | None:
        """The next piece, which `done` gives back; None at the end, or where there is none until then."""
        with self._changed:
            self._changed.wait_for(lambda: self.has_ended or self._next() is not None, timeout)
            host = None if self._dropped else self._next()
            return None if host is None else self._taken(host)

    def done(self, work: Work) -> None:
        with self._changed:
            self._out[self._host(work)] -= 1
            self._changed.notify()

    def _next(self) -> str | None:
        return next((host for host in self._waiting if self._most is None or self._out[host] < self._most), None)

    def _taken(self, host: str) -> Work:
        """Its host comes last the next time."""
        queue = self._waiting.pop(host)
        work = queue.popleft()
        if queue:
            self._waiting[host] = queue
        self._out[host] += 1
        return work
