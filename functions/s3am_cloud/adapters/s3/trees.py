"""Prefixes in S3 as trees, and what is already below a destination."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.answers import code_of, named_client, naming
from s3am_cloud.adapters.s3.pages import bounded
from s3am_cloud.errors import AccessDenied, BadDestination, BadSource, StoreUnavailable
from s3am_cloud.etags import quoted
from s3am_cloud.limits import MAX_TREE_PAGES
from s3am_cloud.ports.item_list import Existing
from s3am_cloud.ports.transfer import Clock
from s3am_cloud.ports.trees import Entry, Found, NoEntry, Unreadable, every_folder
from s3am_cloud.urls import S3Url, SourceUrl, parse_s3

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectTypeDef

Made = TypeVar("Made")

_DENIED = {"AccessDenied", "403"}


class S3Tree:
    """The `Tree` of prefixes in S3, by ListObjectsV2: a thousand keys a request, in the order of their bytes."""

    def __init__(self, access: S3Access, clock: Clock) -> None:
        self._access, self._clock = access, clock

    def entries(
        self, url: SourceUrl, enters: Callable[[str], bool] = every_folder, after: str | None = None
    ) -> Iterator[Found]:
        prefix = parse_s3(url.url, key_needed=False)
        try:
            yield from self._listed(prefix, _entry, after)
        except BadDestination as error:
            raise BadSource(error.message, error.hint) from error

    def existing(self, prefix: S3Url, after: str | None = None) -> Iterator[Existing]:
        """All objects whose keys begin with this one's, sorted; with `after` only those after that name.

        Raises AccessDenied, BadDestination (no such bucket), StoreBusy, StoreUnavailable."""
        return self._listed(prefix, _existing, after)

    def _listed(
        self, prefix: S3Url, made: Callable[[S3Url, ObjectTypeDef], Made], after: str | None = None
    ) -> Iterator[Made]:
        client = self._access.client_for(prefix.bucket)
        optional: dict[str, Any] = {"RequestPayer": "requester"} if self._access.settings.requester_pays else {}
        if after is not None:
            optional["StartAfter"] = prefix.key + after
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=prefix.bucket, Prefix=prefix.key, **optional)
        what = f"the objects below {prefix}"
        with naming(what):
            try:
                for page in bounded(pages, "Contents", str(prefix), self._clock, MAX_TREE_PAGES):
                    for found in page.get("Contents", []):
                        if not found["Key"].startswith(prefix.key):
                            raise StoreUnavailable(f"{what}: the store lists others", "check the endpoint")
                        yield made(prefix, found)
            except ClientError as error:
                if code_of(error) in _DENIED:
                    denied = named_client(error, what).message
                    raise AccessDenied(denied, "get the right s3:ListBucket on the bucket") from error
                raise


def _entry(prefix: S3Url, found: ObjectTypeDef) -> Found:
    source, name = f"s3://{prefix.bucket}/{found['Key']}", found["Key"][len(prefix.key) :]
    if name == "" or name.endswith("/"):
        if found["Size"] == 0:
            return NoEntry(source=source, name=name, reason="the marker of a folder")
        unnamed = BadSource(f"{source} ends in /, so it has no file name", "copy it by itself, with its whole key")
        return Unreadable(source=source, name=name, error=unnamed)
    if "?versionId=" in name and parse_s3(source).version is not None:
        unclear = BadSource(f"the key of {source} ends like a version's id", "rename the object")
        return Unreadable(source=source, name=name, error=unclear)
    return Entry(
        source=source,
        name=name,
        size=found["Size"],
        modified=_modified(found),
        etag=quoted(found.get("ETag", "")) or None,
        checksum=_checksum(found),
    )


def _existing(prefix: S3Url, found: ObjectTypeDef) -> Existing:
    return Existing(
        destination=f"s3://{prefix.bucket}/{found['Key']}",
        size=found["Size"],
        etag=quoted(found.get("ETag", "")) or None,
        modified=_modified(found),
        checksum=_checksum(found),
    )


def _modified(found: ObjectTypeDef) -> float | None:
    modified = found.get("LastModified")
    return modified.timestamp() if modified else None


def _checksum(found: Mapping[str, Any]) -> str | None:
    algorithms = found.get("ChecksumAlgorithm") or [None]
    first: str | None = algorithms[0]
    return first
