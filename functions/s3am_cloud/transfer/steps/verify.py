"""Ask the store again, and compare with what was sent."""

from __future__ import annotations

from s3am_cloud.checksums.crc64nvme import encode
from s3am_cloud.errors import ChecksumMismatch
from s3am_cloud.limits import SEEN_SECONDS
from s3am_cloud.model import ObjectInfo
from s3am_cloud.ports.transfer import Clock, ObjectStore
from s3am_cloud.urls import S3Url

_FIRST_WAIT = 0.25


def verify(
    target: S3Url, size: int, crc: int | None, store: ObjectStore, clock: Clock, replaced: bool = False
) -> ObjectInfo:
    """The object as the store has it now, which has this size and, where the store says it, this CRC64NVME.

    Some stores show an object, or with `replaced` a new version of it, only after a moment: they are asked again.
    Raises ChecksumMismatch.
    """
    deadline, wait = clock.monotonic() + SEEN_SECONDS, _FIRST_WAIT
    while True:
        info = store.head(target)
        error = _error(info, target, size, crc)
        if info is not None and error is None:
            return info
        if error is not None and ((info is not None and not replaced) or clock.monotonic() >= deadline):
            raise error
        clock.sleep(wait)
        wait *= 2


def _error(info: ObjectInfo | None, target: S3Url, size: int, crc: int | None) -> ChecksumMismatch | None:
    if info is None:
        return ChecksumMismatch(f"{target} is not there {SEEN_SECONDS:.0f} s after it was written")
    if info.size != size:
        return ChecksumMismatch(f"{target} has {info.size:,} bytes where {size:,} were sent")
    if crc is not None and info.full_object and info.crc != crc:
        return ChecksumMismatch(f"{target} has another CRC64NVME than the {encode(crc)} that was sent")
    return None
