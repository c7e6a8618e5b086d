"""Ids of jobs that continue each other: JOB, then JOB-r2, then JOB-r3."""

from __future__ import annotations

import hashlib
import re

_RESUMED = re.compile(r"(.*)-r([0-9]+)", re.DOTALL)
# The longest name of an execution (Step Functions API reference, StartExecution).
_LONGEST_NAME = 80
_LONGEST_BASE = 64


def continues(job_id: str, earlier: str) -> bool:
    """Whether a job is `earlier` itself or, by its id, one of those that continue it."""
    (base, count), (earlier_base, earlier_count) = _row_of(job_id), _row_of(earlier)
    return job_id == earlier or (count > earlier_count and base in {earlier_base, _shortened(earlier_base)})


def next_id(job_id: str) -> str:
    """The id of the job that continues this one: JOB-r2, then JOB-r3.

    It follows from the id, so that `status JOB` finds without a note what became of it, and two who resume the same
    job at the same moment start one execution. Names of executions are unique for 90 days, hence a new one each time.
    """
    base, count = _row_of(job_id)
    if len(f"{base}-r{count + 1}") > _LONGEST_NAME:
        base = _shortened(base)
    return f"{base}-r{count + 1}"


def _row_of(job_id: str) -> tuple[str, int]:
    """What the ids of a row of jobs have in common, and the place of this one in it."""
    found = _RESUMED.fullmatch(job_id)
    return (found[1], int(found[2])) if found else (job_id, 1)


def _shortened(base: str) -> str:
    return f"{base[:_LONGEST_BASE]}-{hashlib.sha256(base.encode()).hexdigest()[:6]}"
