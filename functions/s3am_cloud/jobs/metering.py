"""Ports that count the parts that pass through them, for whoever drives a step and wants to know what it moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from s3am_cloud.model import MovedPart, Part, PinnedSource
from s3am_cloud.ports.pace import ShouldStop, never_stop
from s3am_cloud.ports.transfer import Mover, Movers, Ports, Progress, Sink


class Counts(msgspec.Struct):
    """The parts that one invocation has moved so far."""

    bytes: int = 0
    parts: int = 0
    retries: int = 0

    def add(self, part: MovedPart) -> None:
        self.bytes += part.length
        self.parts += 1
        self.retries += part.retries


def counted(ports: Ports, counts: Counts) -> Ports:
    """The same ports, whose movers count the parts that they have moved."""
    return msgspec.structs.replace(ports, movers=_CountedMovers(ports.movers, counts))


class _CountedMovers:
    def __init__(self, movers: Movers, counts: Counts) -> None:
        self._movers, self._counts = movers, counts

    def __call__(
        self, origin: PinnedSource, sink: Sink, slots: int, progress: Progress, first: int | None = None
    ) -> Mover:
        return _CountedMover(self._movers(origin, sink, slots, progress, first), self._counts)


class _CountedMover:
    def __init__(self, mover: Mover, counts: Counts) -> None:
        self._mover, self._counts = mover, counts

    def move(self, parts: Iterable[Part], should_stop: ShouldStop = never_stop) -> Iterator[MovedPart]:
        for part in self._mover.move(parts, should_stop):
            self._counts.add(part)
            yield part
