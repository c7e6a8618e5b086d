"""Whether bytes have the digest that they are held to, and the headers by which S3 compares it too."""

from __future__ import annotations

import base64

from s3am_cloud.checksums.crc64nvme import encode
from s3am_cloud.checksums.digests import Expected
from s3am_cloud.errors import NotAsExpected, TransferError

CRC_HEADER = "x-amz-checksum-crc64nvme"
# What S3 compares a body with ("Checking object integrity", Amazon S3 user guide), by our names of the algorithms.
_HEADERS = {
    "md5": "Content-MD5",
    "sha1": "x-amz-checksum-sha1",
    "sha256": "x-amz-checksum-sha256",
    "crc32": "x-amz-checksum-crc32",
    "crc32c": "x-amz-checksum-crc32c",
    "crc64nvme": CRC_HEADER,
}


def is_enforced(expected: Expected) -> bool:
    """Whether S3 itself refuses a body with another digest."""
    return expected.algorithm in _HEADERS


def checksum_headers(crc: int, expected: Expected | None) -> dict[str, str]:
    """A request takes one `x-amz-checksum-...`; an MD5 has a header of its own, beside which S3 keeps the CRC64NVME."""
    own = {CRC_HEADER: encode(crc)}
    header = _HEADERS.get(expected.algorithm) if expected is not None else None
    if expected is None or header is None:
        return own
    named = {header: base64.b64encode(bytes.fromhex(expected.digest)).decode()}
    return {**own, **named} if expected.algorithm == "md5" else named


def digest_error(expected: Expected, found: str, name: str) -> TransferError | None:
    if found == expected.digest:
        return None
    return NotAsExpected(f"{name} has the {expected.algorithm} {found}, where {expected.digest} is expected")
