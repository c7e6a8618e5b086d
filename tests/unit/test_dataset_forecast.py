"""What a dataset costs in the cloud, before it runs."""

from __future__ import annotations

import io
from collections.abc import Iterator

import msgspec
import pytest

from s3am_cloud.adapters.memory.dataset_files import memory_dataset_files
from s3am_cloud.costs.datasets import DatasetWork, forecast_dataset
from s3am_cloud.costs.surcharge import Terms
from s3am_cloud.datasets.selection import Selected
from s3am_cloud.datasets.units import Crew, ItemFile, Mark, crew_of, marks_of, size_class, units
from s3am_cloud.errors import BadSource, TooExpensive
from s3am_cloud.items import Item, Placed, Rejected
from s3am_cloud.jobs.dataset.forecasts import forecast_of_dataset, work_of
from s3am_cloud.jobs.dataset.plan import DatasetPlan
from s3am_cloud.jobs.dataset.prepare import prepare_dataset
from s3am_cloud.limits import S3_WRITES_PER_SECOND, UNIT_SECONDS, WORKER_PUTS_PER_SECOND
from s3am_cloud.model import TransferRequest
from s3am_cloud.ports.item_list import Existing, Listed
from s3am_cloud.ports.trees import Found
from s3am_cloud.transfer.pipeline import new_job
from s3am_cloud_client.inprocess.dataset.quoting import quote_dataset
from support.fakes import World

HERE = Terms()


