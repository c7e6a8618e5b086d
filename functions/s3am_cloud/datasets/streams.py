"""Bytes that come in pieces, as a file that others read from."""

from __future__ import annotations

import io
from collections.abc import Iterator

_BUFFER = 1 << 16


class _Pieces(io.RawIOBase):
    def __init__(self, pieces: Iterator[memoryview]) -> None:
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = bytes(piece)
        count = min(len(view), len(self._rest))
        view[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def stream_of(pieces: Iterator[memoryview]) -> io.BufferedReader:
    """Reading raises what the pieces raise."""
    return io.BufferedReader(_Pieces(pieces), _BUFFER)
