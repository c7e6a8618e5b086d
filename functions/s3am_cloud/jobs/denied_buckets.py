"""What to do where S3 denies a job a bucket: the stack's roles may use those buckets only that it was deployed for."""

from __future__ import annotations

from s3am_cloud.command_lines import command_line
from s3am_cloud.errors import AccessDenied, TransferError
from s3am_cloud.model import Job

# S3's words where another than the stack's own policies decides: the bucket's, the organization's, the key's.
_ANOTHERS = ("explicit deny", "no resource-based policy allows", "authorized to perform: kms:")


def denied_bucket_hint(job: Job, error: TransferError) -> str | None:
    """The command that gives the stack a bucket which was denied to it; None where that would not help."""
    if type(error) is not AccessDenied or any(words in error.message for words in _ANOTHERS):
        return None
    source, target = job.source.stored, job.target
    if source is not None and _is_about(source.bucket, error) and not _is_about(target.bucket, error):
        return _deploy("read from", "--source-bucket", source.bucket)
    return _deploy("write to", "--destination-bucket", target.bucket) if _is_about(target.bucket, error) else None


def _is_about(bucket: str, error: TransferError) -> bool:
    return f"s3://{bucket}/" in error.message or f":s3:::{bucket}" in error.message


def _deploy(does: str, option: str, bucket: str) -> str:
    command = command_line("deploy", option, bucket)
    return (
        f"if the stack may not {does} {bucket}, add it to its buckets with {command}, which names all of them; "
        "a bucket of another account needs --allow-account as well"
    )
