"""How fast, and until when: a mover's deadline, the rate that it may have, and that of a planner's source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from s3am_cloud.limits import CONNECTION_RATE
from s3am_cloud.model import PinnedSource

ShouldStop = Callable[[], bool]


class RateProbe(Protocol):
    """Measures what a source gives."""

    def __call__(self, origin: PinnedSource) -> int | None:
        """Bytes a second over one connection, by a bounded sample; None where none can be taken.

        Raises nothing: what is wrong with the source shows when it is moved.
        """


def never_stop() -> bool:
    """For whoever has no deadline."""
    return False


class RateLimit(Protocol):
    """Bytes a second that many connections may transfer together, over threads and processes."""

    @property
    def rate(self) -> float:
        """It may change at any time."""

    def allowance(self) -> float:
        """The bytes that may pass now; below zero, the bytes that passed too early."""

    def count(self, count: int) -> None:
        """`count` bytes pass."""


def within(limit: RateLimit | None, connections: int) -> int:
    """As many of the connections as have enough to do at that rate: servers drop those that are silent for long."""
    return connections if limit is None else max(1, min(connections, int(limit.rate // CONNECTION_RATE)))


class Pace(msgspec.Struct, frozen=True):
    """With how many connections a move begins, as `Movers` has it, and until when it runs."""

    first: int | None = None
    should_stop: ShouldStop = never_stop


UNLIMITED = Pace()
"""All connections from the beginning, and no deadline."""


def no_rate(origin: PinnedSource) -> None:
    """For whoever has no deadline and so needs no rate."""
