"""Reading a local file from end to end, with the kernel fetching ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from s3am_cloud.adapters.files.local_file import PinnedFile
from s3am_cloud.checksums.digests import Digest
from s3am_cloud.limits import MAX_OBJECT, MIB, READ_AHEAD
from s3am_cloud.model import Part, PinnedSource
from s3am_cloud.ports.transfer import Progress


class FileReader:
    """An `OrderedReader` of a local file: the kernel's own read-ahead takes the place of connections.

    One of unknown size is read to its end."""

    def __init__(self, origin: PinnedSource, progress: Progress) -> None:
        size = origin.info.size
        self._origin, self._size, self._progress = origin, MAX_OBJECT if size is None else size, progress

    def read(self) -> Iterator[memoryview]:
        return self._read(0, self._size)

    def digests(self, new: Callable[[], Digest], ranges: Iterable[Part] | None = None) -> Iterator[tuple[Part, Digest]]:
        for part in [Part(1, 0, self._size)] if ranges is None else ranges:
            digest = new()
            for chunk in self._read(part.first, part.last + 1):
                digest.update(chunk)
            yield part, digest

    def _read(self, first: int, end: int) -> Iterator[memoryview]:
        file = PinnedFile(self._origin.source.url, self._origin.info)
        try:
            yield from self._chunks(file, first, end)
            changed = file.change_error()
            if changed is not None:
                raise changed
        finally:
            file.close()

    def _chunks(self, file: PinnedFile, first: int, end: int) -> Iterator[memoryview]:
        while first < end:
            if first % READ_AHEAD < MIB:
                file.ahead(first, 2 * READ_AHEAD)
            data = file.read(first, min(MIB, end - first))
            if not data:
                return
            first += len(data)
            self._progress(len(data))
            yield memoryview(data)
