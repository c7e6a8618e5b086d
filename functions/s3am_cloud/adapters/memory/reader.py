"""Readers of the world in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from s3am_cloud.adapters.memory.transfer import MemorySource, MemoryStore
from s3am_cloud.checksums.digests import Digest
from s3am_cloud.limits import MAX_PIECE
from s3am_cloud.model import Part, PinnedSource, Plan
from s3am_cloud.ports.transfer import OrderedReader, Progress


class MemoryReaders:
    """Makes readers of a source's contents and of a store's objects."""

    def __init__(self, source: MemorySource, store: MemoryStore) -> None:
        self._source, self._store = source, store

    def __call__(
        self, origin: PinnedSource, slots: int, progress: Progress, part_size: int | None = None
    ) -> OrderedReader:
        place = self._store if origin.source.scheme == "s3" else self._source
        return MemoryReader(origin, place.read, progress, part_size or MAX_PIECE)


class MemoryReader:
    """An `OrderedReader`. Digests come in the reverse order, as nobody may rely on any."""

    def __init__(
        self, origin: PinnedSource, content: Callable[[PinnedSource, Part], bytes], progress: Progress, piece: int
    ) -> None:
        self._origin, self._content, self._progress = origin, content, progress
        size = origin.info.size or 0
        self._parts = list(Plan(size=size, part_size=piece).parts()) if size else []

    def read(self) -> Iterator[memoryview]:
        return (memoryview(self._piece(part)) for part in self._parts)

    def digests(self, new: Callable[[], Digest], ranges: Iterable[Part] | None = None) -> Iterator[tuple[Part, Digest]]:
        for part in reversed(self._parts if ranges is None else list(ranges)):
            digest = new()
            digest.update(self._piece(part))
            yield part, digest

    def _piece(self, part: Part) -> bytes:
        data = self._content(self._origin, part)
        self._progress(len(data))
        return data
