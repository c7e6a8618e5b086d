"""The bytes between a GET and the PUT that they go to: a queue of bounded size."""

from __future__ import annotations

from collections import deque

from s3am_cloud.limits import WINDOW


class Window:
    """Holds chunks as they came, so that no byte is copied that fits the receiver's buffer."""

    def __init__(self, limit: int = WINDOW) -> None:
        self._limit = limit
        self._chunks: deque[bytes] = deque()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def full(self) -> bool:
        return self._size >= self._limit

    @property
    def low(self) -> bool:
        """Whether it is worth waking whoever fills it."""
        return self._size <= self._limit // 2

    def put(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)

    def take(self, most: int) -> bytes:
        """Up to `most` bytes from the front, empty where there are none."""
        if not self._chunks:
            return b""
        first = self._chunks.popleft()
        if len(first) > most:
            self._chunks.appendleft(first[most:])
            first = first[:most]
        elif len(first) < most and self._chunks:
            first = self._join(first, most)
        self._size -= len(first)
        return first

    def clear(self) -> None:
        self._chunks.clear()
        self._size = 0

    def _join(self, first: bytes, most: int) -> bytes:
        chunks, size = [first], len(first)
        while self._chunks and size + len(self._chunks[0]) <= most:
            chunk = self._chunks.popleft()
            chunks.append(chunk)
            size += len(chunk)
        return b"".join(chunks)
