"""Cut an object into parts, and parts into units: pure arithmetic, so that nothing is discovered later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from s3am_cloud.errors import BadPartSize, SourceTooLarge
from s3am_cloud.limits import (
    DEFAULT_PART,
    LAMBDA_BYTES_PER_SECOND,
    MAX_OBJECT,
    MAX_PART,
    MAX_PARTS,
    MIB,
    MIN_PART,
    SMALL_OBJECT,
    STREAM_GROWS_EVERY,
    STREAM_PART,
    UNIT_SECONDS,
    WORKER_SLOTS,
)
from s3am_cloud.model import Plan, SourceInfo, Unit


def plan(
    info: SourceInfo,
    connections: int,
    part_size: int | None = None,
    default: int = DEFAULT_PART,
    small: int = SMALL_OBJECT,
) -> Plan:
    """The parts of an object, and the units of work that they make over `connections` connections.

    `part_size` is the user's wish, `default` what is taken without one as long as 10,000 parts suffice. Up to `small`
    bytes the object goes in one request, unless the user wishes for smaller parts.
    Raises BadPartSize where the wish can't be met, and SourceTooLarge where a source without ranges, or without a
    known size, does not fit one part.
    """
    if info.size is None:
        raise SourceTooLarge("the source does not tell its size")
    size = _check_size(info.size)
    if not info.ranges and size > MAX_PART:
        raise SourceTooLarge(f"the source serves no ranges, and its {size:,} bytes exceed the {MAX_PART:,} of one part")
    chosen = _check_part(size, part_size) if part_size is not None else max(default, smallest_part(size))
    if not info.ranges:
        chosen = max(chosen, size)
    return _share_out(
        Plan(size=size, part_size=chosen, small=size <= (small if part_size is None else min(small, chosen))),
        connections,
    )


def download_plan(info: SourceInfo, connections: int, part_size: int | None = None) -> Plan:
    """The parts of an object on its way to a file, for which S3's limits do not count. Raises BadPartSize below 1."""
    if part_size is not None and part_size < 1:
        raise BadPartSize(f"a part has at least one byte, not {part_size:,}")
    size = info.size or 0
    return _share_out(Plan(size=size, part_size=part_size or max(DEFAULT_PART, smallest_part(size))), connections)


def stream_plan(info: SourceInfo) -> Plan:
    """The growing parts of a source that has to be read in sequence. Raises SourceTooLarge beyond what they hold."""
    most = Plan(size=MAX_OBJECT, part_size=STREAM_PART, grows_every=STREAM_GROWS_EVERY).part(MAX_PARTS)
    capacity = most.first + most.length
    if info.size is not None and info.size > capacity:
        raise SourceTooLarge(
            f"the source serves no ranges, and its {info.size:,} bytes exceed the {capacity:,} of a stream"
        )
    size = capacity if info.size is None else info.size
    return Plan(size=size, part_size=STREAM_PART, grows_every=STREAM_GROWS_EVERY)


def smallest_part(size: int) -> int:
    """The smallest size, in whole MiB, at which 10,000 parts hold `size` bytes."""
    per_part = -(-size // MAX_PARTS)
    return max(MIN_PART, -(-per_part // MIB) * MIB)


def units(plan: Plan, numbers: Iterable[int]) -> Iterator[Unit]:
    """The parts of these ascending `numbers` as units: runs without a gap, of at most the plan's length."""
    first = last = 0
    for number in numbers:
        if first and (number != last + 1 or number - first == plan.unit_parts):
            yield Unit(0, first, last)
            first = 0
        first, last = first or number, number
    if first:
        yield Unit(0, first, last)


def _share_out(plan: Plan, connections: int) -> Plan:
    slots = max(1, min(WORKER_SLOTS, connections, plan.count))
    workers = max(1, connections // slots)
    longest = max(1, UNIT_SECONDS * LAMBDA_BYTES_PER_SECOND // plan.part_size)
    unit_parts = max(1, min(longest, -(-plan.count // workers)))
    units = -(-plan.count // unit_parts)
    return Plan(
        size=plan.size,
        part_size=plan.part_size,
        small=plan.small,
        unit_parts=unit_parts,
        concurrency=min(workers, units),
        slots=slots,
    )


def _check_size(size: int) -> int:
    if not 0 <= size <= MAX_OBJECT:
        raise SourceTooLarge(f"{size:,} bytes; an S3 object has at most {MAX_OBJECT:,}", "split it")
    return size


def _check_part(size: int, part_size: int) -> int:
    if not MIN_PART <= part_size <= MAX_PART:
        raise BadPartSize(f"a part has {MIN_PART:,} to {MAX_PART:,} bytes, not {part_size:,}")
    if size > part_size * MAX_PARTS:
        need = smallest_part(size) // MIB
        raise BadPartSize(f"{size:,} bytes are over {MAX_PARTS:,} parts of {part_size:,}", f"use {need}MB or more")
    return part_size
