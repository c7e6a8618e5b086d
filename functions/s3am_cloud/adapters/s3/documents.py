"""Small documents in the stack's work bucket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from botocore.exceptions import ClientError

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.answers import code_of, naming
from s3am_cloud.adapters.s3.pages import bounded
from s3am_cloud.adapters.s3.written import ObjectWriter
from s3am_cloud.errors import StoreUnavailable
from s3am_cloud.limits import MIB

_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_GONE = {"NoSuchKey", "404"}
_EMPTY = {"InvalidRange", "416"}
# Below the most that one answer may have.
_PIECE = 4 * MIB


class Bucket:
    """`Documents` in a bucket."""

    def __init__(self, access: S3Access, bucket: str) -> None:
        self._bucket = bucket
        self._client = access.client(access.region)

    @property
    def bucket(self) -> str:
        return self._bucket

    def read(self, name: str) -> bytes | None:
        with naming(f"s3://{self._bucket}/{name}"):
            try:
                return self._client.get_object(Bucket=self._bucket, Key=name)["Body"].read()
            except ClientError as error:
                if code_of(error) == "NoSuchKey":
                    return None
                raise

    def pieces(self, name: str) -> Iterator[bytes] | None:
        """Each in an answer of its own, as answers are bounded."""
        first = self._piece(name, 0, None)
        return None if first is None else self._from(name, *first)

    def _from(self, name: str, data: bytes, size: int, etag: str) -> Iterator[bytes]:
        at = 0
        while True:
            yield data
            at += len(data)
            if at >= size:
                return
            more = self._piece(name, at, etag)
            if more is None or not more[0]:
                raise StoreUnavailable(f"s3://{self._bucket}/{name} ended after {at:,} of {size:,} bytes")
            data = more[0]

    def _piece(self, name: str, first: int, etag: str | None) -> tuple[bytes, int, str] | None:
        """A piece, the size of the whole, and its ETag, which later pieces must be of."""
        pinned: dict[str, Any] = {} if etag is None else {"IfMatch": etag}
        with naming(f"s3://{self._bucket}/{name}"):
            try:
                answer = self._client.get_object(
                    Bucket=self._bucket, Key=name, Range=f"bytes={first}-{first + _PIECE - 1}", **pinned
                )
                size = int(answer["ContentRange"].rpartition("/")[2])
                return answer["Body"].read(), size, answer["ETag"]
            except ClientError as error:
                if code_of(error) in _GONE:
                    return None
                if code_of(error) in _EMPTY:
                    return b"", 0, ""
                raise

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes]]:
        """Who fails leaves parts, which the bucket's own rule discards."""
        writer = ObjectWriter(self._client, self._bucket, name)
        with naming(f"s3://{self._bucket}/{name}"):
            yield cast(IO[bytes], writer)
            writer.finish()

    def address(self, name: str) -> str:
        return f"s3://{self._bucket}/{name}"

    def write(self, name: str, data: bytes) -> None:
        with naming(f"s3://{self._bucket}/{name}"):
            self._client.put_object(Bucket=self._bucket, Key=name, Body=data)

    def create(self, name: str, data: bytes) -> bool:
        with naming(f"s3://{self._bucket}/{name}"):
            try:
                self._client.put_object(Bucket=self._bucket, Key=name, Body=data, IfNoneMatch="*")
            except ClientError as error:
                if code_of(error) in _TAKEN:
                    return False
                raise
        return True

    def tagged(self, name: str) -> tuple[bytes, str] | None:
        with naming(f"s3://{self._bucket}/{name}"):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=name)
            except ClientError as error:
                if code_of(error) in _GONE:
                    return None
                raise
            return answer["Body"].read(), answer["ETag"]

    def replace(self, name: str, data: bytes, tag: str) -> bool:
        with naming(f"s3://{self._bucket}/{name}"):
            try:
                self._client.put_object(Bucket=self._bucket, Key=name, Body=data, IfMatch=tag)
            except ClientError as error:
                if code_of(error) in _TAKEN | _GONE:
                    return False
                raise
        return True

    def names(self, prefix: str) -> Iterator[str]:
        where = f"s3://{self._bucket}/{prefix}"
        with naming(where):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            for page in bounded(pages, "Contents", where, SystemClock()):
                yield from (item["Key"] for item in page.get("Contents", []))

    def remove(self, name: str) -> None:
        with naming(f"s3://{self._bucket}/{name}"):
            self._client.delete_object(Bucket=self._bucket, Key=name)
