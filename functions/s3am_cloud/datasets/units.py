"""The units of a dataset's whole items: pure arithmetic over what is known of the files that list them.

A file has items of one size class, the largest first. Its marks say how much work the lines up to each of them are, so
that units can be cut without reading the file again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Literal

import msgspec

from s3am_cloud.limits import (
    HOST_CONNECTIONS,
    ITEM_SECONDS,
    LAMBDA_BYTES_PER_SECOND,
    LEAST_UNIT_SECONDS,
    MARK_SECONDS,
    MAX_UNIT_ITEM,
    MEDIUM_ITEM,
    OBJECT_CONNECTIONS,
    OPENING_SECONDS,
    S3_WRITES_PER_SECOND,
    SMALL_ITEM,
    UNIT_SECONDS,
    UNSIZED_BYTES,
    WORKER_COPIES,
    WORKER_PUTS_PER_SECOND,
)
from s3am_cloud.ports.dataset_files import ItemUnit
from s3am_cloud.ports.item_list import Listed

SizeClass = Literal["small", "medium", "multipart", "large", "unsized"]
# In the order in which they begin.
CLASSES: tuple[SizeClass, ...] = ("large", "multipart", "unsized", "medium", "small")
# Small ones are spread over the whole run; all others have begun by this share of it, so that its end is made of units
# that end soon.
_BEGUN_BY = 0.8


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """The lines from the mark before up to `to`, exclusive: their `bytes`, and the `seconds` of one worker's work."""

    to: int
    seconds: float
    bytes: int


class ItemFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of items. A worker only opens the uploads of `large` ones: each of them becomes a job of its own."""

    file: int
    size_class: SizeClass
    items: int
    marks: tuple[Mark, ...]

    @property
    def seconds(self) -> float:
        return sum(mark.seconds for mark in self.marks)

    @property
    def bytes(self) -> int:
        return sum(mark.bytes for mark in self.marks)


class Crew(msgspec.Struct, frozen=True, kw_only=True):
    """The workers of a dataset: at most `workers` at once, each with `slots` connections."""

    workers: int
    slots: int


def size_class(size: int | None) -> SizeClass:
    if size is None:
        return "unsized"
    if size <= SMALL_ITEM:
        return "small"
    if size <= MEDIUM_ITEM:
        return "medium"
    return "multipart" if size <= MAX_UNIT_ITEM else "large"


def seconds_of(listed: Listed) -> float:
    """What an item takes of a worker."""
    if size_class(listed.item.size) == "large":
        return OPENING_SECONDS
    size = UNSIZED_BYTES if listed.item.size is None else listed.item.size
    return ITEM_SECONDS + size / LAMBDA_BYTES_PER_SECOND


def marks_of(items: Iterable[Listed]) -> tuple[Mark, ...]:
    """A mark at least every MARK_SECONDS of work."""
    found = list[Mark]()
    seconds, size, to = 0.0, 0, 0
    for to, listed in enumerate(items, 1):
        seconds += seconds_of(listed)
        size += listed.item.size or 0
        if seconds >= MARK_SECONDS:
            found.append(Mark(to, round(seconds, 3), size))
            seconds, size = 0.0, 0
    if seconds:
        found.append(Mark(to, round(seconds, 3), size))
    return tuple(found)


def crew_of(files: Sequence[ItemFile], schemes: Iterable[str], requested: int | None, most: int | None) -> Crew:
    """As many connections as the hosts of all sources bear, and no more workers than S3 takes the writes of.

    `requested` is the number of connections that the user wants, `most` that of workers that the stack allows.
    """
    schemes = set(schemes)
    usual = min((HOST_CONNECTIONS.get(scheme, 1) for scheme in schemes), default=1)
    connections = usual if requested is None else max(1, requested)
    slots = min(WORKER_COPIES if schemes == {"s3"} else OBJECT_CONNECTIONS, connections)
    workers = min(connections // slots, max(1, int(S3_WRITES_PER_SECOND / _writes_per_second(files))))
    return Crew(workers=max(1, min(workers, most or workers)), slots=slots)


def _writes_per_second(files: Sequence[ItemFile]) -> float:
    """Those of one worker at its best, which may be three times what it is counted on."""
    items, size = sum(file.items for file in files), sum(file.bytes for file in files)
    return items / max(items / WORKER_PUTS_PER_SECOND, size / LAMBDA_BYTES_PER_SECOND) if items else 1.0


def units(files: Sequence[ItemFile], workers: int) -> Iterator[ItemUnit]:
    """All items in units of equal work: the classes in turn, and small units last."""
    total = sum(file.seconds for file in files)
    longest = min(UNIT_SECONDS, max(LEAST_UNIT_SECONDS, total / workers))
    numbers = count()
    for file, first, to in _woven({kind: list(_cut(files, kind, longest)) for kind in CLASSES}):
        yield ItemUnit(u=next(numbers), file=file, first=first, to=to)


Lines = tuple[int, int, int]


def _cut(files: Sequence[ItemFile], kind: SizeClass, longest: float) -> Iterator[Lines]:
    """The lines of each file in pieces of at most `longest` seconds, or of one mark."""
    for file in files:
        if file.size_class != kind:
            continue
        first = to = 0
        seconds = 0.0
        for mark in file.marks:
            if to > first and seconds + mark.seconds > longest:
                yield file.file, first, to
                first, seconds = to, 0.0
            to, seconds = mark.to, seconds + mark.seconds
        if to > first:
            yield file.file, first, to


def _woven(by_class: dict[SizeClass, list[Lines]]) -> list[Lines]:
    order: list[tuple[float, int, Lines]] = []
    for rank, kind in enumerate(CLASSES):
        found = by_class.get(kind, [])
        share = 1.0 if kind == "small" else _BEGUN_BY
        order += [((at + 0.5) / len(found) * share, rank, lines) for at, lines in enumerate(found)]
    return [lines for _, _, lines in sorted(order)]
