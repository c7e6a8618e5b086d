"""How far a dataset is, by the names of its results alone."""

from __future__ import annotations

from s3am_cloud.item_counts import Counts
from s3am_cloud.jobs.dataset.plan import load_plan
from s3am_cloud.ports.dataset_files import DatasetFiles


def counts_so_far(job_id: str, files: DatasetFiles) -> Counts:
    """Items that failed in one round and are tried again in the next count as failed until then. Bytes are those of
    items that were copied or skipped."""
    plan = load_plan(job_id, files)
    copied = skipped = failed = size = 0
    for found in files.results(job_id):
        copied += found.counts.copied
        skipped += found.counts.skipped
        failed += found.counts.failed
        size += found.counts.bytes
    ended = min(copied + skipped, plan.items)
    failed = min(failed, plan.items - ended)
    return Counts(
        items=plan.items,
        bytes=max(plan.bytes, size),
        copied=copied,
        copied_bytes=size,
        skipped=skipped,
        failed=failed,
        not_reached=plan.items - ended - failed,
    )
