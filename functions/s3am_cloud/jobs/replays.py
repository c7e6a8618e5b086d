"""Starting a job that has ended once more: it says whether the object is still there, and transfers nothing.

Who may start executions of the stack's machine may start every recorded job again, and needs no other right for it,
neither on the work bucket nor on the key: nothing of the job can be chosen anew, so that the same source goes to the
same destination with the options and secrets that were accepted, once, and a job that was cancelled stays cancelled.
"""

from __future__ import annotations

from s3am_cloud.checksums.crc64nvme import encode
from s3am_cloud.errors import ObjectGone, ObjectReplaced
from s3am_cloud.etags import plain
from s3am_cloud.model import Job, ObjectInfo, Receipt
from s3am_cloud.ports.transfer import Ports


def has_ended_well(job: Job, ports: Ports) -> bool:
    """Whether the job has nothing left to do. Raises ObjectGone or ObjectReplaced where it was done and the object is
    not the one that its report is about."""
    if job.state == "new":
        return False
    done = ports.jobs.report(job.id)
    if done is None or done.error is not None:
        return False
    info = ports.store.head(job.target)
    if info is None:
        raise ObjectGone(f"job {job.id} has ended, and {job.target} is not there any more")
    if done.state == "succeeded" and not _is_same(info, done):
        raise ObjectReplaced(f"{job.target} has another content than job {job.id} wrote")
    return True


def _is_same(info: ObjectInfo, done: Receipt) -> bool:
    """By the checksum of the whole, else by the ETag, which an encrypted object has anew each time."""
    if info.size != done.size:
        return False
    if info.full_object and info.crc is not None and done.checksum is not None:
        return encode(info.crc) == done.checksum
    return done.etag is None or plain(info.etag) == plain(done.etag)
