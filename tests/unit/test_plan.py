"""The planner, for every size that an S3 object can have."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3am_cloud.adapters.curl.store.put import encoded_length
from s3am_cloud.errors import BadPartSize, BadSource, SourceTooLarge
from s3am_cloud.limits import (
    DEFAULT_PART,
    GIB,
    LAMBDA_BYTES_PER_SECOND,
    MAX_OBJECT,
    MAX_PART,
    MAX_PARTS,
    MIB,
    MIN_PART,
    SMALL_OBJECT,
    UNIT_SECONDS,
    WORKER_SLOTS,
)
from s3am_cloud.model import Plan, SourceInfo
from s3am_cloud.transfer.part_sizes import download_plan, smallest_part, units
from s3am_cloud.transfer.steps.plan import plan
from s3am_cloud.transfer.steps.probe import probe
from s3am_cloud.urls import SourceUrl

SIZES = st.one_of(st.integers(0, MAX_OBJECT), st.integers(0, 2 * SMALL_OBJECT))
CONNECTIONS = st.integers(1, 3000)
WISHES = st.one_of(st.none(), st.integers(MIN_PART, MAX_PART))


def info(size: int | None, ranges: bool = True) -> SourceInfo:
    return SourceInfo(size=size, ranges=ranges, etag='"e"')


@given(SIZES, CONNECTIONS)
@example(MAX_OBJECT, 64)
@example(0, 1)
@example(DEFAULT_PART * MAX_PARTS, 1)
@example(DEFAULT_PART * MAX_PARTS + 1, 1)
def test_every_size_is_cut_into_parts_that_s3_takes(size: int, connections: int) -> None:
    cut = plan(info(size), connections)
    assert 1 <= cut.count <= MAX_PARTS
    assert MIN_PART <= cut.part_size <= MAX_PART
    last = cut.part(cut.count)
    assert last.first + last.length == size
    assert 0 < last.length <= cut.part_size or size == 0


@pytest.mark.parametrize(
    ("size", "part_size"),
    [
        (SMALL_OBJECT, SMALL_OBJECT),
        (SMALL_OBJECT + 1, SMALL_OBJECT),
        (320 * MIB, 20 * MIB),
        (320 * MIB + 1, 21 * MIB),
        (16 * DEFAULT_PART, DEFAULT_PART),
        (10**12, 96 * MIB),
    ],
)
@pytest.mark.parametrize("cut", [lambda size: plan(info(size), 8), lambda size: download_plan(info(size), 8)])
def test_what_is_not_large_is_cut_into_sixteen_parts_worth_a_request(
    size: int, part_size: int, cut: Callable[[int], Plan]
) -> None:
    """What is not large is cut into sixteen parts if they are worth a request."""
    assert cut(size).part_size == part_size


@given(SIZES, WISHES)
def test_parts_tile_the_object_without_a_gap_or_an_overlap(size: int, requested: int | None) -> None:
    part_size = requested if requested is not None and size <= requested * MAX_PARTS else None
    cut = plan(info(size), 8, part_size)
    place = 0
    for number, part in enumerate(cut.parts(), 1):
        assert (part.number, part.first) == (number, place)
        assert part.length == cut.part_size or number == cut.count
        place += part.length
    assert place == size
    assert number == cut.count


@given(SIZES, CONNECTIONS)
def test_workers_and_their_slots_stay_within_the_connections(size: int, connections: int) -> None:
    cut = plan(info(size), connections)
    assert 1 <= cut.slots <= min(WORKER_SLOTS, cut.count)
    assert cut.concurrency >= 1
    assert cut.concurrency * cut.slots <= connections


@given(SIZES, CONNECTIONS, WISHES)
def test_a_unit_is_no_more_than_a_worker_moves_in_its_time(size: int, connections: int, requested: int | None) -> None:
    part_size = requested if requested is not None and size <= requested * MAX_PARTS else None
    cut = plan(info(size), connections, part_size)
    assert cut.unit_parts == 1 or cut.unit_parts * cut.part_size <= UNIT_SECONDS * LAMBDA_BYTES_PER_SECOND


@given(SIZES, CONNECTIONS)
def test_no_more_workers_are_asked_for_than_there_are_units(size: int, connections: int) -> None:
    cut = plan(info(size), connections)
    assert cut.concurrency <= len(list(units(cut, range(1, cut.count + 1))))


@given(st.sets(st.integers(1, 300)), st.integers(1, 40))
def test_units_cover_exactly_the_given_parts(numbers: set[int], unit_parts: int) -> None:
    cut = Plan(size=300 * MIN_PART, part_size=MIN_PART, unit_parts=unit_parts)
    made = list(units(cut, sorted(numbers)))
    assert [number for unit in made for number in range(unit.first, unit.last + 1)] == sorted(numbers)
    assert all(1 <= unit.last - unit.first + 1 <= unit_parts for unit in made)
    assert {unit.object for unit in made} <= {0}


@given(st.integers(1, 300), st.integers(1, 40))
def test_units_are_as_few_as_their_length_allows(count: int, unit_parts: int) -> None:
    cut = Plan(size=count * MIN_PART, part_size=MIN_PART, unit_parts=unit_parts)
    assert len(list(units(cut, range(1, count + 1)))) == -(-count // unit_parts)


@given(SIZES)
def test_the_smallest_part_is_just_enough(size: int) -> None:
    part = smallest_part(size)
    assert part % MIB == 0
    assert size <= part * MAX_PARTS
    assert part == MIN_PART or size > (part - MIB) * MAX_PARTS


@given(st.integers(MIN_PART, MAX_PART))
def test_a_wished_part_size_is_kept(requested: int) -> None:
    assert plan(info(requested * MAX_PARTS), 8, requested).part_size == requested


@pytest.mark.parametrize("requested", [0, MIN_PART - 1, MAX_PART + 1])
def test_a_part_size_that_s3_does_not_take_is_refused(requested: int) -> None:
    with pytest.raises(BadPartSize):
        plan(info(100), 8, requested)


@pytest.mark.parametrize("requested", [MIN_PART, MAX_PART])
def test_a_part_size_at_the_border_is_taken(requested: int) -> None:
    assert plan(info(100), 8, requested).part_size == requested


def test_one_byte_more_than_10_000_parts_hold_is_refused_with_a_size() -> None:
    """One byte more than 10,000 parts hold is refused with the size to use."""
    assert plan(info(MIN_PART * MAX_PARTS), 8, MIN_PART).count == MAX_PARTS
    with pytest.raises(BadPartSize) as caught:
        plan(info(MIN_PART * MAX_PARTS + 1), 8, MIN_PART)
    assert caught.value.hint == "use 6MB or more"


def test_one_byte_more_than_the_largest_object_is_refused() -> None:
    assert plan(info(MAX_OBJECT), 8).part_size == MAX_PART
    with pytest.raises(SourceTooLarge):
        plan(info(MAX_OBJECT + 1), 8)


class OneSource:
    def __init__(self, size: int) -> None:
        self._size = size

    def probe(self, url: SourceUrl) -> SourceInfo:
        return info(self._size)


def test_a_source_larger_than_any_object_is_a_bad_source_from_the_probe_on() -> None:
    url = SourceUrl("https", "https://user:s3cret@host/data?sig=s3cret")
    assert probe(url, OneSource(MAX_OBJECT)).info.size == MAX_OBJECT
    with pytest.raises(BadSource, match="https://host/data") as caught:
        probe(url, OneSource(MAX_OBJECT + 1))
    assert "s3cret" not in str(caught.value)


def test_a_source_without_a_size_is_refused() -> None:
    with pytest.raises(SourceTooLarge, match="does not report its size"):
        plan(info(None, ranges=False), 8)


@pytest.mark.parametrize("size", [0, 1, DEFAULT_PART + 1, MAX_PART])
def test_a_source_without_ranges_is_one_part(size: int) -> None:
    cut = plan(info(size, ranges=False), 8)
    assert cut.count == 1
    assert cut.part(1).length == size


def test_a_source_without_ranges_that_exceeds_one_part_is_refused() -> None:
    with pytest.raises(SourceTooLarge, match="serves no ranges"):
        plan(info(MAX_PART + 1, ranges=False), 8)


@pytest.mark.parametrize(
    ("size", "requested", "small"),
    [
        (0, None, True),
        (SMALL_OBJECT, None, True),
        (SMALL_OBJECT + 1, None, False),
        (MIN_PART, MIN_PART, True),
        (MIN_PART + 1, MIN_PART, False),
    ],
)
def test_what_fits_one_small_request_is_put_at_once(size: int, requested: int | None, small: bool) -> None:
    assert plan(info(size), 8, requested).small is small


def test_a_part_ends_at_its_last_byte_as_http_counts() -> None:
    part = Plan(size=25, part_size=10).part(3)
    assert (part.first, part.length, part.last) == (20, 5, 24)


def test_a_stack_that_limits_workers_plans_no_more_of_them() -> None:
    info = SourceInfo(size=100 * GIB, ranges=True)
    free, limited = plan(info, 64), plan(info, 64, most_workers=3)
    assert (free.concurrency, limited.concurrency) == (8, 3)
    assert limited.slots == free.slots
    assert plan(info, 64, most_workers=100) == free


def test_a_part_has_at_most_5_gib_on_the_wire_with_its_checksum() -> None:
    """A copy is not framed: S3 itself takes the whole 5 GiB."""
    assert encoded_length(MAX_PART) <= 5 * GIB
    with pytest.raises(BadPartSize) as caught:
        plan(info(100 * GIB), 8, 5 * GIB)
    assert caught.value.hint == "use --part-size 5119MB or less"
    assert plan(info(100 * GIB), 8, 5 * GIB, copies=True).part_size == 5 * GIB
    assert plan(info(10_000 * 5 * GIB), 8, copies=True).count == 10_000


@pytest.mark.parametrize("size", [0, 100 * MIB, GIB, 5 * GIB])
def test_what_one_copy_request_brings_is_one_part(size: int) -> None:
    """Each part of it would be another copy of the whole."""
    whole = plan(info(size), 1000, copies=True)
    assert (whole.small, whole.count, whole.part(1).length) == (True, 1, size)
    assert not plan(info(5 * GIB + 1), 1000, copies=True).small