def of(count: int, size: int, scheme: str = "https") -> tuple[DatasetPlan, Crew]:
    """So many items of one size, prepared."""
    listed = Listed(number=0, item=Item(source="https://h/x", destination="s3://b/x", size=size), place="")
    [*marks] = marks_of([listed] * min(count, 1000))
    files = tuple(
        ItemFile(file=at, size_class=size_class(size), items=min(1000, count - at * 1000), marks=tuple(marks))
        for at in range(-(-count // 1000))
    )
    crew = crew_of(files, [scheme], 1000, None)
    cut = list(units(files, crew.workers))
    plan = DatasetPlan(items=count, files=files, schemes=(scheme,), crew=crew, units=len(cut))
    return plan, crew


def test_a_million_small_items_cost_their_puts_and_little_more() -> None:
    """The design's table: about $5.05, of which the puts are $5.00, in some 6 minutes."""
    plan, crew = of(1_000_000, 100_000)
    found = forecast_dataset(work_of(plan, crew, None), HERE)
    assert found.usage.s3_writes == pytest.approx(1_000_000, rel=0.01)
    assert found.dollars == pytest.approx(5.05, rel=0.05)
    assert found.seconds < 20 * 60


def test_ten_thousand_items_of_100_megabytes_cost_what_the_design_says() -> None:
    plan, crew = of(10_000, 100_000_000)
    assert forecast_dataset(work_of(plan, crew, None), HERE).dollars == pytest.approx(0.17, rel=0.2)


def test_a_dearer_storage_class_and_another_region_are_in_it() -> None:
    plan, crew = of(1000, 10**6)
    work = work_of(plan, crew, None)
    here = forecast_dataset(work, HERE).dollars
    assert forecast_dataset(work, Terms(storage_class="GLACIER_IR")).dollars > here + 1000 * 0.000014
    there = Terms(sent_from="us-east-1", destination="eu-west-1")
    assert forecast_dataset(work, there).dollars == pytest.approx(here + 0.02)


def test_a_dataset_without_items_has_a_price() -> None:
    work = DatasetWork(
        puts=0, singles=0, looks=0, uploads=0, parts=0, bytes=0, reads=0, listed=0, files=0, units=0, workers=1
    )
    assert 0 < forecast_dataset(work, HERE).dollars < 0.01


def test_workers_are_as_many_as_s3_takes_writes_of_and_hosts_bear() -> None:
    small, _ = of(100_000, 1000)
    assert crew_of(small.files, ["https"], 1000, None).workers == S3_WRITES_PER_SECOND // WORKER_PUTS_PER_SECOND
    assert crew_of(small.files, ["ftp"], None, None) == Crew(workers=1, slots=4)
    assert crew_of(small.files, ["https"], 1000, 3).workers == 3
    assert crew_of(small.files, ["https", "ftp"], None, None).slots == 4


def test_units_have_equal_work_and_the_small_ones_come_last() -> None:
    files = (
        ItemFile(file=0, size_class="small", items=9000, marks=tuple(Mark(to, 2.0, 0) for to in range(200, 9001, 200))),
        ItemFile(file=1, size_class="large", items=3, marks=tuple(Mark(to, 50.0, 0) for to in (1, 2, 3))),
    )
    found = list(units(files, 1))
    assert sum(unit.to - unit.first for unit in found) == 9003
    assert [unit.u for unit in found] == list(range(len(found)))
    assert [(unit.first, unit.to) for unit in found if unit.file == 1] == [(0, 1), (1, 2), (2, 3)]
    assert all(unit.to - unit.first <= UNIT_SECONDS / 2 * 200 for unit in found if unit.file == 0)
    assert found[-1].file == 0


def placed(count: int, size: int, scheme: str = "https") -> list[Placed]:
    return [
        Placed(item=Item(source=f"{scheme}://h/{at}", destination=f"s3://bucket/to/{at}", size=size), place="")
        for at in range(count)
    ]


def requested(**options: object) -> TransferRequest:
    document = {"source": "https://h/0", "destination": "s3://bucket/to/", "dataset": {"sources": ["https://h/0"]}}
    return msgspec.convert({**document, **options}, TransferRequest)


def test_a_quote_is_the_forecast_of_what_the_cloud_would_prepare() -> None:
    """The same items, prepared by the job itself, have the same units, workers and cost."""
    world = World()
    files = memory_dataset_files(world.clock)
    lines = "".join(f"https://h/{at},{at},250000\n" for at in range(5000))
    files.write_manifest("a" * 64, io.BytesIO(f"url,name,size\n{lines}".encode()))
    ports = msgspec.structs.replace(world.ports, dataset_files=files, tree=NoTree())
    dataset = {"manifest_digest": "a" * 64, "manifest_name": "list.csv"}
    job = new_job(requested(dataset=dataset, source="list.csv"), "job", world.clock)
    plan = prepare_dataset(job, ports, lambda: 900.0)
    assert plan is not None
    prepared = forecast_of_dataset(job, plan)
    quote = quote_dataset(requested(), placed(5000, 250_000), world.ports)
    assert (quote.items, quote.bytes) == (5000, 5000 * 250_000)
    assert (quote.cloud.units, quote.cloud.s3_writes) == (prepared.units, prepared.usage.s3_writes)
    assert quote.cloud.dollars == pytest.approx(prepared.dollars)


def test_a_quote_counts_what_has_no_size_and_what_cannot_be_copied() -> None:
    found: list[Selected] = [
        *placed(2, 5),
        Placed(item=Item(source="https://h/x", destination="s3://bucket/to/x"), place=""),
        Rejected(
            item=Item(source="https://h/y", destination="s3://bucket/to/"), place="", error=BadSource("").report()
        ),
    ]
    quote = quote_dataset(requested(), found, World().ports)
    assert (quote.items, quote.unsized, quote.outside, quote.bytes) == (4, 1, 1, 10)


def test_a_quote_above_the_cost_and_one_of_local_files_are_refused() -> None:
    with pytest.raises(TooExpensive):
        quote_dataset(requested(max_cost=0.001), placed(1000, 5), World().ports)
    local = Placed(item=Item(source="data/x", destination="s3://bucket/to/x"), place="")
    with pytest.raises(BadSource, match="the cloud can't read"):
        quote_dataset(requested(), [local], World().ports)


class NoTree:
    """A prefix in which nothing is."""

    def entries(self, *_: object) -> Iterator[Found]:
        yield from ()

    def existing(self, *_: object) -> Iterator[Existing]:
        yield from ()
