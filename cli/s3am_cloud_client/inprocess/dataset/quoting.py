"""What a dataset would take in the cloud, listed from this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from s3am_cloud.costs.quote import Basis, Cloud, cloud_of
from s3am_cloud.datasets.report_lines import is_local
from s3am_cloud.datasets.selection import Selected
from s3am_cloud.datasets.units import ItemFile, SizeClass, crew_of, marks_of, size_class, units
from s3am_cloud.items import Placed
from s3am_cloud.jobs.dataset.forecasts import enforce_max_cost_of_dataset, forecast_of_dataset
from s3am_cloud.jobs.dataset.plan import DatasetPlan
from s3am_cloud.model import Regions, TransferRequest
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.pipeline import new_job
from s3am_cloud.urls import SourceUrl, local_error

_JOB = "planned"
# About as many items as the cloud has in one file.
_ITEMS = 30_000


class DatasetQuote(msgspec.Struct, frozen=True, kw_only=True):
    """What a dataset takes in the cloud, as if nothing of it were at its destination.

    `items` count all of it, of which `unsized` have no size that is known before they are read, and `outside` can't be
    copied or are left out. `bytes` are those of the others.
    """

    source: str
    destination: str
    items: int
    unsized: int
    outside: int
    bytes: int
    cloud: Cloud
    prices: Basis = Basis()


def quote_dataset(request: TransferRequest, found: Iterable[Selected], ports: Ports) -> DatasetQuote:
    """Raises BadSource for a local file, TooExpensive, and what finding the items does."""
    job = new_job(request, _JOB, ports.clock)
    regions = Regions(destination=ports.store.region(job.target), mover=ports.region)
    job = msgspec.structs.replace(job, regions=regions)
    counted = _Counted()
    files = tuple(counted.files(found))
    crew = crew_of(files, counted.schemes, request.slots, ports.most_workers)
    cut = sum(1 for _ in units(files, crew.workers))
    crew = msgspec.structs.replace(crew, workers=max(1, min(crew.workers, cut)))
    plan = DatasetPlan(items=counted.items, files=files, schemes=tuple(sorted(counted.schemes)), crew=crew, units=cut)
    enforce_max_cost_of_dataset(job, plan)
    return DatasetQuote(
        source=request.source_url.display,
        destination=str(job.target),
        items=counted.items,
        unsized=sum(file.items for file in files if file.size_class == "unsized"),
        outside=counted.outside,
        bytes=plan.bytes,
        cloud=cloud_of(forecast_of_dataset(job, plan), crew.workers, crew.slots),
    )


class _Counted:
    """The items as the cloud's files would have them, without their names."""

    def __init__(self) -> None:
        self.items = self.outside = 0
        self.schemes: set[str] = set()
        self._held: dict[SizeClass, list[Listed]] = {}

    def files(self, found: Iterable[Selected]) -> Iterator[ItemFile]:
        for one in found:
            self.items += 1
            if not isinstance(one, Placed):
                self.outside += 1
                continue
            if is_local(one.item.source):
                raise local_error(SourceUrl("file", one.item.source))
            self.schemes.add(one.item.source.partition(":")[0])
            kind = size_class(one.item.size)
            held = self._held.setdefault(kind, [])
            held.append(Listed(number=self.items, item=one.item, place=""))
            if len(held) == _ITEMS:
                yield _file(kind, self._held.pop(kind))
        for kind, held in self._held.items():
            yield _file(kind, held)


def _file(kind: SizeClass, items: list[Listed]) -> ItemFile:
    return ItemFile(file=0, size_class=kind, items=len(items), marks=marks_of(items))
