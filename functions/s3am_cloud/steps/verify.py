"""Ask the store again, and compare with what was sent."""

from __future__ import annotations

from s3am_cloud.checksum import encode
from s3am_cloud.errors import ChecksumMismatch
from s3am_cloud.model import ObjectInfo, Proof
from s3am_cloud.ports import ObjectStore
from s3am_cloud.urls import S3Url


def verify(target: S3Url, size: int, crc: int | None, store: ObjectStore) -> ObjectInfo:
    """The object as the store has it now, which has this size and, where the store tells it, this CRC64NVME.

    Raises ChecksumMismatch.
    """
    info = store.head(target)
    if info is None:
        raise ChecksumMismatch(f"{target} is not there after it was written")
    if info.size != size:
        raise ChecksumMismatch(f"{target} has {info.size:,} bytes where {size:,} were sent")
    if crc is not None and info.full_object and info.crc != crc:
        raise ChecksumMismatch(f"{target} has another CRC64NVME than the {encode(crc)} that was sent")
    return info


def proof(info: ObjectInfo) -> Proof:
    """Which checksum the store holds the object by."""
    return "full-object" if info.full_object else "per-part"
