"""Datasets through the machine's own definition: what they cost is what the design says, at any size."""

from __future__ import annotations

import pytest

from s3am_cloud.limits import HOST_CONNECTIONS, OBJECT_CONNECTIONS, S3_WRITES_PER_SECOND, WORKER_SLOTS
from simulation.aims import GB, KB, MB, Aim, check, is_near
from simulation.datasets import DatasetOutcome, Items, simulate


def of(count: int, size: int, scheme: str = "https", connections: int | None = None) -> DatasetOutcome:
    items = Items(name="", sizes=((count, size),), scheme=scheme, connections=connections)
    came = simulate(items)
    check(Aim(items=items), came)
    return came


def test_small_items_cost_one_put_each_and_little_more() -> None:
    """$5.05 for a million."""
    came = of(3000, 100 * KB, connections=512)
    assert is_near(came.dollars, 3000 * 5.05 / 1_000_000)
    assert came.made == 3000
    assert came.usage.s3_writes < 3000 * 1.01
    assert came.usage.s3_reads < 100
    assert came.refused == 0


def test_a_small_item_inside_s3_costs_one_copy_and_looks_for_no_upload() -> None:
    came = of(1000, 100 * KB, "s3")
    assert came.usage.s3_writes < 1050
    assert came.usage.s3_reads < 1100


@pytest.mark.parametrize(
    ("size", "scheme"), [(100 * KB, "https"), (100 * KB, "s3"), (100 * MB, "https"), (GB, "https")]
)
def test_what_items_take_is_what_was_forecast(size: int, scheme: str) -> None:
    came = of(200 if size == GB else 500, size, scheme, 128)
    assert came.dollars == pytest.approx(came.told.dollars, rel=0.05)
    assert came.usage.s3_writes == pytest.approx(came.told.usage.s3_writes, rel=0.05)
    assert came.usage.transitions == came.told.usage.transitions


def test_workers_of_small_items_stay_below_what_s3_takes_in_a_second() -> None:
    came = of(2000, KB, connections=4096)
    assert came.refused == 0
    assert came.made / (came.seconds - came.prepared) < S3_WRITES_PER_SECOND


def test_items_of_100_megabytes_cost_what_the_design_says() -> None:
    """$0.17 for ten thousand."""
    assert of(1000, 100 * MB, connections=128).dollars == pytest.approx(1000 * 0.17 / 10_000, rel=0.1)


def test_large_items_cost_what_the_design_says_and_have_a_round_of_parts() -> None:
    """$2.00 for a hundred."""
    came = of(4, 100 * GB)
    assert came.dollars == pytest.approx(4 * 2.00 / 100, rel=0.15)
    assert came.rounds == 2
    assert came.workers == HOST_CONNECTIONS["https"] // WORKER_SLOTS > HOST_CONNECTIONS["https"] // OBJECT_CONNECTIONS


def test_a_mix_of_all_sizes_from_s3_is_copied_in_two_rounds() -> None:
    sizes = ((500, 100 * KB), (20, 100 * MB), (4, GB), (1, 100 * GB))
    came = simulate(Items(name="", sizes=sizes, scheme="s3"))
    assert came.receipt.counts is not None
    assert (came.receipt.counts.copied, came.rounds) == (525, 2)
    assert came.receipt.counts.copied_bytes == sum(count * size for count, size in sizes)
