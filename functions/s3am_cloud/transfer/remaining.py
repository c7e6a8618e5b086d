"""The parts that are still to be moved: the plan minus what is there."""

from __future__ import annotations

from collections.abc import Iterable

from s3am_cloud.errors import BadPartSize
from s3am_cloud.model import MovedPart, Part, Plan, UploadedPart


def missing(plan: Plan, there: Iterable[UploadedPart | MovedPart]) -> list[Part]:
    """The planned parts that are not there. Raises BadPartSize where a part that is there has another size."""
    sizes = {part.number: part.length for part in there}
    for number, length in sizes.items():
        planned = plan.part(number).length if number <= plan.count else 0
        if length != planned:
            raise BadPartSize(
                f"part {number} of the unfinished upload has {length:,} bytes where this plan has {planned:,}",
                "resume with the part size it was begun with, or start again with --force",
            )
    return [part for part in plan.parts() if part.number not in sizes]
