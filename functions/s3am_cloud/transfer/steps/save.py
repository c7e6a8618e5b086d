"""Save the ranges of an object in a file."""

from __future__ import annotations

from collections.abc import Iterable

from s3am_cloud.model import MovedPart, Plan
from s3am_cloud.ports.local_file import LocalTarget
from s3am_cloud.ports.transfer import Mover
from s3am_cloud.transfer.closing_moves import closing_move
from s3am_cloud.transfer.remaining import missing


def save_parts(plan: Plan, existing: Iterable[MovedPart], target: LocalTarget, mover: Mover) -> list[MovedPart]:
    """Every part of the plan: those that are there, and the others moved now and noted one by one."""
    done = list(existing)
    with closing_move(mover.move(missing(plan, done))) as moved:
        for part in moved:
            target.record(part)
            done.append(part)
    return done
