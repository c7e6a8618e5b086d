"""What exists at the destinations of a dataset, noted with its items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec

from s3am_cloud.errors import AccessDenied, BadEncryptionKey, BadS3Url
from s3am_cloud.jobs.dataset.destinations import Destinations
from s3am_cloud.jobs.dataset.plan import DatasetPlan
from s3am_cloud.limits import ITEMS_WITHOUT_LISTING, LIST_PAGE, NOTED_AT_ONCE, PREPARE_MARGIN_SECONDS, SINGLE_LANES
from s3am_cloud.model import Job
from s3am_cloud.ports.dataset_files import DatasetFiles
from s3am_cloud.ports.item_list import Existing, Listed
from s3am_cloud.ports.transfer import ObjectStore
from s3am_cloud.ports.trees import ObjectTree
from s3am_cloud.urls import parse_s3


class Sight(msgspec.Struct, frozen=True):
    """What existing objects are seen with."""

    files: DatasetFiles
    tree: ObjectTree
    store: ObjectStore


def note_existing(
    job: Job, plan: DatasetPlan, destinations: Destinations, sight: Sight, seconds_left: Callable[[], float]
) -> DatasetPlan:
    """The plan as far as the listing came in the time that is left. For a few items a HEAD each is cheaper than to list
    a prefix that may have millions of objects.

    Without the right to look, each existing object is found by the request that would make it.
    """
    if job.request.exists == "overwrite":
        return msgspec.structs.replace(plan, is_listed=True)
    noted = _Noted(job.id, destinations, sight.files)
    if plan.items - plan.outside <= ITEMS_WITHOUT_LISTING:
        for found in _looked_at(job.id, plan, sight):
            noted.add(found)
        return msgspec.structs.replace(noted.written(plan), is_listed=True)
    prefix, last = job.target, plan.listed_after
    try:
        for at, found in enumerate(sight.tree.existing(prefix, last), 1):
            noted.add(found)
            last = found.destination.removeprefix(str(prefix))
            if at % LIST_PAGE == 0 and seconds_left() < PREPARE_MARGIN_SECONDS:
                return msgspec.structs.replace(noted.written(plan), listed_after=last)
    except AccessDenied:
        pass  # see above
    return msgspec.structs.replace(noted.written(plan), is_listed=True)


def _looked_at(job_id: str, plan: DatasetPlan, sight: Sight) -> list[Existing]:
    def look(destination: str) -> Existing | None:
        try:
            info = sight.store.head(parse_s3(destination))
        except (AccessDenied, BadEncryptionKey, BadS3Url):
            return None
        return None if info is None else Existing(destination=destination, size=info.size, etag=info.etag)

    wanted = [one.item.destination for file in plan.files for one in sight.files.items(job_id, file.file)]
    with ThreadPoolExecutor(SINGLE_LANES) as pool:
        return [one for one in pool.map(look, wanted) if one is not None]


class _Noted:
    def __init__(self, job_id: str, destinations: Destinations, files: DatasetFiles) -> None:
        self._job_id, self._destinations, self._files = job_id, destinations, files
        self._found: defaultdict[int, dict[str, Existing]] = defaultdict(dict)
        self._count = 0
        self._present = self._present_bytes = 0

    def add(self, existing: Existing) -> None:
        for file in self._destinations.files_of(existing.destination):
            self._found[file][existing.destination] = existing
            self._count += 1
        if self._count >= NOTED_AT_ONCE:
            self._write()

    def written(self, plan: DatasetPlan) -> DatasetPlan:
        """The plan with what is present, all of which is noted by then."""
        self._write()
        return msgspec.structs.replace(
            plan, present=plan.present + self._present, present_bytes=plan.present_bytes + self._present_bytes
        )

    def _write(self) -> None:
        for file, found in self._found.items():
            every = list(self._files.items(self._job_id, file))
            self._files.write_items(self._job_id, file, [self._with(one, found) for one in every])
        self._found.clear()
        self._count = 0

    def _with(self, listed: Listed, found: dict[str, Existing]) -> Listed:
        existing = found.get(listed.item.destination)
        if existing is None:
            return listed
        if listed.item.size in {None, existing.size}:
            self._present += 1
            self._present_bytes += listed.item.size or 0
        return msgspec.structs.replace(listed, existing=existing)
