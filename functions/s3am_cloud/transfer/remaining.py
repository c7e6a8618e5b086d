"""The parts that are still missing: the plan minus what is there."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from s3am_cloud.errors import BadPartSize
from s3am_cloud.model import MovedPart, Part, Plan, UploadedPart


def missing_of(parts: Iterable[Part], existing: Collection[int]) -> list[Part]:
    """Those of the parts whose numbers are not there: of a whole plan, or of one unit."""
    return [part for part in parts if part.number not in existing]


def missing(plan: Plan, existing: Iterable[UploadedPart | MovedPart]) -> list[Part]:
    """The planned parts that are not there. Raises BadPartSize where a part that is there has another size."""
    sizes = {part.number: part.length for part in existing}
    for number, length in sizes.items():
        planned = plan.part(number).length if number <= plan.count else 0
        if length != planned:
            raise BadPartSize(
                f"part {number} of the unfinished upload has {length:,} bytes where this plan has {planned:,}",
                "resume with the part size it was begun with, or start again with --force",
            )
    return missing_of(plan.parts(), sizes)
