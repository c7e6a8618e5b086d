"""Requests to sources' servers wait here for their turn: by a user's limits, and after a server has said to wait.

All transfers of a run share the gates, over all threads, so that one item's `Retry-After` holds for all items of that
host, and for no other host. A worker process of a large transfer has gates of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.host_limits import HostLimit, HostLimits, limit_name
from s3am_cloud.limits import GATE_SECONDS, HOST_BACKOFF_CAP_SECONDS, HOST_BACKOFF_SECONDS
from s3am_cloud.ports.transfer import Clock
from s3am_cloud.urls import NETWORK_SCHEMES, SourceUrl, place_of

_CLOCK = SystemClock()
_NO_LIMIT = HostLimit()


class HostGate:
    """That of one server."""

    def __init__(self, limit: HostLimit, clock: Clock) -> None:
        self._limit, self._clock, self._lock = limit, clock, threading.Lock()
        self._open, self._next, self._busy = 0, 0.0, 0

    def wait(self) -> float:
        """Seconds until it is worth asking again; 0 where a request may be sent now, whose end calls `leave`."""
        with self._lock:
            now = self._clock.monotonic()
            if now < self._next:
                return self._next - now
            if self._limit.connections is not None and self._open >= self._limit.connections:
                return GATE_SECONDS
            self._open += 1
            if self._limit.requests_per_second:
                self._next = now + 1 / self._limit.requests_per_second
            return 0.0

    def leave(self) -> None:
        with self._lock:
            self._open -= 1

    def busy(self, retry_after: float) -> None:
        """The server was too busy for a request. It asks to wait `retry_after` seconds; 0 where it does not say."""
        with self._lock:
            self._busy += 1
            own = min(HOST_BACKOFF_CAP_SECONDS, HOST_BACKOFF_SECONDS * 2.0 ** min(self._busy - 1, 10))
            self._next = max(self._next, self._clock.monotonic() + max(retry_after, own))

    def answered(self) -> None:
        """The server has sent content."""
        self._busy = 0

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Waits for a turn, in this thread."""
        while (seconds := self.wait()) > 0:
            self._clock.sleep(min(seconds, 1.0))
        try:
            yield
        finally:
            self.leave()


class GatePass:
    """What one transfer has at the gate of its server: quiet where there is no gate."""

    def __init__(self, gates: HostGates | None, source: SourceUrl) -> None:
        self._gate = None if gates is None else gates.of(source)
        self._has_passed = False

    def wait(self) -> float:
        """As `HostGate.wait`, in pieces of a second; 0 for who has passed already."""
        wait = 0.0 if self._gate is None or self._has_passed else min(self._gate.wait(), 1.0)
        self._has_passed = self._gate is not None and not wait
        return wait

    def leave(self) -> None:
        """Another request to that server may be sent."""
        if self._gate is not None and self._has_passed:
            self._has_passed = False
            self._gate.leave()

    def busy(self, retry_after: float) -> None:
        if self._gate is not None:
            self._gate.busy(retry_after)

    def answered(self) -> None:
        if self._gate is not None:
            self._gate.answered()


class HostGates:
    """Those of all servers of a run. Where there are no limits, they still share what a busy server asks for."""

    def __init__(self, limits: HostLimits, clock: Clock = _CLOCK) -> None:
        self._limits, self._clock, self._lock = dict(limits), clock, threading.Lock()
        self._gates: dict[str, HostGate] = {}

    def __reduce__(self) -> tuple[type[HostGates], tuple[HostLimits, Clock]]:
        """For another process, which has threads of its own."""
        return HostGates, (self._limits, self._clock)

    def limits(self, source: SourceUrl) -> bool:
        """Whether the user has set a limit for the source's server."""
        return limit_name(self._limits, source) is not None

    def of(self, source: SourceUrl) -> HostGate | None:
        """None for what is not on a server of its own, such as objects in S3."""
        if source.scheme not in NETWORK_SCHEMES:
            return None
        name = limit_name(self._limits, source)
        key = place_of(source) if name is None else name
        with self._lock:
            if key not in self._gates:
                self._gates[key] = HostGate(self._limits.get(key, _NO_LIMIT), self._clock)
            return self._gates[key]
