"""Listings of objects and of unfinished uploads, printed as they come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from s3am_cloud.amounts import age_text, price_text, size_text
from s3am_cloud_cli.console.output import Console

if TYPE_CHECKING:
    from s3am_cloud_client.results import StoredObject, UnfinishedUpload

_UNKNOWN = "-"
_PARTS_RIGHT = "s3:ListMultipartUploadParts"


class _Objects(msgspec.Struct):
    count: int = 0
    size: int = 0


class _Uploads(msgspec.Struct):
    count: int = 0
    size: int = 0
    monthly_cost: float = 0.0
    # Uploads whose parts could not be listed.
    unknown: int = 0


def show_objects(listed: Iterator[StoredObject], console: Console) -> None:
    totals = _Objects()

    def counted() -> Iterator[StoredObject]:
        for one in listed:
            totals.count, totals.size = totals.count + 1, totals.size + one.size
            yield one

    console.listing("objects", counted(), _object_text, totals)
    console.note(f"{totals.count:,} objects, {size_text(totals.size)}")


def show_uploads(listed: Iterator[UnfinishedUpload], console: Console) -> None:
    totals = _Uploads()

    def counted() -> Iterator[UnfinishedUpload]:
        for one in listed:
            totals.count, totals.size = totals.count + 1, totals.size + (one.size or 0)
            totals.monthly_cost += one.monthly_cost or 0.0
            totals.unknown += one.size is None
            yield one

    console.listing("uploads", counted(), _upload_text, totals)
    cost = price_text(totals.monthly_cost)
    console.note(f"{totals.count:,} unfinished uploads, {size_text(totals.size)}, {cost} a month")
    if totals.unknown:
        console.note(f"The sizes of {totals.unknown:,} uploads are unknown: to list parts takes {_PARTS_RIGHT}")


def _object_text(one: StoredObject) -> str:
    return f"{one.modified or _UNKNOWN:>20}  {size_text(one.size):>10}  {one.url}"


def _upload_text(one: UnfinishedUpload) -> str:
    size = _UNKNOWN if one.size is None else size_text(one.size)
    cost = _UNKNOWN if one.monthly_cost is None else price_text(one.monthly_cost)
    age = _UNKNOWN if one.age_seconds is None else age_text(timedelta(seconds=one.age_seconds))
    return f"{age:>10}  {size:>10}  {cost:>9}/month  {one.url}"
