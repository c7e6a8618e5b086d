"""Small documents in the stack's work bucket."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.answers import code_of, naming
from s3am_cloud.adapters.s3.pages import bounded

_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_GONE = {"NoSuchKey", "404"}


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
