"""The planner and time: units of about 45 s, parts that a worker can move before its deadline, polite to every host."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from s3am_cloud.errors import BadPartSize, SourceTooLarge
from s3am_cloud.limits import (
    COPY_BYTES_PER_SECOND,
    DEFAULT_PART,
    GIB,
    HOST_CONNECTIONS,
    LAMBDA_BYTES_PER_SECOND,
    MAX_OBJECT,
    MAX_PART,
    MAX_PARTS,
    MIB,
    MIN_PART,
    PART_ANSWER_SECONDS,
    S3_WRITES_PER_SECOND,
    UNIT_SECONDS,
    WORKER_SLOTS,
    WORTH_A_SAMPLE,
)
from s3am_cloud.model import PinnedSource, Plan, SourceInfo
from s3am_cloud.transfer.part_sizes import PART_SECONDS, check_time, smallest_part
from s3am_cloud.transfer.steps.plan import plan
from s3am_cloud.transfer.steps.probe import probe
from s3am_cloud.urls import SourceUrl

SIZES = st.integers(0, MAX_OBJECT)
RATES = st.one_of(st.none(), st.integers(1, 200 * 10**6))
CONNECTIONS = st.integers(1, 5000)
WISHES = st.one_of(st.none(), st.integers(MIN_PART, MAX_PART))


def info(size: int, rate: int | None = None, ranges: bool = True) -> SourceInfo:
    return SourceInfo(size=size, ranges=ranges, etag='"e"', rate=rate)


def cut_or_none(size: int, connections: int, rate: int | None, requested: int | None, copies: bool) -> Plan:
    assume(requested is None or size <= requested * MAX_PARTS)
    try:
        return plan(info(size, None if copies else rate), connections, requested, copies)
    except (BadPartSize, SourceTooLarge):
        assume(False)
        raise AssertionError from None


@given(SIZES, CONNECTIONS, RATES, WISHES, st.booleans())
def test_a_job_never_has_more_connections_than_its_host_bears(
    size: int, connections: int, rate: int | None, requested: int | None, copies: bool
) -> None:
    cut = cut_or_none(size, connections, rate, requested, copies)
    assert cut.slots >= 1
    assert cut.concurrency >= 1
    assert cut.concurrency * cut.slots <= connections


@given(SIZES, CONNECTIONS, RATES, WISHES, st.booleans())
@example(MAX_PARTS * MIN_PART, 1050, None, MIN_PART, True)
def test_s3_is_never_asked_for_more_writes_a_second_than_it_takes(
    size: int, connections: int, rate: int | None, requested: int | None, copies: bool
) -> None:
    cut = cut_or_none(size, connections, rate, requested, copies)
    most = WORKER_SLOTS * COPY_BYTES_PER_SECOND if copies else LAMBDA_BYTES_PER_SECOND
    speed = min(most, cut.slots * (rate or most))
    in_flight = cut.concurrency * cut.slots
    assert in_flight / PART_ANSWER_SECONDS <= S3_WRITES_PER_SECOND
    assert cut.concurrency * speed / cut.part_size <= S3_WRITES_PER_SECOND


@given(st.integers(1, 100), RATES, st.integers(64 * MIB, MAX_PART), st.booleans())
def test_most_of_the_connections_are_used_where_there_is_work_for_them(
    connections: int, rate: int | None, part_size: int, copies: bool
) -> None:
    cut = cut_or_none(10_000 * part_size, connections, rate, part_size, copies)
    assert cut.concurrency * cut.slots * 8 >= connections * 7


@given(SIZES, CONNECTIONS, RATES, WISHES)
def test_a_unit_takes_45_seconds_at_most_or_as_long_as_one_part(
    size: int, connections: int, rate: int | None, requested: int | None
) -> None:
    cut = cut_or_none(size, connections, rate, requested, copies=False)
    each = min(LAMBDA_BYTES_PER_SECOND // cut.slots, rate or LAMBDA_BYTES_PER_SECOND)
    rounds = -(-cut.unit_parts // cut.slots)
    seconds = cut.unit_parts * cut.part_size / min(LAMBDA_BYTES_PER_SECOND, cut.slots * each)
    assert rounds == 1 or seconds <= UNIT_SECONDS * 1.01


@given(SIZES, CONNECTIONS, st.integers(1, 200 * 10**6), WISHES, st.booleans())
def test_every_part_of_a_plan_can_be_moved_before_a_workers_deadline(
    size: int, connections: int, rate: int, requested: int | None, ranges: bool
) -> None:
    assume(requested is None or size <= requested * MAX_PARTS)
    try:
        cut = plan(info(size, rate, ranges), connections, requested)
    except BadPartSize:
        assert requested is not None
        assert smallest_part(size) / rate <= PART_SECONDS
    except SourceTooLarge:
        longest = size if not ranges else min(size, smallest_part(size))
        assert longest / rate > PART_SECONDS - MIB / rate or size > MAX_PART
    else:
        assert max(part.length for part in (cut.part(1), cut.part(cut.count))) <= PART_SECONDS * rate


def test_the_arithmetic_of_a_part_that_is_too_long_is_told() -> None:
    with pytest.raises(BadPartSize) as caught:
        plan(info(100 * GIB, 2_000_000), 64, MAX_PART)
    assert caught.value.message == (
        "a part of 5,367,660,544 bytes takes 2,684 s at the 2.0 MB/s that the source was seen to give; "
        "a worker has 840 s"
    )
    assert caught.value.hint == "use --part-size 1602MB or less"
    assert plan(info(100 * GIB, 2_000_000), 64, 1602 * MIB).part_size == 1602 * MIB


def test_an_object_whose_size_forces_parts_that_are_too_long_is_refused() -> None:
    with pytest.raises(SourceTooLarge, match=r"need parts that large: a part of 5,367,660,544 bytes takes 2,684 s"):
        plan(info(MAX_OBJECT, 2_000_000), 64)
    with pytest.raises(SourceTooLarge, match="need parts that large"):
        plan(info(MAX_OBJECT, 2_000_000), 64, MAX_PART)


def test_a_source_without_ranges_that_is_too_slow_is_refused() -> None:
    """A source without ranges that is too slow for one go is refused whatever the options."""
    for requested in (None, MIN_PART, MAX_PART):
        with pytest.raises(SourceTooLarge, match=r"serves no ranges.*, and a part of 2,147,483,648 bytes") as caught:
            plan(info(2 * GIB, 2_000_000, ranges=False), 64, requested)
        assert "s3am-cloud upload" in caught.value.hint
    assert plan(info(2 * GIB, 20_000_000, ranges=False), 64).count == 1


def test_a_slow_source_is_cut_so_that_parts_take_half_a_workers_time() -> None:
    """A slow source is cut smaller so that a part takes half of a worker's time."""
    assert plan(info(10 * GIB), 64).part_size == DEFAULT_PART
    slow = plan(info(10 * GIB, 50_000), 64)
    assert slow.part_size == 20 * MIB
    assert plan(info(10 * GIB, 50_000_000), 64).part_size == DEFAULT_PART


