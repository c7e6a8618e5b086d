"""What is at the destinations before a run: by one listing, or for a few items by a HEAD each."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from s3am_cloud.errors import AccessDenied, BadEncryptionKey, TransferError
from s3am_cloud.limits import ITEMS_WITHOUT_LISTING, SINGLE_LANES
from s3am_cloud.ports.item_list import Existing, ItemList
from s3am_cloud.ports.transfer import ObjectStore
from s3am_cloud.urls import S3Url, parse_s3
from s3am_cloud_client.observer import Observer


class Listing(Protocol):
    """Lists objects."""

    def existing(self, prefix: S3Url) -> Iterator[Existing]:
        """All whose keys begin with this one's, sorted. Raises AccessDenied, BadDestination and their like."""


def note_existing(items: ItemList, prefix: S3Url, store: ObjectStore, listing: Listing, observer: Observer) -> None:
    """Without the right to look, each existing object is found by the request that would make it.

    Raises BadDestination where there is no such bucket, StoreBusy, StoreUnavailable.
    """
    observer.detail(f"looking for what exists below {prefix}")
    few = items.count <= ITEMS_WITHOUT_LISTING
    try:
        items.note_existing(_looked_at(items, store) if few else listing.existing(prefix))
    except (AccessDenied, BadEncryptionKey) as error:
        observer.note(f"{error.message}: objects that exist are found when they are to be written")


def _looked_at(items: ItemList, store: ObjectStore) -> list[Existing]:
    destinations = [one.item.destination for one in items.items()]

    def look(destination: str) -> Existing | None:
        try:
            target = parse_s3(destination)
        except TransferError:
            return None  # its own turn reports it
        info = store.head(target)
        return None if info is None else Existing(destination=destination, size=info.size, etag=info.etag)

    with ThreadPoolExecutor(SINGLE_LANES) as pool:
        return [one for one in pool.map(look, destinations) if one is not None]
