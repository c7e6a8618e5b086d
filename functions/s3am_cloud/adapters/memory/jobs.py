"""Records of jobs, and their coordination, in memory: real, shipped, and used by tests."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from s3am_cloud.errors import NoSuchJob
from s3am_cloud.expiry import first_look
from s3am_cloud.model import Job, PartRecord, Receipt, Unit
from s3am_cloud.names import JOBS_PREFIX
from s3am_cloud.ports.coordination import DestinationLock, Seen
from s3am_cloud.ports.records import Tally
from s3am_cloud.urls import S3Url


class MemoryJobs:
    """Job records in a dictionary."""

    def __init__(self, bucket: str | None = None) -> None:
        self._bucket = bucket
        self._jobs: dict[str, Job] = {}
        self._units: dict[str, list[Unit]] = {}
        self._reports: dict[str, Receipt] = {}
        self._tallies: dict[str, dict[str, Tally]] = {}
        self._part_records: dict[str, dict[str, list[PartRecord]]] = {}
        self._filled: dict[tuple[S3Url, str], str] = {}
        self._expiring: set[tuple[datetime, str]] = set()

    def is_in(self, bucket: str) -> bool:
        return bucket == self._bucket

    def add(self, job: Job) -> bool:
        if job.id in self._jobs:
            return False
        self._put(job)
        return True

    def save(self, job: Job) -> None:
        self._jobs.pop(job.id, None)
        self._put(job)

    def _put(self, job: Job) -> None:
        self._jobs[job.id] = job
        if job.upload is not None:
            self._filled[job.upload.target, job.upload.upload_id] = job.id

    def load(self, job_id: str) -> Job:
        if job_id not in self._jobs:
            raise NoSuchJob(f"there is no job {job_id}")
        return self._jobs[job_id]

    def ids(self, prefix: str = "") -> Iterator[str]:
        yield from [job_id for job_id in self._jobs if job_id.startswith(prefix)]

    def forget(self, job: Job) -> None:
        self._jobs.pop(job.id, None)
        if job.upload is not None:
            self._filled.pop((job.upload.target, job.upload.upload_id), None)
            self.remove_expiry(job.id, first_look(job))

    def note_expiry(self, job_id: str, when: datetime) -> None:
        self._expiring.add((when, job_id))

    def remove_expiry(self, job_id: str, when: datetime) -> None:
        self._expiring.discard((when, job_id))

    def expiring(self, until: datetime) -> Iterator[tuple[str, datetime]]:
        yield from ((job_id, when) for when, job_id in sorted(self._expiring) if when < until)

    def find(self, target: S3Url, upload_id: str) -> Job | None:
        return self._jobs.get(self._filled.get((target, upload_id), ""))

    def write_units(self, job_id: str, units: Iterable[Unit]) -> str:
        self._units[job_id] = list(units)
        return f"{JOBS_PREFIX}{job_id}/units.jsonl"

    def units(self, job_id: str) -> list[Unit]:
        return self._units[job_id]

    def write_report(self, job_id: str, receipt: Receipt) -> None:
        self._reports[job_id] = receipt

    def report(self, job_id: str) -> Receipt | None:
        return self._reports.get(job_id)

    def write_tally(self, job_id: str, name: str, tally: Tally) -> None:
        self._tallies.setdefault(job_id, {})[name] = tally

    def write_part_records(self, job_id: str, name: str, records: Sequence[PartRecord]) -> None:
        self._part_records.setdefault(job_id, {})[name] = list(records)

    def part_records(self, job_id: str, prefix: str = "") -> Iterator[PartRecord]:
        for name, records in self._part_records.get(job_id, {}).items():
            if name.startswith(prefix):
                yield from records

    def tallies(self, job_id: str) -> Iterator[Tally]:
        yield from self._tallies.get(job_id, {}).values()


class MemoryCoordination:
    """Claims, cancellations and what schedules have fetched in dictionaries."""

    def __init__(self) -> None:
        self._claims: dict[S3Url, DestinationLock] = {}
        self._cancelled: set[str] = set()
        self._seen: dict[str, Seen] = {}
        self._tags = itertools.count(1)

    def lock_of(self, target: S3Url) -> DestinationLock | None:
        return self._claims.get(target)

    def put_lock(self, target: S3Url, lock: DestinationLock, previous: DestinationLock | None) -> bool:
        if self._claims.get(target) != previous:
            return False
        self._claims[target] = msgspec.structs.replace(lock, tag=str(next(self._tags)))
        return True

    def cancel(self, job_id: str) -> None:
        self._cancelled.add(job_id)

    def cancelled(self, job_id: str) -> bool:
        return job_id in self._cancelled

    def see(self, schedule: str, seen: Seen) -> None:
        self._seen[schedule] = seen

    def seen(self, schedule: str) -> Seen | None:
        return self._seen.get(schedule)

    def schedules(self) -> Iterator[str]:
        yield from list(self._seen)
