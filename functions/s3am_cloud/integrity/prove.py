"""Hold the parts of an upload that nobody has a record of to the source as it is now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from s3am_cloud.checksums.digests import PARTS_CRC, Crc
from s3am_cloud.errors import BadPartSize
from s3am_cloud.model import Plan, UploadedPart
from s3am_cloud.ports.transfer import OrderedReader


def prove(plan: Plan, existing: Iterable[UploadedPart], reader: OrderedReader) -> Iterator[UploadedPart]:
    """Those parts whose CRC64NVME is that of the same range of the source, which is read for it.

    A part of which the store keeps no CRC64NVME can't be proven, nor one of another length than planned.
    """
    listed = {part.number: part for part in existing if part.crc is not None and part.number <= plan.count}
    ranges = [plan.part(number) for number, part in listed.items() if part.length == plan.part(number).length]
    for part, digest in reader.digests(lambda: Crc(PARTS_CRC), ranges):
        found = listed[part.number]
        if isinstance(digest, Crc) and digest.value == found.crc:
            yield found


def part_size_of(existing: Sequence[UploadedPart], requested: int | None) -> int | None:
    """The part size that an upload was begun with, None where it has no parts that show it.

    S3AM's rule: all parts but the last have the same size, so at most one may be smaller. Raises BadPartSize where
    they fit no part size, or another one than `requested`.
    """
    if not existing:
        return requested
    sizes = Counter(part.length for part in existing)
    largest = max(sizes)
    smaller = sum(count for size, count in sizes.items() if size != largest)
    if smaller > 1 or (smaller == 1 and existing[-1].length == largest):
        raise BadPartSize("the parts of the unfinished upload have several sizes", "start again with --force")
    if requested is not None and len(existing) > 1 and requested != largest:
        raise BadPartSize(
            f"the unfinished upload has parts of {largest:,} bytes, not {requested:,}",
            "leave --part-size out, or start again with --force",
        )
    return largest if len(existing) > 1 or requested is None else requested
