"""What the store shows of the object that was just written, and what becomes of one that is not what was sent."""

from __future__ import annotations

from collections.abc import Sequence

from s3am_cloud.errors import AccessDenied, ChecksumMismatch
from s3am_cloud.etags import plain
from s3am_cloud.integrity.after_commit import withdrawn
from s3am_cloud.model import Job, MovedPart, ObjectInfo, SourceInfo
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.steps.verify import verify
from s3am_cloud.urls import S3Url

_FRAMED = (
    "the store may keep the framing of aws-chunked bodies as if it were content: use a store that supports trailing "
    "checksums, or a newer version of it"
)


def confirmed_object(job: Job, target: S3Url, seen: Sequence[MovedPart], crc: int | None, ports: Ports) -> ObjectInfo:
    """The object as the store has it now, or as the store's answers to its parts describe it to users who may not look.

    Raises ChecksumMismatch, with the object deleted again if it is the one that was put.
    """
    size = job.plan.size if job.plan else 0
    try:
        info = verify(target, size, crc, ports.store, ports.clock, replaced=job.request.exists == "overwrite")
        _check_answer(job, target, seen)
    except AccessDenied as error:
        if not _is_shown(job, seen):
            raise AccessDenied(f"{target} was written, but nothing shows that it is right: {error.message}") from error
        granted = job.upload is not None and job.upload.full_object
        etag = seen[0].etag if job.state == "put" else ""
        return ObjectInfo(size=size, etag=etag, crc=crc, full_object=granted)
    except ChecksumMismatch as error:
        raise _without_the_spoiled(job, target, seen, error, ports) from error
    return info


def is_proven(job: Job, seen: Sequence[MovedPart], info: ObjectInfo) -> bool:
    """Whether anything but the size shows that the object is what was sent."""
    copied = job.source.scheme == "s3"
    return copied or info.full_object or not seen or _is_shown(job, seen)


def _check_answer(job: Job, target: S3Url, seen: Sequence[MovedPart]) -> None:
    if job.state == "put" and seen and seen[0].shown is False:
        raise ChecksumMismatch(f"{target} has other bytes than were sent")


def _is_shown(job: Job, seen: Sequence[MovedPart]) -> bool:
    """By the checksum of the whole, which a store that granted one has compared, or by its answers to all parts."""
    if job.upload is not None and job.upload.full_object:
        return True
    return bool(seen) and all(part.shown for part in seen)


def _without_the_spoiled(
    job: Job, target: S3Url, seen: Sequence[MovedPart], error: ChecksumMismatch, ports: Ports
) -> ChecksumMismatch:
    if job.state != "put" or job.request.keep_mismatch or not seen:
        return error
    info = ports.store.head(target)
    if info is None or not seen[0].etag or plain(info.etag) != plain(seen[0].etag):
        return error  # what is there now is somebody else's
    put = SourceInfo(size=info.size, ranges=True, etag=info.etag, version=info.version_id)
    ended = withdrawn(error, target, put, ports.store)
    return ChecksumMismatch(ended.message, _FRAMED if info.size > seen[0].length else None)
