"""What datasets keep, in memory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from s3am_cloud.adapters.records.dataset_files import StoredDatasetFiles
from s3am_cloud.ports.transfer import Clock


class MemoryDocuments:
    """Documents in a dictionary. `reads` are the names of those that were read, in that order."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.reads: list[str] = []

    @property
    def bucket(self) -> None:
        return None

    def read(self, name: str) -> bytes | None:
        self.reads.append(name)
        return self.kept.get(name)

    def write(self, name: str, data: bytes) -> None:
        self.kept[name] = data

    def create(self, name: str, data: bytes) -> bool:
        if name in self.kept:
            return False
        self.kept[name] = data
        return True

    def remove(self, name: str) -> None:
        self.kept.pop(name, None)

    def names(self, prefix: str) -> Iterator[str]:
        yield from sorted(name for name in self.kept if name.startswith(prefix))

    def pieces(self, name: str) -> Iterator[bytes] | None:
        data = self.read(name)
        return None if data is None else iter([data])

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes]]:
        file = io.BytesIO()
        yield file
        self.kept[name] = file.getvalue()

    def address(self, name: str) -> str:
        return f"memory:{name}"


def memory_dataset_files(clock: Clock) -> StoredDatasetFiles:
    """`DatasetFiles` that nobody else sees."""
    return StoredDatasetFiles(MemoryDocuments(), clock)
