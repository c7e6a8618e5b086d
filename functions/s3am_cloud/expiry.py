"""Until when the unfinished upload of a job is kept for a resume."""

from __future__ import annotations

from datetime import datetime, timedelta

from s3am_cloud.limits import JOB_KEEP_DAYS, LONGEST_JOB_DAYS
from s3am_cloud.model import Job


def kept_for(job: Job) -> timedelta:
    """How long after the job's end."""
    hours = job.request.keep_hours
    return timedelta(days=JOB_KEEP_DAYS) if hours is None else timedelta(hours=hours)


def first_look(job: Job) -> datetime:
    """When it is looked at first whether the job's upload has expired."""
    return datetime.fromisoformat(job.created) + kept_for(job)


def latest_expiry(job: Job) -> datetime:
    """Where nobody reports the job's end: a transfer on somebody's machine may end without a word."""
    return datetime.fromisoformat(job.created) + timedelta(days=LONGEST_JOB_DAYS) + kept_for(job)
