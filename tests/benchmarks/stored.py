"""What the benchmarks' server knows of an object."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path

from awscrt.checksums import crc64nvme


@dataclass
class Stored:
    """An object: its bytes are a file's, or were only counted."""

    size: int
    crc: int
    file: Path | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        # With a dash, so that nobody takes it for an MD5.
        return f'"{self.crc:032x}-1"'

    @property
    def checksum(self) -> str:
        return base64.b64encode(self.crc.to_bytes(8, "big")).decode()


def crc_of(file: Path, first: int, length: int) -> int:
    """CRC64NVME of `length` bytes from offset `first`."""
    crc, left = 0, length
    with file.open("rb") as opened:
        opened.seek(first)
        while left:
            data = opened.read(min(1 << 20, left))
            crc = crc64nvme(data, crc)
            left -= len(data)
    return crc
