"""What follows a round: large items are completed, and what may succeed by now gets another round.

Safe to repeat: the same is found undone, and written under the same names.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice

import msgspec

from s3am_cloud.datasets.failures import failures_allowed
from s3am_cloud.datasets.units import Crew, ItemFile, SizeClass, size_class, units
from s3am_cloud.jobs.dataset.gathering import write_file
from s3am_cloud.jobs.dataset.lacking import Lacking, lacking_of
from s3am_cloud.jobs.dataset.large import LargeEnd, note_large, settle_large
from s3am_cloud.jobs.dataset.plan import load_plan
from s3am_cloud.jobs.dataset.records import files_of
from s3am_cloud.jobs.dataset.results import write_results
from s3am_cloud.jobs.prepared import Prepared
from s3am_cloud.jobs.recovery import stop_if_cancelled
from s3am_cloud.limits import DATASET_ROUNDS, FILES_OF_A_ROUND, ITEMS_IN_A_FILE, SINGLE_LANES, WORKER_SLOTS
from s3am_cloud.model import Dataset, Job
from s3am_cloud.ports.dataset_files import DatasetFiles, DatasetUnit, PartUnit
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.transfer import Ports


def settle_dataset(job_id: str, round_number: int, bucket: str, ports: Ports) -> Prepared:
    """What the machine does next: another round, or, without `again`, the report. Raises JobCancelled."""
    files, dataset = files_of(ports), ports.jobs.load(job_id)
    stop_if_cancelled(dataset, ports)
    found = lacking_of(job_id, round_number, files, ports.jobs)
    plan = load_plan(job_id, files)
    is_last = round_number >= DATASET_ROUNDS or _is_too_much(found, dataset, plan.items)
    for listed in found.new_large:
        note_large(job_id, listed, files)
    ends = list(_large_ends(dataset, found, is_last, ports))
    results = [end.result for end in ends if end.result is not None]
    write_results(job_id, round_number, "large", results, files)
    crew = plan.crew or Crew(workers=1, slots=1)
    todo = [] if is_last else list(_units(job_id, round_number + 1, found.items, ends, crew.workers, files))
    key = files.write_units(job_id, round_number + 1, todo) if todo else ""
    return Prepared(
        job=job_id,
        transfer=bool(todo),
        bucket=bucket,
        units_key=key,
        concurrency=_at_once(crew, todo, ports.most_workers),
        again=bool(todo),
        dataset=True,
        tolerated=100,
        round=round_number + 1 if todo else round_number,
    )


def _at_once(crew: Crew, todo: list[DatasetUnit], most_workers: int | None) -> int:
    """Workers for parts of large items have fewer connections each, so there are more of them."""
    workers = crew.workers
    if all(isinstance(unit, PartUnit) for unit in todo):
        workers = max(workers, workers * crew.slots // WORKER_SLOTS)
    return max(1, min(workers, most_workers or workers, len(todo)))


def _is_too_much(found: Lacking, dataset: Job, items: int) -> bool:
    """Whether more items have failed for good than the user allows."""
    most = failures_allowed((dataset.request.dataset or Dataset()).max_failures, items)
    return most is not None and found.failed > most


def _large_ends(dataset: Job, found: Lacking, is_last: bool, ports: Ports) -> Iterator[LargeEnd]:
    """Completing takes seconds for each, most of which S3 takes."""
    with ThreadPoolExecutor(SINGLE_LANES) as threads:
        yield from threads.map(lambda item_id: settle_large(dataset, item_id, is_last, ports), found.large)


def _units(
    job_id: str, round_number: int, items: list[Listed], ends: list[LargeEnd], workers: int, files: DatasetFiles
) -> Iterator[DatasetUnit]:
    """The parts of large items first: they take the longest."""
    numbers = count()
    for end in ends:
        for left in end.left:
            yield PartUnit(u=next(numbers), round=round_number, item=end.item, first=left.first, last=left.last)
    written = list(_files(job_id, round_number, items, files))
    for unit in units(written, workers):
        yield msgspec.structs.replace(unit, u=next(numbers), round=round_number)


def _files(job_id: str, round_number: int, items: list[Listed], files: DatasetFiles) -> Iterator[ItemFile]:
    """New files of the items that are copied again, each of one size class."""
    numbers = count(round_number * FILES_OF_A_ROUND)
    by_class: dict[SizeClass, list[Listed]] = {}
    for listed in items:
        by_class.setdefault(size_class(listed.item.size), []).append(listed)
    for kind, same in by_class.items():
        left = iter(sorted(same, key=lambda one: -(one.item.size or 0)))
        while some := list(islice(left, ITEMS_IN_A_FILE)):
            yield write_file(job_id, next(numbers), kind, some, files)
