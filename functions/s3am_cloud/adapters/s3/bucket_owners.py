"""The accounts that buckets have to be of: S3 refuses a request on a bucket of another, whoever took its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HEADER = "x-amz-expected-bucket-owner"
SOURCE_HEADER = "x-amz-source-expected-bucket-owner"
_PARAMETER = "ExpectedBucketOwner"


class BucketOwners:
    """Which of the `accounts` each bucket is of. With one, every bucket is its; with none, nothing is expected.

    With several, `is_owned_by` is asked once for each bucket. A bucket of none of them, as far as that can be seen, is
    left to the caller's own rights, which are limited to the same accounts.
    """

    def __init__(self, accounts: tuple[str, ...], is_owned_by: Callable[[str, str], bool]) -> None:
        self._accounts, self._is_owned_by = accounts, is_owned_by
        self._found: dict[str, str | None] = {}

    def of(self, bucket: str) -> str | None:
        if len(self._accounts) < 2:
            return self._accounts[0] if self._accounts else None
        if bucket not in self._found:
            # While it is asked, the question itself expects whom it asks about.
            self._found[bucket] = None
            self._found[bucket] = next((each for each in self._accounts if self._is_owned_by(bucket, each)), None)
        return self._found[bucket]

    def headers(self, bucket: str, name: str = HEADER) -> dict[str, str]:
        owner = self.of(bucket)
        return {} if owner is None else {name: owner}

    def expect(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        """For botocore's `before-parameter-build`: the owner of the bucket that the call is about."""
        owner = self.of(params["Bucket"]) if "Bucket" in params and _PARAMETER in model.input_shape.members else None
        if owner is not None:
            params.setdefault(_PARAMETER, owner)
