"""How many objects are moved over one loop: as many at once as there are connections, each reported when it settles."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from s3am_cloud.adapters.curl.transport.loop import Loop

Whole = TypeVar("Whole")
Whole_contra = TypeVar("Whole_contra", contravariant=True)
Ended = TypeVar("Ended")


class Moving(Protocol[Whole_contra, Ended]):
    """The objects on their way."""

    settled: deque[Ended]

    @property
    def count(self) -> int: ...

    def begin(self, wanted: Whole_contra, /) -> None: ...

    def stop(self) -> None:
        """Drops what is on its way."""


def settling(
    run: Moving[Whole, Ended],
    loop: Loop,
    objects: Iterable[Whole | None],
    connections: int,
    should_go_on: Callable[[], bool],
) -> Iterator[Ended]:
    """Each object as it settles; stops the run at its end, and when `should_go_on` is false, or raises."""
    waiting = iter(objects)
    try:
        while should_go_on():
            more = _fill(run, waiting, connections)
            if not more and not run.count and not run.settled:
                return
            if not run.settled:
                loop.turn()
            while run.settled:
                yield run.settled.popleft()
    finally:
        run.stop()


def _fill(run: Moving[Whole, Ended], objects: Iterator[Whole | None], connections: int) -> bool:
    """Begins as many as there are connections for; whether there may be more objects."""
    while run.count < connections:
        try:
            wanted = next(objects)
        except StopIteration:
            return False
        if wanted is None:
            return True
        run.begin(wanted)
    return True
