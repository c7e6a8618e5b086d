"""Items with one destination: what was given twice counts once, and two different ones are an error of the list."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

import msgspec

from s3am_cloud.errors import BadManifest
from s3am_cloud.jobs.dataset.destinations import Destinations, digest_of
from s3am_cloud.jobs.dataset.gathering import write_file
from s3am_cloud.jobs.dataset.plan import DatasetPlan
from s3am_cloud.limits import NOTED_AT_ONCE
from s3am_cloud.ports.dataset_files import DatasetFiles
from s3am_cloud.ports.item_list import Listed


def without_repeated(job_id: str, plan: DatasetPlan, destinations: Destinations, files: DatasetFiles) -> DatasetPlan:
    """The plan without items that repeat another one. Raises BadManifest with the places of two that differ."""
    repeated = destinations.repeated()
    while batch := dict(islice(repeated, NOTED_AT_ONCE)):
        seen: dict[str, Listed] = {}
        for file in sorted(set().union(*batch.values())):
            plan = _without(job_id, plan, file, (batch, seen), files)
    return plan


def _without(
    job_id: str,
    plan: DatasetPlan,
    file: int,
    known: tuple[Mapping[int, object], dict[str, Listed]],
    files: DatasetFiles,
) -> DatasetPlan:
    digests, seen = known
    every = list(files.items(job_id, file))
    kept = [one for one in every if digest_of(one.item.destination) not in digests or _is_first(one, seen)]
    if len(kept) == len(every):
        return plan
    written = write_file(job_id, file, plan.files[file].size_class, kept, files)
    changed = (*plan.files[:file], written, *plan.files[file + 1 :])
    return msgspec.structs.replace(plan, files=changed, items=plan.items - len(every) + len(kept))


def _is_first(listed: Listed, seen: dict[str, Listed]) -> bool:
    """Whether no item has had its destination before. Raises BadManifest where another one has."""
    item = listed.item
    other = seen.setdefault(item.destination, listed)
    if other.number == listed.number:
        return True
    before = other.item
    if (before.source, before.size, before.digest) != (item.source, item.size, item.digest):
        first, later = sorted((other, listed), key=lambda one: one.number)
        raise BadManifest(
            f"{item.destination} is the destination of two different items: at {first.place} and at {later.place}"
        )
    return False
