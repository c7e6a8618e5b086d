"""A dataset in a world in memory, as Prepare leaves it: its job, its items, and the ports of its workers."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable

import msgspec

from s3am_cloud.adapters.memory.dataset_files import MemoryDocuments
from s3am_cloud.adapters.memory.objects import MemoryObjectMover
from s3am_cloud.adapters.records.dataset_files import StoredDatasetFiles
from s3am_cloud.datasets.outcomes import ItemResult
from s3am_cloud.datasets.units import Crew, ItemFile, marks_of
from s3am_cloud.errors import TransferError
from s3am_cloud.items import Item
from s3am_cloud.jobs.dataset.plan import DatasetPlan, save_plan
from s3am_cloud.jobs.dataset.records import item_ports
from s3am_cloud.jobs.dataset.report import report_dataset
from s3am_cloud.jobs.dataset.results import read_results
from s3am_cloud.jobs.dataset.settle import settle_dataset
from s3am_cloud.jobs.dataset.unit import work_items
from s3am_cloud.jobs.prepared import Prepared
from s3am_cloud.jobs.tasks import work
from s3am_cloud.limits import LAMBDA_SECONDS
from s3am_cloud.model import Dataset, Job, Receipt, TransferRequest, Unit
from s3am_cloud.ports.dataset_files import DatasetUnit, ItemUnit, PartUnit
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.objects import AttributesOf, ObjectMover
from s3am_cloud.ports.transfer import Progress
from s3am_cloud.request import OnExisting
from s3am_cloud.urls import S3Url
from support.fakes import World

PREFIX = "s3://bucket/p/"


class DatasetWorld(World):
    """Sources are `https://host/NAME`, destinations PREFIX + NAME."""

    def __init__(self, exists: OnExisting | None = None, max_failures: int | None = None) -> None:
        super().__init__()
        self.connections: list[int] = []
        self.documents = MemoryDocuments()
        self.files = StoredDatasetFiles(self.documents, self.clock)
        self.ports = msgspec.structs.replace(
            self.ports,
            dataset_files=self.files,
            object_movers=self._mover,
        )
        request = TransferRequest(
            source="https://host/list",
            destination=PREFIX,
            exists=exists,
            dataset=Dataset(manifest="https://host/list", max_failures=max_failures),
        )
        self.dataset = Job(id="set", created=self.clock.now().isoformat(), request=request, execution="arn:set")
        self.jobs.save(self.dataset)

    def _mover(self, attributes_of: AttributesOf, connections: int, progress: Progress) -> ObjectMover:
        self.connections.append(connections)
        return MemoryObjectMover(self.source, self.store, attributes_of)

    def write_items(self, names: Iterable[str], file: int = 0, size: int | None = None) -> None:
        listed = [
            Listed(number=number, item=Item(source=_url(name), destination=PREFIX + name, size=size), place="list")
            for number, name in enumerate(names)
        ]
        self.files.write_items("set", file, listed)

    def list_items(self, names: Iterable[str]) -> None:
        """The items in one file and one unit, with the plan that Prepare leaves."""
        listed = list(names)
        self.write_items(listed)
        items = list(self.files.items("set", 0))
        file = ItemFile(file=0, size_class="small", items=len(items), marks=marks_of(items))
        plan = DatasetPlan(items=len(items), files=(file,), crew=Crew(workers=2, slots=4), units=1, is_listed=True)
        save_plan("set", plan, self.files)
        self.files.write_units("set", 1, [ItemUnit(u=0, file=0, first=0, to=len(items))])

    def run(self, between: Callable[[int], None] = lambda round_number: None) -> Receipt:
        """The machine, from Transfer to Report; `between` is called after each round."""
        settled = Prepared("set", True, "work", "", 1, again=True)
        while settled.again:
            for unit in self.files.units("set", settled.round):
                self.work(unit)
            between(settled.round)
            settled = settle_dataset("set", settled.round, "work", self.ports)
        return report_dataset("set", self.ports)

    def work(self, unit: DatasetUnit) -> None:
        if isinstance(unit, PartUnit):
            work(unit.item, Unit(0, unit.first, unit.last), lambda: LAMBDA_SECONDS, item_ports(self.ports, "set"))
            return
        rest: ItemUnit | None = unit
        while rest is not None:
            rest = work_items(self.dataset, rest, lambda: LAMBDA_SECONDS, self.ports).rest

    def report_lines(self, name: str) -> list[bytes]:
        data = b"".join(self.files.report("set", name) or ())
        return (gzip.decompress(data) if name.endswith(".gz") else data).splitlines()

    def lose_results(self) -> None:
        """As if no invocation had come to its end."""
        for name in list(self.documents.kept):
            if "/results/" in name or "/notes/unit" in name:
                self.documents.remove(name)

    def put_sources(self, names: Iterable[str], content: bytes = b"content") -> None:
        for name in names:
            self.source.put(_url(name), content)

    def fail(self, name: str, error: TransferError, times: int) -> None:
        self.source.failures[_url(name)] = [error] * times

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
