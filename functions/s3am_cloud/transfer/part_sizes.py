"""How large parts are, and how many of them make a unit: pure arithmetic within S3's limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from s3am_cloud.errors import BadPartSize, SourceTooLarge
from s3am_cloud.limits import (
    COPY_BYTES_PER_SECOND,
    DEADLINE_MARGIN_SECONDS,
    DEFAULT_COPY_PART,
    DEFAULT_PART,
    HOST_CONNECTIONS,
    LAMBDA_BYTES_PER_SECOND,
    LAMBDA_SECONDS,
    MAX_COPIED_OBJECT,
    MAX_COPY_PART,
    MAX_OBJECT,
    MAX_PART,
    MAX_PARTS,
    MIB,
    MIN_PART,
    PART_ANSWER_SECONDS,
    PARTS_TO_SHARE,
    S3_WRITES_PER_SECOND,
    SMALL_OBJECT,
    STREAM_GROWS_EVERY,
    STREAM_PART,
    UNIT_SECONDS,
    WORKER_SLOTS,
)
from s3am_cloud.model import Plan, SourceInfo, TransferRequest, Unit

NO_RANGES = "the source serves no ranges, or ranges that may be of different versions"


USE_UPLOAD = "use s3am-cloud upload, which has no deadline"


# What a worker has for one part: 15 minutes less the time in which it begins none.
PART_SECONDS = LAMBDA_SECONDS - DEADLINE_MARGIN_SECONDS


def connections_for(request: TransferRequest, scheme: str, default: int | None) -> int:
    """The connections that the user allows, else the driver's `default`, else what a host of that scheme bears."""
    requested = request.slots
    return max(1, requested if requested is not None else default or HOST_CONNECTIONS.get(scheme, 1))


def download_plan(info: SourceInfo, connections: int, part_size: int | None = None) -> Plan:
    """The parts of an object on its way to a file, for which S3's limits do not count. Raises BadPartSize below 1."""
    if part_size is not None and part_size < 1:
        raise BadPartSize(f"a part has at least one byte, not {part_size:,}")
    size = info.size or 0
    return share_out(Plan(size=size, part_size=part_size or _usual_part(size)), connections, None)


def check_time(plan: Plan, info: SourceInfo, part_size: int | None = None) -> None:
    """Whether a worker can move each part in its time, if the source's rate is known, which it is in the cloud only.

    Raises BadPartSize where smaller parts could be, as the user or an unfinished upload has them too large; else
    SourceTooLarge.
    """
    longest = min(plan.part_size, plan.size)
    if info.rate is None or longest <= PART_SECONDS * info.rate:
        return
    said = (
        f"a part of {longest:,} bytes takes {longest / info.rate:,.0f} s at the {_megabytes(info.rate)} that the "
        f"source was seen to give; a worker has {PART_SECONDS} s"
    )
    if not info.ranges:
        raise SourceTooLarge(f"{NO_RANGES}, and {said}", USE_UPLOAD)
    most = PART_SECONDS * info.rate // MIB
    if smallest_part(plan.size) > most * MIB:
        raise SourceTooLarge(f"{plan.size:,} bytes need parts that large: {said}", USE_UPLOAD)
    hint = f"use --part-size {most}MB or less"
    raise BadPartSize(said, hint if part_size is not None else f"start again with --force, and {hint}")


def stream_plan(info: SourceInfo) -> Plan:
    """The growing parts of a source that has to be read in sequence. Raises SourceTooLarge beyond what they hold."""
    most = Plan(size=MAX_OBJECT, part_size=STREAM_PART, grows_every=STREAM_GROWS_EVERY).part(MAX_PARTS)
    capacity = most.first + most.length
    if info.size is not None and info.size > capacity:
        raise SourceTooLarge(f"{NO_RANGES}, and its {info.size:,} bytes exceed the {capacity:,} of a stream")
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


def share_out(
    plan: Plan, connections: int, rate: int | None, copies: bool = False, most_workers: int | None = None
) -> Plan:
    """`rate` is one connection's. Slow ones share a worker; fast ones get more workers, if each has a unit to do. Where
    it is not known, a worker's connections are taken to fill it together."""
    connections = max(1, min(connections, int(S3_WRITES_PER_SECOND * PART_ANSWER_SECONDS)))
    fastest = WORKER_SLOTS * COPY_BYTES_PER_SECOND if copies else LAMBDA_BYTES_PER_SECOND
    slots = _fitting(min(WORKER_SLOTS, plan.count, connections), connections)
    speed = fastest if rate is None else min(fastest, slots * rate)
    longest = max(1, UNIT_SECONDS * speed // plan.part_size)
    least = 1
    if rate is not None and slots * rate <= fastest:
        # Parts that move at the same time take no longer than one of them, and no slot is to wait for the last.
        least, longest = slots, max(longest // slots, 1) * slots
    elif rate is not None and plan.size > connections // slots * UNIT_SECONDS * fastest:
        slots = min(slots, -(-fastest // rate) + 1)
    slots = _fitting(min(slots, longest), connections)
    # No more workers than S3 takes the parts of, and than the stack allows.
    workers = max(1, min(connections // slots, S3_WRITES_PER_SECOND * plan.part_size // speed))
    workers = min(workers, most_workers or workers)
    unit_parts = max(least, min(longest, -(-plan.count // workers)))
    units = -(-plan.count // unit_parts)
    return Plan(
        size=plan.size,
        part_size=plan.part_size,
        small=plan.small,
        unit_parts=unit_parts,
        concurrency=min(workers, units),
        slots=slots,
    )


def _fitting(most: int, connections: int) -> int:
    """The most slots by which workers take at least seven eighths of the connections."""
    return next(slots for slots in range(most, 0, -1) if connections // slots * slots * 8 >= connections * 7)


def free_part(size: int, rate: int | None, copies: bool) -> int:
    """The part size where none is requested: from a slow source one that takes half of a worker's time."""
    usual = max(DEFAULT_COPY_PART, smallest_part(size)) if copies else _usual_part(size)
    if rate is None:
        return usual
    return max(min(usual, PART_SECONDS // 2 * rate // MIB * MIB), smallest_part(size))


def _usual_part(size: int) -> int:
    shared = -(-size // (PARTS_TO_SHARE * MIB)) * MIB
    return max(min(DEFAULT_PART, max(SMALL_OBJECT, shared)), smallest_part(size))


def _megabytes(rate: int) -> str:
    """A rate for people: 2.0 MB/s, 0.04 MB/s."""
    return f"{rate / 1e6:.1f} MB/s" if rate >= 10**6 else f"{rate / 1e6:.2g} MB/s"


def check_size(size: int, copies: bool = False) -> int:
    most = MAX_COPIED_OBJECT if copies else MAX_OBJECT
    if not 0 <= size <= most:
        raise SourceTooLarge(f"{size:,} bytes; an S3 object has at most {most:,}", "split it")
    return size


def check_part(size: int, part_size: int, copies: bool = False) -> int:
    most = MAX_COPY_PART if copies else MAX_PART
    if not MIN_PART <= part_size <= most:
        raise BadPartSize(
            f"a part has {MIN_PART:,} to {most:,} bytes, not {part_size:,}",
            f"use --part-size {most // MIB}MB or less" if part_size > most else None,
        )
    if size > part_size * MAX_PARTS:
        need = smallest_part(size) // MIB
        raise BadPartSize(f"{size:,} bytes are over {MAX_PARTS:,} parts of {part_size:,}", f"use {need}MB or more")
    return part_size
