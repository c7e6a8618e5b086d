"""What the parts that a failed job left in S3 cost until they are discarded, for its report and its event."""

from __future__ import annotations

from datetime import datetime

import msgspec

from s3am_cloud.amounts import rounded
from s3am_cloud.costs.storage import storage_cost
from s3am_cloud.errors import TransferError, UploadGone
from s3am_cloud.model import Job, Receipt
from s3am_cloud.ports.transfer import Ports


def with_unfinished_cost(report: Receipt, job: Job, ports: Ports) -> Receipt:
    """The report of a job whose upload is kept, with the bytes in it and what storing them costs until it expires."""
    if job.upload is None or report.unfinished_upload is None or report.expires is None:
        return report
    size = _stored_bytes(job, ports)
    seconds = (datetime.fromisoformat(report.expires) - ports.clock.now()).total_seconds()
    dollars = storage_cost(size, seconds, job.request.attributes.storage_class)
    return msgspec.structs.replace(report, unfinished_bytes=size, unfinished_cost_usd=rounded(dollars))


def _stored_bytes(job: Job, ports: Ports) -> int:
    """By S3's list of parts. Where that can't be read, as it may need a customer's key, by what this job's workers
    noted: what an earlier job sent that this one continued is then missing."""
    if job.upload is None:
        return 0
    try:
        return sum(part.length for part in ports.store.parts(job.upload))
    except UploadGone:
        return 0
    except TransferError:
        return sum(tally.bytes for tally in ports.jobs.tallies(job.id))
