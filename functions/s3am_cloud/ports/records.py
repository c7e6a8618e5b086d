"""The contract of the records of jobs, and what is kept in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from s3am_cloud.model import Job, PartRecord, Receipt, Unit
from s3am_cloud.urls import S3Url


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What one invocation of a worker moved, and what that took. `gb_seconds` is what Lambda charges for.

    `error` is the name of what ended it, None where it did what it could.
    """

    first: int
    bytes: int = 0
    parts: int = 0
    retries: int = 0
    seconds: float = 0.0
    gb_seconds: float = 0.0
    error: str | None = None


class JobStore(Protocol):
    """The records of jobs: a bucket's `jobs/` folder in the cloud, the user's state folder on a computer."""

    def is_in(self, bucket: str) -> bool:
        """Whether the records are kept in that bucket, as far as it is known where they are."""

    def add(self, job: Job) -> bool:
        """Writes a new record; False, and nothing written, where that id has one already."""

    def save(self, job: Job) -> None:
        """Writes the record anew."""

    def load(self, job_id: str) -> Job:
        """Raises NoSuchJob."""

    def ids(self, prefix: str = "") -> Iterator[str]:
        """The ids that begin so of the jobs that have a record, whether it can be read or not."""

    def forget(self, job: Job) -> None:
        """Removes the record, and the note of its first look: its upload is completed or aborted."""

    def note_expiry(self, job_id: str, when: datetime) -> None:
        """Notes that the job's upload is to be looked at after that time; a job may have several such notes."""

    def remove_expiry(self, job_id: str, when: datetime) -> None:
        """Removes such a note, if it is there."""

    def expiring(self, until: datetime) -> Iterator[tuple[str, datetime]]:
        """The notes of times before `until`, the earliest first: as many as are asked for are read, and no other."""

    def find(self, target: S3Url, upload_id: str) -> Job | None:
        """The record of the job that fills this upload: the last one saved, where it was resumed."""

    def write_units(self, job_id: str, units: Iterable[Unit]) -> str:
        """Writes `units.jsonl` and returns its key."""

    def write_report(self, job_id: str, receipt: Receipt) -> None: ...

    def report(self, job_id: str) -> Receipt | None: ...

    def write_tally(self, job_id: str, name: str, tally: Tally) -> None:
        """Notes what an invocation took; under a name that was written before, instead of that."""

    def write_part_records(self, job_id: str, name: str, records: Sequence[PartRecord]) -> None:
        """Keeps what the job has sent; under a name that was written before, instead of that."""

    def part_records(self, job_id: str, prefix: str = "") -> Iterator[PartRecord]:
        """What the job has sent, by the records whose names begin so, in any order and without what can't be read."""

    def tallies(self, job_id: str) -> Iterator[Tally]:
        """What was noted of the job, in any order, without what can't be read."""
