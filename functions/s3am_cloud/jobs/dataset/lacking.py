"""What a round of a dataset left undone: units without all of their results, and items whose failure may pass.

A unit whose results' counts say that all of its items were copied or skipped is not read again.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from s3am_cloud.errors import NoSuchJob
from s3am_cloud.jobs.dataset.records import item_job_id
from s3am_cloud.jobs.dataset.results import read_results
from s3am_cloud.limits import MAX_UNIT_ITEM
from s3am_cloud.model import Job
from s3am_cloud.ports.dataset_files import DatasetFiles, ItemUnit, PartUnit, Results
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.records import JobStore


class Lacking(msgspec.Struct, frozen=True):
    """The items to copy again; the ids of the jobs of large ones, and those of them that are newly known to be large;
    and how many have failed for good in this round."""

    items: list[Listed]
    large: list[str]
    new_large: list[Listed]
    failed: int


def lacking_of(dataset_id: str, round_number: int, files: DatasetFiles, jobs: JobStore) -> Lacking:
    by_unit: dict[int, list[Results]] = {}
    large: dict[str, None] = {}
    for found in files.results(dataset_id):
        number = found.name.partition("-")[0]
        if found.round == round_number and number.isdecimal():
            by_unit.setdefault(int(number), []).append(found)
    items, new_large, failed = list[Listed](), list[Listed](), 0
    for unit in files.units(dataset_id, round_number):
        if isinstance(unit, PartUnit):
            large[unit.item] = None
            continue
        results = by_unit.get(unit.u, [])
        if _is_complete(unit, results):
            continue
        for listed, has_failed in _undone(dataset_id, unit, results, files):
            failed += has_failed
            if has_failed:
                continue
            item_id = _large_job(dataset_id, listed, jobs)
            if item_id is None:
                items.append(listed)
            else:
                large[item_id] = None
                new_large.append(listed)
    return Lacking(items, list(large), new_large, failed)


def _is_complete(unit: ItemUnit, results: list[Results]) -> bool:
    if any(found.counts.failed for found in results):
        return False
    return sum(found.counts.copied + found.counts.skipped for found in results) == unit.to - unit.first


def _undone(
    dataset_id: str, unit: ItemUnit, results: list[Results], files: DatasetFiles
) -> Iterator[tuple[Listed, bool]]:
    """The unit's items that were neither copied nor skipped, each with whether it has failed for good."""
    ended: dict[int, bool] = {}
    for found in results:
        for one in read_results(found, files):
            if one.error is None or not one.error.retryable:
                ended[one.number] = one.error is not None
    for listed in files.items(dataset_id, unit.file, unit.first, unit.to):
        if listed.number not in ended:
            yield listed, False
        elif ended[listed.number]:
            yield listed, True


def _large_job(dataset_id: str, listed: Listed, jobs: JobStore) -> str | None:
    """The job of an item whose upload a worker has opened, and which is too large for it."""
    item_id = item_job_id(dataset_id, listed.number)
    try:
        job = jobs.load(item_id)
    except NoSuchJob:
        return None
    return item_id if is_large(job) else None


def is_large(job: Job) -> bool:
    return job.upload is not None and job.plan is not None and job.plan.size > MAX_UNIT_ITEM
