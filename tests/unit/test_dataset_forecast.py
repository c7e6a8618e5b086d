"""What a dataset costs in the cloud, before it runs."""

from __future__ import annotations

import pytest

from s3am_cloud.costs.datasets import DatasetWork, forecast_dataset
from s3am_cloud.costs.surcharge import Terms
from s3am_cloud.datasets.units import Crew, ItemFile, Mark, crew_of, marks_of, units
from s3am_cloud.items import Item
from s3am_cloud.jobs.dataset.forecasts import work_of
from s3am_cloud.jobs.dataset.plan import DatasetPlan
from s3am_cloud.limits import S3_WRITES_PER_SECOND, UNIT_SECONDS, WORKER_PUTS_PER_SECOND
from s3am_cloud.ports.item_list import Listed

HERE = Terms()


def of(count: int, size: int, scheme: str = "https") -> tuple[DatasetPlan, Crew]:
    """So many items of one size, prepared."""
    from s3am_cloud.datasets.units import size_class

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
    work = DatasetWork(puts=0, singles=0, uploads=0, parts=0, bytes=0, reads=0, listed=0, files=0, units=0, workers=1)
    assert 0 < forecast_dataset(work, HERE).dollars < 0.01


def test_workers_are_as_many_as_s3_takes_writes_of_and_hosts_bear() -> None:
    small, _ = of(100_000, 1000)
    assert crew_of(small.files, ["https"], 1000, None).workers <= S3_WRITES_PER_SECOND / (WORKER_PUTS_PER_SECOND / 3)
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
