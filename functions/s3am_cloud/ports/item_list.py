"""The contract of the list of a dataset's items while they are transferred: more of them than memory can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import msgspec

from s3am_cloud.items import Item, Placed


class Existing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An object or a file at a destination, as a listing describes it. `destination` is written as the item's is."""

    destination: str
    size: int
    etag: str | None = None
    # Seconds since 1970, UTC.
    modified: float | None = None
    # The name of the algorithm of the checksum that S3 keeps, as S3 writes it.
    checksum: str | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An item of the list, by its number there, and what was noted at its destination."""

    number: int
    item: Item
    place: str
    modified: float | None = None
    etag: str | None = None
    existing: Existing | None = None

    @property
    def stated_size(self) -> int | None:
        """The size that its content must have: a manifest's. That of a listing may have changed since."""
        return self.item.size if self.modified is None else None


class WorkList(Protocol):
    """What one run has to do, and has done."""

    def remaining(self) -> Iterator[Listed]:
        """Those that have no outcome now, in the order of work. Outcomes may be recorded meanwhile."""

    def get(self, number: int) -> Listed:
        """One of the items."""

    def outcome(self, number: int, state: str) -> None:
        """Records how an item ended."""


class ItemList(WorkList, Protocol):
    """The items of one run, on disk. Whatever is iterated here comes as it is read: memory stays bounded.

    Every call may raise DiskFull and DiskFailed.
    """

    @property
    def count(self) -> int:
        """How many items it has; identical ones count once."""

    @property
    def known_bytes(self) -> int:
        """The sum of the sizes that are known."""

    @property
    def unsized(self) -> int:
        """How many items have no known size."""

    def add(self, items: Iterable[Placed]) -> None:
        """Adds all of them, the fastest in one call, and leaves out those that repeat another one: the same source,
        destination, size and digest.

        Raises BadManifest with the places of both where two others have one destination.
        """

    def note_existing(self, objects: Iterable[Existing]) -> None:
        """Notes what is at the destinations, the fastest in the order of their names; others than the items' are
        ignored. Where one is noted twice the later counts."""

    def items(self) -> Iterator[Listed]:
        """All items in the order of work: the largest first inside each size class, a few of each class in turn."""

    def counts(self) -> dict[str, int]:
        """How many items ended in each state."""

    def clashes(self, same: Callable[[str], str] | None = None) -> Iterator[tuple[Listed, str]]:
        """The items whose destination can't be a file beside that of another one, each with the other's.

        They are those whose destination is a folder of another one, and, where `same` gives two destinations one
        name, all of these but the first added.
        """

    def close(self) -> None:
        """Removes the list."""
