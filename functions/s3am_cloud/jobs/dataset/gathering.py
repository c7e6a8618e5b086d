"""Items on their way into a dataset's files, one for each size class at a time, with the largest items first."""

from __future__ import annotations

import msgspec

from s3am_cloud.datasets.outcomes import ItemResult, Outcome, outcome_of, result_of
from s3am_cloud.datasets.selection import Selected
from s3am_cloud.datasets.units import ItemFile, SizeClass, marks_of, size_class
from s3am_cloud.items import LeftOut, Placed, Rejected
from s3am_cloud.jobs.dataset.destinations import Destinations
from s3am_cloud.jobs.dataset.plan import DatasetPlan
from s3am_cloud.jobs.dataset.results import write_results
from s3am_cloud.limits import ITEM_FILE, MOST_RESULTS
from s3am_cloud.ports.dataset_files import DatasetFiles
from s3am_cloud.ports.item_list import Listed


class Gatherer:
    """Numbers items, and writes them down. Memory holds one file's worth of them, whatever there is.

    `plan` is what has been gathered before, and `destinations` gets those of the items that are added.
    """

    def __init__(self, job_id: str, plan: DatasetPlan, destinations: Destinations, files: DatasetFiles) -> None:
        self._job_id, self._files, self._destinations = job_id, files, destinations
        self._written = list(plan.files)
        self._items, self._outside = plan.items, plan.outside
        self._schemes = set(plan.schemes)
        self._held: dict[SizeClass, list[Listed]] = {}
        self._bytes: dict[SizeClass, int] = {}
        self._results: list[ItemResult] = []

    def add(self, one: Selected) -> None:
        number = self._items
        self._items += 1
        match one:
            case Placed():
                self._hold(_listed(number, one))
            case Rejected(item=item, error=error):
                self._end(number, msgspec.structs.replace(outcome_of(item, "failed"), error=error))
            case LeftOut(item=item, reason=reason):
                self._end(number, msgspec.structs.replace(outcome_of(item, "skipped"), reason=reason))

    def written(self, plan: DatasetPlan) -> DatasetPlan:
        """The plan with all that was added, which is written by then."""
        for kind in list(self._held):
            self._write(kind)
        self._write_results()
        return msgspec.structs.replace(
            plan,
            items=self._items,
            outside=self._outside,
            files=tuple(self._written),
            schemes=tuple(sorted(self._schemes)),
        )

    def _hold(self, listed: Listed) -> None:
        self._schemes.add(listed.item.source.partition(":")[0])
        kind = size_class(listed.item.size)
        self._held.setdefault(kind, []).append(listed)
        self._bytes[kind] = self._bytes.get(kind, 0) + len(msgspec.json.encode(listed)) + 1
        if sum(self._bytes.values()) >= ITEM_FILE:
            self._write(max(self._bytes, key=lambda each: self._bytes[each]))

    def _write(self, kind: SizeClass) -> None:
        items = sorted(self._held.pop(kind), key=lambda one: -(one.item.size or 0))
        del self._bytes[kind]
        file = len(self._written)
        for listed in items:
            self._destinations.add(listed.item.destination, file)
        self._written.append(write_file(self._job_id, file, kind, items, self._files))

    def _end(self, number: int, outcome: Outcome) -> None:
        self._outside += 1
        self._results.append(result_of(number, outcome))
        if len(self._results) >= MOST_RESULTS:
            self._write_results()

    def _write_results(self) -> None:
        if self._results:
            # Of items that ended before the first round.
            write_results(self._job_id, 0, f"prepare-{self._results[0].number}", self._results, self._files)
            self._results = []


def write_file(job_id: str, file: int, kind: SizeClass, items: list[Listed], files: DatasetFiles) -> ItemFile:
    """Writes a file of items, or writes it anew; and what is to be known of it."""
    files.write_items(job_id, file, items)
    return ItemFile(file=file, size_class=kind, items=len(items), marks=marks_of(items))


def _listed(number: int, placed: Placed) -> Listed:
    return Listed(number=number, item=placed.item, place=placed.place, modified=placed.modified, etag=placed.etag)
