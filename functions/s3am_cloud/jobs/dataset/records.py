"""The records of items that have an upload: such an item is a job of its own, which continues where it was left.

What one request copies leaves nothing to continue, so its record is kept in memory only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec

from s3am_cloud.errors import JobFailedForGood, NoSuchJob
from s3am_cloud.model import Job, Receipt

if TYPE_CHECKING:
    from s3am_cloud.ports.coordination import Coordination
    from s3am_cloud.ports.dataset_files import DatasetFiles
    from s3am_cloud.ports.records import JobStore
    from s3am_cloud.ports.transfer import Ports


def item_job_id(dataset_id: str, number: int) -> str:
    """The id of the job that an item with an upload is."""
    return f"{item_prefix(dataset_id)}{number}"


def item_prefix(dataset_id: str) -> str:
    """What the ids of the jobs of a dataset's items begin with."""
    return f"{dataset_id}-i"


def item_number(item_id: str) -> int:
    """The number of the item whose job has this id."""
    return int(item_id.rpartition("-i")[2])


def files_of(ports: Ports) -> DatasetFiles:
    """Raises JobFailedForGood where datasets keep nothing."""
    if ports.dataset_files is None:
        raise JobFailedForGood("there is no place for the files of a dataset")
    return ports.dataset_files


def item_ports(ports: Ports, dataset_id: str) -> Ports:
    """The ports for the jobs of a dataset's items, which are cancelled with it."""
    if ports.coordination is None:
        return ports
    return msgspec.structs.replace(
        ports, coordination=cast("Coordination", _ItemCoordination(ports.coordination, dataset_id))
    )


def item_records(jobs: JobStore, item_id: str) -> JobStore:
    """The records of jobs, with that of one item in memory until it has an upload, and its report in memory only: how
    it ended is a line of the dataset's results."""
    return cast("JobStore", _ItemRecords(jobs, item_id))


class _ItemCoordination:
    """All else is the other's own."""

    def __init__(self, coordination: Coordination, dataset_id: str) -> None:
        self._coordination, self._dataset_id = coordination, dataset_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._coordination, name)

    def cancelled(self, job_id: str) -> bool:
        return self._coordination.cancelled(self._dataset_id)


class _ItemRecords:
    """All else is the other store's own: `__getattr__` keeps this right when that learns more."""

    def __init__(self, jobs: JobStore, item_id: str) -> None:
        self._jobs, self._id = jobs, item_id
        self._job: Job | None = None
        self._report: Receipt | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._jobs, name)

    def load(self, job_id: str) -> Job:
        if job_id != self._id:
            return self._jobs.load(job_id)
        if self._job is None:
            raise NoSuchJob(f"there is no job {job_id}")
        return self._job

    def save(self, job: Job) -> None:
        if job.id == self._id:
            self._job = job
        if job.id != self._id or job.upload is not None:
            self._jobs.save(job)

    def report(self, job_id: str) -> Receipt | None:
        return self._report if job_id == self._id else self._jobs.report(job_id)

    def write_report(self, job_id: str, receipt: Receipt) -> None:
        if job_id == self._id:
            self._report = receipt
        else:
            self._jobs.write_report(job_id, receipt)
