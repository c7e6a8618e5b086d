"""Parts of a download that are on the disk: which may be relied on, and what they make together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from s3am_cloud.checksums.crc64nvme import EMPTY, combine
from s3am_cloud.errors import JobFailed
from s3am_cloud.model import MovedPart, Plan
from s3am_cloud.ports.local_file import LocalTarget
from s3am_cloud.transfer.remaining import missing_of


def trusted(plan: Plan, noted: Iterable[MovedPart], target: LocalTarget, slots: int = 1) -> Iterator[MovedPart]:
    """Those of the noted parts whose bytes on disk still have the CRC64NVME that was noted, read `slots` at once."""
    fitting = [part for part in noted if part.number <= plan.count and plan.part(part.number).length == part.length]
    # Reading and summing both let other threads run.
    with ThreadPoolExecutor(max_workers=slots, thread_name_prefix="checksum") as readers:
        found = readers.map(target.crc, (plan.part(part.number) for part in fitting))
        yield from (part for part, crc in zip(fitting, found, strict=True) if part.crc == crc)


def whole(plan: Plan, moved: Iterable[MovedPart]) -> int:
    """The CRC64NVME of the whole from its parts' in any order. Raises JobFailed where a part is missing."""
    by_number = {part.number: part for part in moved}
    lacking = missing_of(plan.parts(), by_number)
    if lacking:
        raise JobFailed(f"{len(lacking)} of {plan.count} parts are missing, the first is part {lacking[0].number}")
    return combine((by_number[part.number].crc or EMPTY, part.length) for part in plan.parts())