def test_an_unfinished_uploads_parts_are_held_to_the_same_rule() -> None:
    before = Plan(size=100 * GIB, part_size=2 * GIB)
    check_time(before, info(100 * GIB))
    with pytest.raises(BadPartSize, match="a worker has 840 s") as caught:
        check_time(before, info(100 * GIB, 2_000_000))
    assert caught.value.hint.startswith("start again with --force")


def test_slow_connections_share_a_worker_and_fast_ones_get_their_own() -> None:
    size = 10_000 * DEFAULT_PART
    slow, fast, unknown = plan(info(size, 10**6), 64), plan(info(size, 75 * 10**6), 64), plan(info(size), 64)
    assert (slow.slots, slow.concurrency) == (8, 8)
    assert (fast.slots, fast.concurrency) == (2, 32)
    assert (unknown.slots, unknown.concurrency) == (8, 8)


def test_copies_and_slow_parts_share_a_worker_even_where_they_are_few() -> None:
    """Each is as fast beside others as by itself, and an invocation costs the same whatever it waits for."""
    copies, slow = plan(info(100 * GIB), 1000, GIB, copies=True), plan(info(4 * GIB, 10**6), 64)
    assert (copies.slots, copies.unit_parts, copies.concurrency) == (8, 8, 13)
    assert (slow.slots, slow.unit_parts, slow.concurrency) == (8, 8, 8)


def test_a_unit_of_very_large_parts_leaves_no_connection_idle() -> None:
    cut = plan(info(MAX_OBJECT), 64)
    assert (cut.unit_parts, cut.slots, cut.concurrency) == (1, 1, 64)


@pytest.mark.parametrize("scheme", list(HOST_CONNECTIONS))
def test_units_of_an_hours_job_keep_the_hosts_limit_without_a_wish(scheme: str) -> None:
    cut = plan(info(10_000 * DEFAULT_PART), HOST_CONNECTIONS[scheme], copies=scheme == "s3")
    assert cut.concurrency * cut.slots <= HOST_CONNECTIONS[scheme]


class OneSource:
    def __init__(self, size: int | None) -> None:
        self._size = size

    def probe(self, url: SourceUrl) -> SourceInfo:
        return SourceInfo(size=self._size, ranges=True)


@pytest.mark.parametrize(
    ("scheme", "size", "measured"),
    [
        ("https", WORTH_A_SAMPLE + 1, True),
        ("ftp", WORTH_A_SAMPLE + 1, True),
        ("https", WORTH_A_SAMPLE, False),
        ("https", None, False),
        ("s3", MAX_OBJECT, False),
        ("file", MAX_OBJECT, False),
    ],
)
def test_only_what_is_large_and_comes_over_a_network_is_measured(scheme: str, size: int | None, measured: bool) -> None:
    asked: list[PinnedSource] = []

    def rate_probe(origin: PinnedSource) -> int:
        asked.append(origin)
        return 1234

    found = probe(SourceUrl(scheme, f"{scheme}://host/data"), OneSource(size), rate_probe)
    assert (found.info.rate, len(asked)) == ((1234, 1) if measured else (None, 0))
