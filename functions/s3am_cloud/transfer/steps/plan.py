"""Cut an object into parts."""

from __future__ import annotations

from s3am_cloud.errors import SourceTooLarge
from s3am_cloud.limits import (
    COPY_BYTES_PER_SECOND,
    MAX_COPY_OBJECT,
    MAX_PART,
    SMALL_OBJECT,
)
from s3am_cloud.model import Plan, SourceInfo
from s3am_cloud.transfer.part_sizes import (
    NO_RANGES,
    USE_UPLOAD,
    check_part,
    check_size,
    check_time,
    free_part,
    share_out,
)


def plan(
    info: SourceInfo,
    connections: int,
    part_size: int | None = None,
    copies: bool = False,
    most_workers: int | None = None,
) -> Plan:
    """The parts of an object, and the units of work that they make over `connections` connections.

    `part_size` is what the user requested. `copies` are made inside S3: they are cut larger, and up to 5 GiB not at
    all, as only the number of requests counts. Where the source's rate is known, each part takes less than a worker's
    time.
    Raises BadPartSize where that is not possible, and SourceTooLarge where a source without ranges, or without a
    known size, does not fit one part, or where no part could be moved in time.
    """
    if info.size is None:
        raise SourceTooLarge("the source does not report its size")
    size = check_size(info.size, copies)
    if not info.ranges and size > MAX_PART:
        raise SourceTooLarge(f"{NO_RANGES}, and its {size:,} bytes exceed the {MAX_PART:,} of one part", USE_UPLOAD)
    chosen = free_part(size, info.rate, copies) if part_size is None else check_part(size, part_size, copies)
    if not info.ranges:
        chosen = max(chosen, size)
    largest = MAX_COPY_OBJECT if copies else SMALL_OBJECT
    small = size <= (largest if part_size is None else min(largest, chosen))
    # One request brings all of it, so it is one part.
    draft = Plan(size=size, part_size=max(chosen, size) if small else chosen, small=small)
    check_time(draft, info, part_size)
    rate = COPY_BYTES_PER_SECOND if copies else info.rate
    return share_out(draft, connections, rate, copies, most_workers)
