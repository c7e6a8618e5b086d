"""Whether bytes have the digest that they are held to, and the headers by which S3 compares or states it too."""

from __future__ import annotations

import base64

from s3am_cloud.adapters.curl.transport.easy import Response
from s3am_cloud.adapters.s3.stored_checksums import stored_checksums
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


# What boto3 calls the headers of an answer by which S3 states what the content is.
_STATED = {
    "x-amz-checksum-type": "ChecksumType",
    "x-amz-checksum-crc64nvme": "ChecksumCRC64NVME",
    "x-amz-checksum-crc32c": "ChecksumCRC32C",
    "x-amz-checksum-crc32": "ChecksumCRC32",
    "x-amz-checksum-sha256": "ChecksumSHA256",
    "x-amz-checksum-sha1": "ChecksumSHA1",
    "ETag": "ETag",
    "x-amz-server-side-encryption": "ServerSideEncryption",
    "x-amz-server-side-encryption-customer-algorithm": "SSECustomerAlgorithm",
    "x-amz-storage-class": "StorageClass",
}
# The cheapest to compute first.
_BEST = ("crc64nvme", "crc32c", "crc32", "sha1", "sha256", "md5")


def stated_checksum(response: Response) -> Expected | None:
    """The checksum of the whole object that S3's answer to a GET states. Raises ValueError for one that is none."""
    answer = {name: value for header, name in _STATED.items() if (value := response.header(header)) is not None}
    found = stored_checksums(answer)
    best = next((algorithm for algorithm in _BEST if algorithm in found), None)
    return None if best is None else Expected(best, found[best], by_source=True)


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
