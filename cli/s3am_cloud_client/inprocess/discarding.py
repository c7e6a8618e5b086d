"""Discards unfinished uploads, and what is recorded of them on this machine."""

from __future__ import annotations

from s3am_cloud.model import Job
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.steps.abort import abort
from s3am_cloud.urls import S3Url
from s3am_cloud_client.inprocess.part_journal import notes_of


def cancel_uploads(target: S3Url, prefix: bool, ports: Ports) -> int:
    """Aborts the unfinished uploads of an object, or of all whose keys begin so, and returns how many there were."""
    found = list(ports.store.unfinished_below(target))
    wanted = [upload for upload in found if prefix or upload.target == target]
    for upload in wanted:
        abort(upload, ports.store)
        job = ports.jobs.find(upload.target, upload.upload_id)
        if job is not None:
            forget(job, ports)
    return len(wanted)


def forget(job: Job, ports: Ports) -> None:
    """Removes what is kept here of a transfer: its upload is completed or aborted."""
    ports.jobs.forget(job)
    if job.upload is not None:
        notes_of(job.upload).forget()
