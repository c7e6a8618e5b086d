"""Checksums by name: what hashlib offers, and the CRCs of S3.

A CRC of a whole can be combined from the CRCs of its pieces, so its bytes may be read in any order; a hash needs them
in theirs. The engine's own CRC64NVME is in `checksum`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec
from awscrt.checksums import combine_crc32, combine_crc32c, combine_crc64nvme, crc32, crc32c, crc64nvme

from s3am_cloud.errors import UnknownChecksum, Usage

# S3AM's default for `verify`.
DEFAULT = "md5"
_COMMON = ("md5", "sha1", "sha256", "sha512", "blake2b", "crc64nvme", "crc32c", "crc32")

PARTS_CRC = "crc64nvme"


class Digest(Protocol):
    """A checksum that runs over bytes as they come."""

    def update(self, data: bytes | memoryview, /) -> None: ...

    def hexdigest(self) -> str:
        """In lower case, two digits for each of its bytes."""


class _Kind(msgspec.Struct, frozen=True):
    size: int
    update: Callable[[bytes | memoryview, int], int]
    combine: Callable[[int, int, int], int]


_CRCS = {
    "crc64nvme": _Kind(8, crc64nvme, combine_crc64nvme),
    "crc32c": _Kind(4, crc32c, combine_crc32c),
    "crc32": _Kind(4, crc32, combine_crc32),
}


class Crc:
    """A running CRC: CRC-64/NVME, CRC-32C (RFC 3720) or CRC-32 (RFC 1952), as hexadecimal its value's own digits."""

    def __init__(self, name: str, value: int = 0) -> None:
        self._kind = _CRCS[name]
        self.value = value

    def update(self, data: bytes | memoryview, /) -> None:
        self.value = int(self._kind.update(data, self.value))

    def append(self, value: int, length: int) -> None:
        """Goes on as if `length` bytes whose CRC is `value` had come."""
        self.value = int(self._kind.combine(self.value, value, length))

    def hexdigest(self) -> str:
        return self.value.to_bytes(self._kind.size, "big").hex()


class Expected(msgspec.Struct, frozen=True):
    """A checksum that content must have: its algorithm by our name, its hexadecimal digits in lower case."""

    algorithm: str
    digest: str
    # Whether the source states it, and not the user.
    by_source: bool = False

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.digest}"


def algorithm(text: str) -> str:
    """Our name of an algorithm, whatever its case, with or without a dash. Raises UnknownChecksum."""
    name = text.lower()
    for known in (name, name.replace("-", ""), name.replace("-", "_")):
        if combinable(known) or _hash(known) is not None:
            return known
    raise UnknownChecksum(f"unknown checksum type {text!r}", f"use one of {', '.join(_COMMON)}")


def combinable(name: str) -> bool:
    """Whether the checksum of a whole can be had from those of its pieces."""
    return name in _CRCS


def new(name: str) -> Digest:
    """A digest of nothing yet, by our name. Raises UnknownChecksum."""
    known = algorithm(name)
    return Crc(known) if combinable(known) else hashlib.new(known, usedforsecurity=False)


def combined(name: str, pieces: Iterable[tuple[int, int]]) -> str:
    """The hexadecimal CRC of a whole from (value, length in bytes) of its pieces, in their order."""
    whole = Crc(name)
    for value, length in pieces:
        whole.append(value, length)
    return whole.hexdigest()


def parse_expect(text: str) -> Expected:
    """`ALGORITHM:VALUE`. Raises UnknownChecksum, and Usage where the value can't be one of that algorithm."""
    name, colon, value = text.partition(":")
    if not colon:
        raise Usage(f"{text!r} names no algorithm", "write ALGORITHM:VALUE, such as sha256:2c26b46b...")
    return expected(name, value)


def held_value(name: str | None, value: str | None) -> Expected | None:
    """What `--checksum` and `--expect` say together: the value alone, of that algorithm, or after its own's name.

    Raises Usage where the two name different algorithms, and what `parse_expect` does.
    """
    if value is None:
        return None
    if ":" not in value:
        return expected(name or DEFAULT, value)
    found = parse_expect(value)
    if name is not None and algorithm(name) != found.algorithm:
        raise Usage(f"{found.algorithm} is expected where {name} is asked for", "name one of them")
    return found


def expected(name: str, value: str) -> Expected:
    """What content must have by this algorithm: hexadecimal digits, or base64 as S3 writes checksums."""
    known = algorithm(name)
    size = len(new(known).hexdigest()) // 2
    raw = _from_hex(value, size) or _from_base64(value, size)
    if raw is None:
        raise Usage(
            f"{value!r} is no {known} checksum", f"one has {2 * size} hexadecimal digits, or is base64 as S3 writes it"
        )
    return Expected(known, raw.hex())


def _hash(name: str) -> int | None:
    """How many bytes hashlib's digest of this name has, None where it has none."""
    # A shake has any length that it is asked for, so it has no one value to compare.
    if name.startswith("shake") or name not in hashlib.algorithms_available:
        return None
    try:
        return hashlib.new(name, usedforsecurity=False).digest_size
    except ValueError:  # OpenSSL lists some that it is not built or allowed to run
        return None


def _from_hex(value: str, size: int) -> bytes | None:
    try:
        raw = bytes.fromhex(value)
    except ValueError:
        return None
    return raw if len(raw) == size and len(value) == 2 * size else None


def _from_base64(value: str, size: int) -> bytes | None:
    try:
        raw = base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        return None
    return raw if len(raw) == size else None
