"""What an earlier try of the same task left behind: a function may die between S3's answer and its own record.

So nothing is taken for somebody else's before it is compared with what this job would have made itself:

    an upload without a record and parts, not older than the job   was opened by the try that died before its record
    an upload that is gone                                         was completed, if the object is what was due
    an object that exists                                          was put, if it is what the source sends
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from s3am_cloud.checksums.digests import PARTS_CRC, Crc
from s3am_cloud.errors import JobCancelled, ObjectExists
from s3am_cloud.limits import CLOCK_SKEW_SECONDS
from s3am_cloud.model import Job, MovedPart, PinnedSource, Plan
from s3am_cloud.ports.transfer import ObjectStore, Ports
from s3am_cloud.transfer.pipeline import move
from s3am_cloud.transfer.steps.abort import abort
from s3am_cloud.transfer.stored_parts import was_completed


def own_upload(job: Job, ports: Ports) -> str | None:
    """The upload that a job continues: that of the job it resumes, or the one that its own first try opened."""
    if job.upload is not None:
        return job.upload.upload_id
    if not job.begun or job.request.force:
        return None
    where = job.target
    existing = ports.store.unfinished(where)
    if len(existing) != 1 or ports.jobs.find(where, existing[0]) is not None or _is_older(existing[0], job, ports):
        return None
    return None if any(True for _ in ports.store.parts(ports.store.find(where, existing[0]))) else existing[0]


def _is_older(upload_id: str, job: Job, ports: Ports) -> bool:
    """Whether an upload was begun before the job was recorded, by clocks that may differ a little: then it is another
    transfer's, which may be about to send its first part."""
    found = [one.initiated for one in ports.store.unfinished_below(job.target) if one.upload_id == upload_id]
    recorded = datetime.fromisoformat(job.created) - timedelta(seconds=CLOCK_SKEW_SECONDS)
    return any(began is not None and datetime.fromisoformat(began) < recorded for began in found)


def is_made(job: Job, store: ObjectStore) -> bool:
    """Whether the object is there that the job was about to make of its upload when it died."""
    if job.upload is None or job.plan is None or job.due is None:
        return False
    return was_completed(job.upload, job.plan.size, job.due, store)


def put(job: Job, plan: Plan, ports: Ports) -> Iterable[MovedPart]:
    """Puts a small object; the part of one that exists already says what it has to be (`finish` compares it)."""
    try:
        return list(move(job, plan.parts(), 1, ports, lambda count: None))
    except ObjectExists:
        crc = _crc_of_source(job, plan, ports)
        if crc is None:
            raise
        return [MovedPart(1, plan.size, crc)]


def cancelled(job_id: str, ports: Ports) -> bool:
    return ports.coordination is not None and ports.coordination.cancelled(job_id)


def stop_if_cancelled(job: Job, ports: Ports) -> None:
    """Raises JobCancelled, with the job's upload discarded.

    Stopping an execution stops no function. Whoever opens an upload therefore looks for the notice after its record is
    written, and whoever cancels looks for the record after the notice is: one of them sees the other.
    """
    if not cancelled(job.id, ports):
        return
    if job.upload is not None:
        abort(job.upload, ports.store)
    raise JobCancelled(f"job {job.id} was cancelled")


def _crc_of_source(job: Job, plan: Plan, ports: Ports) -> int | None:
    """The CRC64NVME of a small source as it is now; None where a large one would have to be read for it."""
    if job.info is None:
        return None
    source = job.source
    if job.info.crc is not None or source.scheme == "s3":
        return job.info.crc
    reader = ports.readers(PinnedSource(source=source, info=job.info), 1, lambda count: None)
    [(_, digest)] = reader.digests(lambda: Crc(PARTS_CRC), list(plan.parts()))
    return digest.value if isinstance(digest, Crc) else None


def begun(job: Job, execution: str, ports: Ports) -> Job:
    """The job as it is recorded before it is prepared: a second try knows by it that there was a first."""
    started = msgspec.structs.replace(job, execution=execution, begun=True)
    ports.jobs.save(started)
    return started
