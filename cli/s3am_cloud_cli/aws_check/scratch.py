"""What a run has made, and how it is removed. Each thing is noted before it is made: a run may end in between."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

import msgspec

from s3am_cloud.errors import TransferError


class Order(IntEnum):
    """What goes first: whatever still writes, then what it writes to, then the keys of that."""

    JOB = 0
    STACK = 1
    TOOLKIT = 2
    BUCKET = 3
    KEY = 4


class Made(msgspec.Struct, frozen=True):
    """`remove` is quiet where the thing was never made; `by_hand` is the command that does the same."""

    order: Order
    name: str
    remove: Callable[[], None]
    by_hand: str


# A second Ctrl-C interrupts one removal, which is then tried again; whoever insists gets the list of what is left.
_TRIES = 3


class Scratch:
    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._made: list[Made] = []

    def add(self, made: Made) -> None:
        self._made.append(made)

    def forget(self, name: str) -> None:
        """It is gone already, or ended by itself."""
        self._made = [made for made in self._made if made.name != name]

    def remove_all(self) -> tuple[str, ...]:
        """Removes everything, the newest of each kind first; what can't be removed is returned, with how to do it."""
        left = []
        self._made.reverse()
        for made in sorted(self._made, key=lambda made: made.order):
            self._note(f"removing {made.name}")
            error = self._remove(made)
            if error is not None:
                left.append(f"{made.name} ({error}): {made.by_hand}")
        self._made = []
        return tuple(left)

    def _remove(self, made: Made) -> str | None:
        """Why it could not be removed, None where it was."""
        for attempt in range(_TRIES):
            try:
                made.remove()
            except KeyboardInterrupt:
                self._note(f"still removing {made.name}; press Ctrl-C {_TRIES - attempt} times to leave it")
                error = "interrupted"
            except TransferError as found:
                error = found.message
            else:
                return None
        return error
