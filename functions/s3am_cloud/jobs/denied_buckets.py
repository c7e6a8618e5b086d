"""What to do where S3 denies a job a bucket: the stack's roles may use those buckets only that it was deployed for.

A function does not know those: two lists of 4 KB don't fit in its environment. What the janitor reports goes by S3's
words and says "if"; a command, which reads the stack's parameters, decides by them.
"""

from __future__ import annotations

from typing import NamedTuple

from s3am_cloud.bucket_patterns import bucket_of, is_among
from s3am_cloud.command_lines import command_line
from s3am_cloud.errors import AccessDenied, TransferError
from s3am_cloud.model import Job

# S3's words where another than the stack's own policies decides: the bucket's, the organization's, the key's.
_ANOTHERS = ("explicit deny", "no resource-based policy allows", "authorized to perform: kms:")
_ACCOUNT = "a bucket of another account needs --allow-account as well"


class BucketPatterns(NamedTuple):
    """What the stack's parameters name: the buckets that its jobs may read from and write to, as ARNs."""

    sources: tuple[str, ...]
    destinations: tuple[str, ...]


class _Denied(NamedTuple):
    bucket: str
    does: str
    option: str


def denied_bucket_hint(job: Job, error: TransferError, patterns: BucketPatterns | None = None) -> str | None:
    """The command that gives the stack a bucket which was denied to it; None where that would not help."""
    denied = _denied(job, error) if type(error) is AccessDenied else None
    if denied is None:
        return None
    if patterns is not None:
        return _uncovered(denied, patterns)
    if any(words in error.message for words in _ANOTHERS):
        return None
    command = command_line("deploy", denied.option, denied.bucket)
    return (
        f"if the stack may not {denied.does} {denied.bucket}, add it to its buckets with {command}, which names all of "
        f"them; {_ACCOUNT}"
    )


def _uncovered(denied: _Denied, patterns: BucketPatterns) -> str | None:
    known = patterns.sources if denied.option == "--source-bucket" else patterns.destinations
    if is_among(denied.bucket, known):
        return None
    buckets = [*map(bucket_of, known), denied.bucket]
    command = command_line("deploy", *(word for bucket in buckets for word in (denied.option, bucket)))
    return f"the stack may not {denied.does} {denied.bucket}: add it to its buckets with {command}; {_ACCOUNT}"


def _denied(job: Job, error: TransferError) -> _Denied | None:
    source, target = job.source.stored, job.target
    if source is not None and _is_about(source.bucket, error) and not _is_about(target.bucket, error):
        return _Denied(source.bucket, "read from", "--source-bucket")
    return _Denied(target.bucket, "write to", "--destination-bucket") if _is_about(target.bucket, error) else None


def _is_about(bucket: str, error: TransferError) -> bool:
    return f"s3://{bucket}/" in error.message or f":s3:::{bucket}" in error.message
