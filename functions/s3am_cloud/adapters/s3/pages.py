"""Listings that end: a store that always has another page is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from botocore.exceptions import PaginationError

from s3am_cloud.errors import StoreUnavailable
from s3am_cloud.limits import MAX_PAGES, PATIENCE_SECONDS
from s3am_cloud.ports.transfer import Clock

Page = TypeVar("Page", bound=Mapping[str, object])

# S3 puts a thousand entries on a page, and fewer where it had to look at many others for them.
_FEW_ENTRIES, _MANY_PAGES = 10, 100


def bounded(pages: Iterable[Page], field: str, what: str, clock: Clock, most: int = MAX_PAGES) -> Iterator[Page]:
    """The pages, of which each has its entries in `field`. Raises StoreUnavailable where they bring next to nothing and
    never end, and where there are more than `most`: no listing of S3's has more."""
    began, entries = clock.monotonic(), 0
    try:
        for number, page in enumerate(pages, 1):
            found = page.get(field)
            entries += len(found) if isinstance(found, list) else 0
            passed = max(number, clock.monotonic() - began if clock.monotonic() - began > PATIENCE_SECONDS else 0.0)
            if number > most or (passed > _MANY_PAGES and entries < _FEW_ENTRIES * passed):
                raise endless(what)
            yield page
    except PaginationError as error:
        raise endless(what) from error


def endless(what: str) -> StoreUnavailable:
    return StoreUnavailable(f"{what}: the store's listing does not end", "check the endpoint")
