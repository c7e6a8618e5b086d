"""The bucket that holds the records of jobs is nobody's source or destination.

The functions may read and write there for their own purposes. A request that names the bucket would have them show a
record, or replace one, for somebody who may not do that.
"""

from __future__ import annotations

from s3am_cloud.errors import BadDestination, BadSource
from s3am_cloud.model import TransferRequest
from s3am_cloud.ports.records import JobStore
from s3am_cloud.urls import parse_s3

_HINT = "name another bucket"


def refuse_records_bucket(request: TransferRequest, jobs: JobStore) -> None:
    """Raises BadSource or BadDestination for a request that reads from the bucket of the records, or writes to it."""
    if jobs.is_in(request.target.bucket):
        raise BadDestination(f"{request.destination} is in the bucket that holds the records of jobs", _HINT)
    dataset = request.dataset
    beside = () if dataset is None else (*dataset.sources, dataset.manifest or "", dataset.base or "")
    for url in (request.source, request.source_digest or "", *beside):
        if url.startswith("s3://") and jobs.is_in(parse_s3(url, key_needed=False).bucket):
            raise BadSource(f"{url} is in the bucket that holds the records of jobs", _HINT)
