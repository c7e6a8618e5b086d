"""Patterns of buckets in the stack's parameters: which buckets the stack's roles may use."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase


def bucket_of(arn: str) -> str:
    """The bucket's name, or the pattern."""
    return arn.rpartition(":::")[2]


def is_among(bucket: str, arns: Iterable[str]) -> bool:
    """Whether one of these covers the bucket, as IAM compares: * and ? stand for any characters, and nothing else."""
    return any(fnmatchcase(bucket, bucket_of(arn).replace("[", "[[]")) for arn in arns)
