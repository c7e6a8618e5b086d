"""A dataset in a world in memory, as Prepare leaves it: its job, its items, and the ports of its workers."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from s3am_cloud.adapters.memory.dataset_files import MemoryDocuments
from s3am_cloud.adapters.memory.jobs import MemoryCoordination
from s3am_cloud.adapters.memory.objects import MemoryObjectMover
from s3am_cloud.adapters.records.dataset_files import StoredDatasetFiles
from s3am_cloud.datasets.outcomes import ItemResult
from s3am_cloud.items import Item
from s3am_cloud.jobs.dataset.results import read_results
from s3am_cloud.model import Dataset, Job, TransferRequest
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.objects import AttributesOf, ObjectMover
from s3am_cloud.ports.transfer import Progress
from s3am_cloud.request import OnExisting
from s3am_cloud.urls import S3Url
from support.fakes import World

PREFIX = "s3://bucket/p/"


class LateCancel(MemoryCoordination):
    """Says that a job is cancelled after it was asked so many times."""

    def __init__(self) -> None:
        super().__init__()
        self.looks_left: int | None = None

    def cancelled(self, job_id: str) -> bool:
        if self.looks_left is None:
            return super().cancelled(job_id)
        self.looks_left -= 1
        return self.looks_left < 0


class DatasetWorld(World):
    """Sources are `https://host/NAME`, destinations PREFIX + NAME."""

    def __init__(self, exists: OnExisting | None = None, max_failures: int | None = None) -> None:
        super().__init__()
        self.cancelling = LateCancel()
        self.documents = MemoryDocuments()
        self.files = StoredDatasetFiles(self.documents, self.clock)
        self.ports = msgspec.structs.replace(
            self.ports,
            dataset_files=self.files,
            object_movers=self._mover,
            coordination=self.cancelling,
        )
        request = TransferRequest(
            source="https://host/list",
            destination=PREFIX,
            exists=exists,
            dataset=Dataset(manifest="https://host/list", max_failures=max_failures),
        )
        self.dataset = Job(id="set", created=self.clock.now().isoformat(), request=request, execution="arn:set")
        self.jobs.save(self.dataset)

    def _mover(self, attributes_of: AttributesOf, progress: Progress) -> ObjectMover:
        return MemoryObjectMover(self.source, self.store, attributes_of)

    def write_items(self, names: Iterable[str], file: int = 0, size: int | None = None) -> None:
        listed = [
            Listed(number=number, item=Item(source=_url(name), destination=PREFIX + name, size=size), place="list")
            for number, name in enumerate(names)
        ]
        self.files.write_items("set", file, listed)

    def lose_results(self) -> None:
        """As if no invocation had come to its end."""
        for name in list(self.documents.kept):
            if "/results/" in name or "/notes/unit" in name:
                self.documents.remove(name)

    def put_sources(self, names: Iterable[str], content: bytes = b"content") -> None:
        for name in names:
            self.source.put(_url(name), content)

    def put_destination(self, name: str, content: bytes) -> None:
        self.store.put_object(target(name), content, overwrite=True)

    def results(self) -> dict[str, ItemResult]:
        """The last result of each item, by its name."""
        return {
            one.source.rpartition("/")[2]: one
            for found in self.files.results("set")
            for one in read_results(found, self.files)
        }

    def states(self) -> dict[str, str]:
        return {name: one.state for name, one in self.results().items()}


def target(name: str) -> S3Url:
    return S3Url("bucket", f"p/{name}")


def _url(name: str) -> str:
    return f"https://host/{name}"
