"""CRC64NVME: running over bytes as they arrive, and combined from the parts of a whole.

The algorithm is the CRC-64/NVME of the NVM Express specification; its check value, over b"123456789", is
0xAE8B14860A799888. S3 writes it as the base64 of its eight bytes, most significant first.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

from awscrt.checksums import combine_crc64nvme, crc64nvme

ALGORITHM = "CRC64NVME"
EMPTY = 0


def update(crc: int, data: bytes | bytearray | memoryview) -> int:
    """The CRC of what `crc` covers followed by `data`."""
    return int(crc64nvme(data, crc))


def combine(parts: Iterable[tuple[int, int]]) -> int:
    """The CRC of a whole from (crc, length in bytes) of its parts, in their order."""
    whole = EMPTY
    for crc, length in parts:
        whole = int(combine_crc64nvme(whole, crc, length))
    return whole


def encode(crc: int) -> str:
    """As S3 writes it."""
    return base64.b64encode(crc.to_bytes(8, "big")).decode("ascii")


def decode(text: str) -> int:
    """Raises ValueError where `text` is not the base64 of eight bytes."""
    raw = base64.b64decode(text, validate=True)
    if len(raw) != 8:
        raise binascii.Error(f"a CRC64NVME has 8 bytes, not {len(raw)}")
    return int.from_bytes(raw, "big")
