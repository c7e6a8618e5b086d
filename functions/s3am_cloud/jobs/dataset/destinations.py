"""The destinations of millions of items: which of them occur twice, and which file of items has one.

Each is 44 bits of a digest and the number of its file: 40 MB for five million. Two destinations may have the same bits,
so whoever asks looks into the files.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from hashlib import blake2b
from itertools import groupby

_FILE_BITS = 20
_FILES = (1 << _FILE_BITS) - 1
# Sorting a tenth of a million numbers takes a few MB.
_BUCKET_BITS = 6


def digest_of(destination: str) -> int:
    """64 bits of a digest, of which the last have no meaning."""
    return int.from_bytes(blake2b(destination.encode(), digest_size=8).digest(), "big") & ~_FILES


class Destinations:
    """Added to first, then asked."""

    def __init__(self) -> None:
        self._buckets = [array("Q") for _ in range(1 << _BUCKET_BITS)]
        self._sorted = False

    def add(self, destination: str, file: int) -> None:
        self._add(digest_of(destination) | file)

    def extend(self, encoded: bytes) -> None:
        """Adds what was `encoded`."""
        for entry in array("Q", encoded):
            self._add(entry)

    def _add(self, entry: int) -> None:
        self._bucket(entry).append(entry)
        self._sorted = False

    def encoded(self) -> bytes:
        return b"".join(bucket.tobytes() for bucket in self._buckets)

    def repeated(self) -> Iterator[tuple[int, set[int]]]:
        """The digests that occur more than once, each with the files that have it."""
        self._sort()
        for bucket in self._buckets:
            for digest, same in groupby(bucket, lambda entry: entry & ~_FILES):
                files = [entry & _FILES for entry in same]
                if len(files) > 1:
                    yield digest, set(files)

    def files_of(self, destination: str) -> list[int]:
        """The files that may have an item with this destination."""
        self._sort()
        digest = digest_of(destination)
        bucket = self._bucket(digest)
        at, found = bisect_left(bucket, digest), list[int]()
        while at < len(bucket) and bucket[at] & ~_FILES == digest:
            found.append(bucket[at] & _FILES)
            at += 1
        return found

    def _sort(self) -> None:
        if not self._sorted:
            self._buckets = [array("Q", sorted(bucket)) for bucket in self._buckets]
            self._sorted = True

    def _bucket(self, entry: int) -> array[int]:
        return self._buckets[entry >> (64 - _BUCKET_BITS)]
