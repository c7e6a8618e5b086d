"""Content that the test servers serve: held bytes, or a pattern made on demand at any offset."""

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from awscrt import checksums

Data = bytes | bytearray | memoryview
"""Bytes of any sort that a socket or a file takes."""

BLOCK = 1 << 20
"""Bytes read, written and sent at a time."""

PERIOD = (1 << 20) - 3
"""Length of a pattern's blocks: a prime, so that no power of two is a whole number of them."""


class Content(Protocol):
    """What a resource holds, readable at any offset."""

    @property
    def size(self) -> int:
        """Size in bytes."""
        ...

    def read(self, first: int, length: int) -> Data:
        """The `length` bytes from offset `first`; fewer where the content ends."""
        ...


@dataclass(frozen=True)
class Held:
    """Bytes in memory, served without a copy."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, first: int, length: int) -> memoryview:
        return memoryview(self.data)[first : first + length]


@lru_cache(maxsize=16)
def _base_block(seed: int) -> bytes:
    return random.Random(seed).randbytes(PERIOD)


@dataclass(frozen=True)
class Pattern:
    """Pseudo-random bytes that are a function of seed and offset, so that any size can be served from a megabyte.

    Every block carries its number, so that two ranges put in each other's place never look alike.
    """

    size: int
    seed: int = 0

    def read(self, first: int, length: int) -> bytes:
        last = min(first + length, self.size)
        return b"".join(self._pieces(first, last))

    def _pieces(self, first: int, last: int) -> Iterator[bytes]:
        base = _base_block(self.seed)
        while first < last:
            number, start = divmod(first, PERIOD)
            stop = min(PERIOD, start + last - first)
            mark = (number ^ int.from_bytes(base[:8], "big")).to_bytes(8, "big")
            yield mark[start:stop] + base[max(start, 8) : stop]
            first += stop - start


def pattern(size: int, seed: int = 0) -> bytes:
    """`size` bytes that look random and are the same in every run; equal to what `Pattern(size, seed)` serves."""
    return Pattern(size, seed).read(0, size)


def as_content(data: bytes | Content) -> Content:
    """The data itself if it is content already, else bytes made content."""
    return Held(data) if isinstance(data, bytes) else data


def blocks(content: Content, first: int = 0, length: int | None = None) -> Iterator[Data]:
    """The bytes of a range (default: all), in order, at most `BLOCK` at a time."""
    end = content.size if length is None else first + length
    for start in range(first, end, BLOCK):
        yield content.read(start, min(BLOCK, end - start))


def crc64nvme(data: bytes | Content) -> str:
    """CRC64NVME as S3 writes it (base64 of 8 bytes, big-endian): the tests' own oracle."""
    crc = 0
    for block in blocks(as_content(data)):
        crc = checksums.crc64nvme(bytes(block), crc)
    return base64.b64encode(crc.to_bytes(8, "big")).decode()


def write_file(data: bytes | Content, path: Path) -> Path:
    """Write content into a file, block by block, and give the path back."""
    with path.open("wb") as file:
        for block in blocks(as_content(data)):
            file.write(block)
    return path


@dataclass(frozen=True)
class Flipped:
    """Other content with one bit turned over."""

    content: Content
    at: int
    bit: int = 0

    @property
    def size(self) -> int:
        return self.content.size

    def read(self, first: int, length: int) -> Data:
        data = self.content.read(first, length)
        if not first <= self.at < first + length:
            return data
        changed = bytearray(data)
        changed[self.at - first] ^= 1 << self.bit
        return changed
