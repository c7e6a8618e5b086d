"""The report of a dataset that has ended: what became of each item, and how many ended in each way.

Of an item with several results the last round's counts. Memory holds a bit for each item, and a few files of results.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from itertools import islice

import msgspec

from s3am_cloud.datasets.outcomes import ItemResult, Outcome, Summary, Tally, outcome_of
from s3am_cloud.datasets.report_files import CHECKSUMS, FAILED, ITEMS, SUMMARY, ReportFiles, encoded_summary
from s3am_cloud.item_counts import error_of_counts
from s3am_cloud.jobs.dataset.plan import load_plan
from s3am_cloud.jobs.dataset.records import files_of
from s3am_cloud.jobs.dataset.results import outcome_in, read_results
from s3am_cloud.limits import FILES_OF_A_ROUND
from s3am_cloud.model import Job, Receipt
from s3am_cloud.ports.dataset_files import DatasetFiles, Results
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.pipeline import receipt

NOT_REACHED = "no worker came to it"
# Files of results in memory at once, each with a few MB.
_AHEAD = 4


def report_dataset(job_id: str, ports: Ports) -> Receipt:
    """Writes the report's files and the job's receipt. A task that is repeated writes them again."""
    before = ports.jobs.report(job_id)
    if before is not None and before.counts is not None and before.state == "succeeded":
        return before
    files, dataset = files_of(ports), ports.jobs.load(job_id)
    tally = Tally()
    with ExitStack() as opened:
        items, failed, checksums = (
            opened.enter_context(files.write_report(job_id, name)) for name in (ITEMS, FAILED, CHECKSUMS)
        )
        lines = opened.enter_context(ReportFiles(items, failed, checksums))
        for outcome in outcomes(job_id, files):
            tally.add(outcome)
            lines.add(outcome)
    summary = _summary(dataset, tally, ports)
    with files.write_report(job_id, SUMMARY) as file:
        file.write(encoded_summary(summary))
    done = _receipt(dataset, summary, ports)
    ports.jobs.write_report(job_id, done)
    return done


def outcomes(job_id: str, files: DatasetFiles, has_ended: bool = True) -> Iterator[Outcome]:
    """How each item ended, once. In a dataset that `has_ended`, what has no result was not reached."""
    seen = _Seen(load_plan(job_id, files).items)
    by_round = sorted(files.results(job_id), key=lambda found: -found.round)
    for results in _read(by_round, files):
        for one in results:
            if seen.add(one.number):
                yield outcome_in(one)
    if seen.all or not has_ended:
        return
    for file in files.item_files(job_id):
        if file >= FILES_OF_A_ROUND:
            continue  # those of later rounds are among the others
        for listed in files.items(job_id, file):
            if seen.add(listed.number):
                yield msgspec.structs.replace(outcome_of(listed.item, "not-reached"), reason=NOT_REACHED)


def _read(found: list[Results], files: DatasetFiles) -> Iterator[list[ItemResult]]:
    left = iter(found)
    with ThreadPoolExecutor(_AHEAD) as readers:
        while some := list(islice(left, _AHEAD)):
            yield from readers.map(lambda one: list(read_results(one, files)), some)


class _Seen:
    """Numbers below `count`, a bit for each."""

    def __init__(self, count: int) -> None:
        self._bits, self._left = bytearray(count // 8 + 1), count

    def add(self, number: int) -> bool:
        """False for one that was added before, and for one that there is not."""
        byte, bit = divmod(number, 8)
        if byte >= len(self._bits) or self._bits[byte] & 1 << bit:
            return False
        self._bits[byte] |= 1 << bit
        self._left -= 1
        return True

    @property
    def all(self) -> bool:
        return self._left <= 0


def _summary(dataset: Job, tally: Tally, ports: Ports) -> Summary:
    seconds = (ports.clock.now() - datetime.fromisoformat(dataset.created)).total_seconds()
    return Summary(
        state=tally.state,
        counts=tally.counts,
        failures=tally.failures,
        started=dataset.created,
        seconds=round(seconds, 3),
        report=files_of(ports).report_address(dataset.id),
    )


def _receipt(dataset: Job, summary: Summary, ports: Ports) -> Receipt:
    error = error_of_counts(summary.counts)
    return msgspec.structs.replace(
        receipt(dataset, ports.clock),
        state="succeeded" if error is None else "partial" if summary.state == "partial" else "failed",
        size=summary.counts.bytes,
        counts=summary.counts,
        report=summary.report,
        error=None if error is None else error.report(),
    )
