"""Move the parts that the store lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from s3am_cloud.model import MovedPart, Part
from s3am_cloud.ports.pace import ShouldStop, never_stop
from s3am_cloud.ports.transfer import Mover


def move_parts(parts: Iterable[Part], mover: Mover, should_stop: ShouldStop = never_stop) -> Iterator[MovedPart]:
    """The parts as they arrive at the store, until `should_stop` is true. Raises what `Mover.move` does."""
    return mover.move(parts, should_stop)
