"""Prepares a dataset: its items are listed, what exists is noted with them, and all of it is cut into units.

A turn is one invocation. What it has done is in the dataset's plan, so that the next one begins there; a turn that dies
is repeated from where it began. Of more than a few items none is asked about by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from s3am_cloud.datasets.filters import Filter, Filters
from s3am_cloud.datasets.manifests.reading import read_manifest
from s3am_cloud.datasets.names import Place, Template
from s3am_cloud.datasets.selection import Chooser, Selected, Selection, Trees
from s3am_cloud.datasets.streams import stream_of
from s3am_cloud.datasets.units import crew_of, units
from s3am_cloud.errors import BadSource, JobFailedForGood
from s3am_cloud.items import Rejected
from s3am_cloud.jobs.dataset.destinations import Destinations
from s3am_cloud.jobs.dataset.forecasts import enforce_max_cost_of_dataset
from s3am_cloud.jobs.dataset.gathering import Gatherer
from s3am_cloud.jobs.dataset.noted import Sight, note_existing
from s3am_cloud.jobs.dataset.plan import Cursor, DatasetPlan, load_plan, save_plan
from s3am_cloud.jobs.dataset.records import files_of
from s3am_cloud.jobs.dataset.repeated import without_repeated
from s3am_cloud.jobs.unit_worker import SecondsLeft
from s3am_cloud.limits import LIST_PAGE, PREPARE_MARGIN_SECONDS
from s3am_cloud.model import Job, PinnedSource
from s3am_cloud.ports.dataset_files import DatasetFiles
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.ports.trees import Found, ObjectTree, every_folder
from s3am_cloud.request import Dataset
from s3am_cloud.urls import SourceUrl, parse_s3, parse_source

FIRST_ROUND = 1


def prepare_dataset(job: Job, ports: Ports, seconds_left: SecondsLeft) -> DatasetPlan | None:
    """One turn. The plan of a dataset that is prepared; None where there is more to be listed.

    Raises BadManifest for a list that can't be read, TooExpensive, and what listing a prefix raises.
    """
    files, source_tree, target_tree = _dataset_ports(ports)
    plan = load_plan(job.id, files)
    if plan.crew is not None:
        return plan  # the task is repeated
    known, added = Destinations(), Destinations()
    for turn in range(plan.turns):
        known.extend(files.note(job.id, _digests(turn)) or b"")
    if not plan.gathered:
        plan = _Gathering(job, plan, ports, source_tree, seconds_left).into(Gatherer(job.id, plan, added, files))
        known.extend(added.encoded())
        plan = without_repeated(job.id, plan, known, files) if plan.gathered else plan
    if plan.gathered and not plan.is_listed:
        plan = note_existing(job, plan, known, Sight(files, target_tree, ports.store), seconds_left)
    if not plan.is_listed:
        files.write_note(job.id, _digests(plan.turns), added.encoded())
        save_plan(job.id, msgspec.structs.replace(plan, turns=plan.turns + 1), files)
        return None
    return _cut(job, plan, ports.most_workers, files)


def _cut(job: Job, plan: DatasetPlan, most_workers: int | None, files: DatasetFiles) -> DatasetPlan:
    crew = crew_of(plan.files, plan.schemes, job.request.slots, most_workers)
    found = list(units(plan.files, crew.workers))
    plan = msgspec.structs.replace(plan, crew=crew, units=len(found))
    enforce_max_cost_of_dataset(job, plan)
    files.write_units(job.id, FIRST_ROUND, found)
    save_plan(job.id, plan, files)
    return plan


def _dataset_ports(ports: Ports) -> tuple[DatasetFiles, ObjectTree, ObjectTree]:
    """The files of datasets, and the trees of sources and of destinations."""
    assert ports.tree is not None, "the cloud lists prefixes"
    return files_of(ports), ports.tree, ports.target_tree or ports.tree


def _dataset_of(job: Job) -> Dataset:
    assert job.request.dataset is not None, "only datasets come here"
    return job.request.dataset


class _Gathering:
    """Lists the items of a dataset from where its plan says, until all are there or time is short."""

    def __init__(self, job: Job, plan: DatasetPlan, ports: Ports, tree: ObjectTree, seconds_left: SecondsLeft) -> None:
        self._job, self._dataset, self._plan, self._ports = job, _dataset_of(job), plan, ports
        self._prefix = _Prefix(tree, plan.cursor.after, seconds_left)
        self._chooser = Chooser(_selection(job), Trees(files=None, s3=self._prefix), plan.given)
        self._lines, self._list_info = plan.cursor.lines, plan.list_info

    def into(self, gatherer: Gatherer) -> DatasetPlan:
        stopped_at = self._gather(gatherer)
        plan = gatherer.written(self._plan)
        cursor = Cursor()
        if stopped_at is not None:
            cursor = Cursor(source=stopped_at, after=self._prefix.last, lines=self._lines)
        return msgspec.structs.replace(
            plan,
            cursor=cursor,
            given=self._chooser.given,
            list_info=self._list_info,
            gathered=stopped_at is None,
        )

    def _gather(self, gatherer: Gatherer) -> int | None:
        """The source at which time was up, None where all are read."""
        sources = self._dataset.sources
        for at, text in enumerate(sources[self._plan.cursor.source :], self._plan.cursor.source):
            for one in self._chooser.of_argument(text, 0 if self._prefix.last is None else 1):
                gatherer.add(one)
            if self._prefix.stopped:
                return at
            self._prefix.last = None
        if self._dataset.manifest is None and self._dataset.manifest_digest is None:
            return None
        for one in self._listed():
            gatherer.add(self._allowed(one))
        return len(sources) if self._prefix.stopped else None

    def _allowed(self, one: Selected) -> Selected:
        """Nobody may have the functions read the records of jobs, as they can."""
        source = one.item.source
        if not source.startswith("s3://") or not self._ports.jobs.is_in(parse_s3(source).bucket):
            return one
        error = BadSource(f"{source} is in the bucket that holds the records of jobs", "name another bucket")
        return Rejected(item=one.item, place=one.place, error=error.report())

    def _listed(self) -> Iterator[Selected]:
        """The items of the list, after those of earlier turns."""
        url, name, pieces = self._list()
        lines = read_manifest(stream_of(pieces), name, self._dataset.manifest_format)
        for at, line in enumerate(lines, 1):
            if at <= self._lines:
                continue
            yield from self._chooser.of_line(line, url)
            self._lines = at
            if at % LIST_PAGE == 0 and self._prefix.is_late():
                return

    def _list(self) -> tuple[str | None, str, Iterator[memoryview]]:
        """Where the list is, what messages call it, and its bytes. Raises JobFailedForGood where it is gone."""
        dataset = self._dataset
        if dataset.manifest is None:
            pieces = files_of(self._ports).manifest(dataset.manifest_digest or "")
            if pieces is None:
                raise JobFailedForGood(f"the list of job {self._job.id} is gone", "submit the dataset again")
            return None, dataset.manifest_name or "the list", map(memoryview, pieces)
        url = parse_source(dataset.manifest)
        if self._list_info is None:
            self._list_info = self._ports.source.probe(url)
        origin = PinnedSource(source=url, info=self._list_info)
        return url.url, url.display, self._ports.readers(origin, 1, lambda count: None).read()


class _Prefix:
    """A `Tree` that begins after the `last` entry that it has given, and ends early where time is short."""

    def __init__(self, tree: ObjectTree, last: str | None, seconds_left: SecondsLeft) -> None:
        self._tree, self._seconds_left = tree, seconds_left
        self.last, self.stopped = last, False

    def entries(self, url: SourceUrl, enters: Callable[[str], bool] = every_folder) -> Iterator[Found]:
        for at, found in enumerate(self._tree.entries(url, enters, self.last), 1):
            yield found
            self.last = found.name
            if at % LIST_PAGE == 0 and self.is_late():
                return

    def is_late(self) -> bool:
        self.stopped = self._seconds_left() < PREPARE_MARGIN_SECONDS
        return self.stopped


def _selection(job: Job) -> Selection:
    """By the time when the job was submitted, whichever turn it is."""
    dataset, began = _dataset_of(job), datetime.fromisoformat(job.created)
    newest = None if dataset.min_age is None else began.timestamp() - dataset.min_age
    return Selection(
        place=Place(str(job.target), is_local=False),
        base=dataset.base,
        template=Template(dataset.name, f"{began:%Y-%m-%d}") if dataset.name else None,
        filters=Filters(tuple(Filter(kind, glob) for kind, glob in dataset.filters), newest),
    )


def _digests(turn: int) -> str:
    return f"destinations-{turn}"
