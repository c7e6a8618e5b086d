"""How the items of a dataset in the cloud ended: from its report, or, while it runs, from its results."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

from s3am_cloud.datasets.outcomes import Outcome
from s3am_cloud.datasets.report_files import ITEMS
from s3am_cloud.datasets.streams import stream_of
from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import Usage
from s3am_cloud.jobs.dataset.report import outcomes
from s3am_cloud_client.remote.client import Remote

_decode: Decoder[Outcome] = Decoder(Outcome)


def items_of(job_id: str, remote: Remote) -> Iterator[Outcome]:
    """Those that have ended, as they are read. Raises NoSuchJob, and Usage for a job of one object."""
    execution = remote.execution(job_id)
    if execution is not None and execution.job is not None:
        job_id = execution.job
    if remote.jobs.load(job_id).request.dataset is None:
        raise Usage(f"job {job_id} copies one object, and has no items")
    pieces = remote.dataset_files.report(job_id, ITEMS)
    if pieces is None:
        yield from outcomes(job_id, remote.dataset_files, has_ended=False)
        return
    with gzip.open(stream_of(map(memoryview, pieces))) as lines:
        for line in lines:
            yield _decode(line)
