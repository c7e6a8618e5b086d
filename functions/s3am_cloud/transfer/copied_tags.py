"""The tags of an object that is copied inside S3: to read and to write them takes rights of their own."""

from __future__ import annotations

from collections.abc import Iterable

from s3am_cloud.model import Job, MovedPart


def has_copied_tags(job: Job) -> bool:
    """Whether the object is to have the source's own tags, which may be left out, and not the user's choice."""
    return not job.request.attributes.tags and job.info is not None and bool(job.info.attributes.tags)


def lacks_tags(job: Job, moved: Iterable[MovedPart]) -> bool:
    """Whether the object has no tags where its source has some, or may have some that nobody here can read."""
    if job.request.attributes.tags or job.info is None:
        return False
    unwritten = job.upload is not None and job.upload.untagged
    return job.info.tags_hidden or unwritten or any(part.untagged for part in moved)
