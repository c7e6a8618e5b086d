"""What another transfer did to this one's destination meanwhile: it finished the same object, wrote another one, or
discarded this one's upload.

The same content is a success, whoever wrote it. Anything else is an error that names who did it, as far as S3 and the
records say.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from s3am_cloud.checksums.crc64nvme import EMPTY, combine
from s3am_cloud.checksums.digests import PARTS_CRC, Crc
from s3am_cloud.errors import ChecksumMismatch, ObjectExists, ObjectReplaced, TransferError, UploadGone
from s3am_cloud.integrity.provenance import JOB
from s3am_cloud.model import Job, MovedPart, ObjectInfo, Part, PinnedSource, SourceInfo
from s3am_cloud.ports.transfer import Ports, Progress
from s3am_cloud.transfer.owners import owner_text
from s3am_cloud.transfer.remaining import missing_of
from s3am_cloud.transfer.steps.abort import abort
from s3am_cloud.urls import S3Url

ANOTHER = "another transfer"
Overtaken = UploadGone | ObjectExists


def made_by_another(
    job: Job, seen: Iterable[MovedPart], error: Overtaken, ports: Ports, progress: Progress
) -> ObjectInfo:
    """The object that another transfer has made with the content that this one was to write; this one's upload is
    discarded.

    `seen` are the parts of which this transfer knows the checksum; the others are read from the source. Raises an
    error of the same class as `error` where there is no such object.
    """
    target = job.target
    info = ports.store.head(target)
    if info is None or not _is_same(job, info, list(seen), ports, progress):
        raise overtaken_error(job, error, ports, info) from error
    if job.upload is not None:
        abort(job.upload, ports.store)
    return info


def replaced(job: Job, error: ChecksumMismatch, ports: Ports) -> TransferError:
    """What to raise where the object is another than this transfer has just written: ObjectReplaced where another
    transfer is known to have replaced it, `error` otherwise."""
    info = ports.store.head(job.target)
    # S3 itself compared the whole with its checksum before it made the object.
    checked = job.upload is not None and job.upload.full_object
    if info is None or not (checked or writer(job, info)):
        return error
    by = writer(job, info)
    return ObjectReplaced(
        f"{job.target} was written, and then replaced by {ANOTHER}{f' ({by})' if by else ''} with other content"
    )


def writer(job: Job, info: ObjectInfo) -> str | None:
    """Who wrote the object, None where its metadata say that this job did or nothing."""
    found = _stated_job(info)
    return found if found not in {None, job.id, job.resumes} else None


def may_be_made(job: Job, ports: Ports) -> bool:
    """Whether an object of the right size is there, so that looking at its content is worth it."""
    info = ports.store.head(job.target)
    return info is not None and job.info is not None and job.info.size in {None, info.size}


def _stated_job(info: ObjectInfo) -> str | None:
    return next((value for name, value in info.attributes.metadata.items() if name.lower() == JOB), None)


def _is_same(job: Job, info: ObjectInfo, seen: list[MovedPart], ports: Ports, progress: Progress) -> bool:
    """Whether the object has the size and the CRC64NVME of the source's pinned version."""
    if job.info is None or not info.full_object or info.crc is None or job.info.size not in {None, info.size}:
        return False
    known = job.due if job.due is not None else job.info.crc
    if known is None and not _is_readable(job.info, info.size, job, ports):
        return False
    return info.crc == (known if known is not None else _crc_of_source(job, job.info, seen, ports, progress))


def _is_readable(source: SourceInfo, size: int, job: Job, ports: Ports) -> bool:
    """Whether the source can be read for a comparison in the time that there is. What S3 would copy never passes
    through this process."""
    if source.once:
        return False
    in_time = ports.most_in_order is None or size <= ports.most_in_order
    return in_time and job.source.scheme != "s3"


def _crc_of_source(job: Job, info: SourceInfo, seen: list[MovedPart], ports: Ports, progress: Progress) -> int | None:
    """The CRC64NVME of the source's pinned version, None where it can't be read any more."""
    origin = PinnedSource(source=job.source, info=info)
    try:
        if job.plan is None or job.state == "stream" or not info.ranges:
            return _read_whole(origin, ports, progress)
        known = {part.number: part.crc for part in seen if part.crc is not None}
        lacking = missing_of(job.plan.parts(), known)
        connections = job.plan.slots * job.plan.concurrency
        known |= _read_parts(origin, lacking, connections, ports, progress)
    except TransferError:
        return None  # the caller reports what happened to the upload, which is why this was asked
    return combine((known.get(part.number, EMPTY), part.length) for part in job.plan.parts())


def _read_whole(origin: PinnedSource, ports: Ports, progress: Progress) -> int:
    running = Crc(PARTS_CRC)
    for data in ports.readers(origin, 1, progress).read():
        running.update(data)
    return running.value


def _read_parts(
    origin: PinnedSource, lacking: list[Part], connections: int, ports: Ports, progress: Progress
) -> dict[int, int]:
    if not lacking:
        return {}
    read = ports.readers(origin, max(1, connections), progress).digests(lambda: Crc(PARTS_CRC), lacking)
    return {part.number: crc.value for part, crc in read if isinstance(crc, Crc)}


def overtaken_error(job: Job, error: Overtaken, ports: Ports, info: ObjectInfo | None = None) -> TransferError:
    """The error that says what happened, to what, and by whom as far as anybody knows; `info` is of the object."""
    target = job.target
    stated = _stated_job(info) if info is not None else None
    by = f"{ANOTHER} ({stated})" if stated not in {None, job.id} else ANOTHER
    if isinstance(error, ObjectExists):
        return ObjectExists(f"{target} exists: {by} wrote other content there while this one ran")
    began = _began_anew(target, job, ports)
    if began is not None:
        return UploadGone(
            f"the upload of {target} was aborted by another transfer, which started again: {began}",
            "wait until that transfer has ended",
        )
    if info is not None and job.request.exists != "overwrite":
        return UploadGone(
            f"{by} wrote other content to {target}, and the upload of this one is gone",
            "compare the two sources; --exists overwrite replaces the object",
        )
    return UploadGone(
        f"the upload of {target} was cancelled by another: somebody discarded it, or replaced the object, while this "
        "transfer ran",
        "start the transfer again if it is still needed",
    )


def _began_anew(target: S3Url, job: Job, ports: Ports) -> str | None:
    """Which transfer has an unfinished upload of the object now; None where none has, or nobody may look."""
    try:
        others = [one for one in ports.store.unfinished(target) if job.upload is None or one != job.upload.upload_id]
        found = [ports.jobs.find(target, one) for one in others]
    except TransferError:
        return None
    named = [owner_text(other, ports) for other in found if other is not None]
    return (named[0] if named else "one of another tool or machine") if others else None


def finished_by(job: Job, info: ObjectInfo) -> str:
    """The transfer that finished the object instead of this one."""
    return writer(job, info) or ANOTHER


def without_withdrawal(job: Job) -> Job:
    """The job, which must not delete an object that is another's."""
    return msgspec.structs.replace(job, request=msgspec.structs.replace(job.request, keep_mismatch=True))
