"""What is below a prefix in S3: objects, and unfinished uploads with what they cost. Nothing of it is kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

import msgspec

from s3am_cloud.adapters.s3.trees import S3Tree
from s3am_cloud.costs.storage import monthly_cost
from s3am_cloud.errors import AccessDenied, UploadGone
from s3am_cloud.limits import LISTING_THREADS
from s3am_cloud.model import Upload
from s3am_cloud.ports.transfer import Clock, ObjectStore
from s3am_cloud.urls import S3Url


class StoredObject(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An object as S3 lists it. `modified` is in UTC, by ISO 8601; `checksum` names the algorithm that S3 keeps one
    of."""

    url: str
    size: int
    modified: str | None = None
    etag: str | None = None
    checksum: str | None = None


class UnfinishedUpload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An upload that nobody has completed or discarded. Its parts cost storage: `monthly_cost` is in dollars, at the
    list prices of us-east-1. Without the right to list parts, `parts`, `size` and `monthly_cost` are None."""

    url: str
    upload_id: str
    initiated: str | None = None
    age_seconds: int | None = None
    parts: int | None = None
    size: int | None = None
    monthly_cost: float | None = None
    storage_class: str | None = None


def stored_objects(prefix: S3Url, tree: S3Tree) -> Iterator[StoredObject]:
    """In the order of their keys' bytes. Raises what `S3Tree.existing` does."""
    for found in tree.existing(prefix):
        yield StoredObject(
            url=found.destination,
            size=found.size,
            modified=_date(found.modified),
            etag=found.etag,
            checksum=found.checksum,
        )


def unfinished_uploads(prefix: S3Url, store: ObjectStore, clock: Clock) -> Iterator[UnfinishedUpload]:
    """In the order in which S3 lists them; the parts of several are listed at once. One that ends meanwhile is left
    out. Raises what `ObjectStore.unfinished_below` does."""
    parts = _Parts(store)
    with ThreadPoolExecutor(LISTING_THREADS, thread_name_prefix="s3am-cloud listing") as threads:
        ahead: deque[tuple[Upload, Future[tuple[int, int] | None]]] = deque()
        try:
            for upload in store.unfinished_below(prefix):
                ahead.append((upload, threads.submit(parts.of, upload)))
                if len(ahead) > 2 * LISTING_THREADS:
                    yield from _listed(*ahead.popleft(), clock)
            while ahead:
                yield from _listed(*ahead.popleft(), clock)
        finally:
            for _, future in ahead:
                future.cancel()


class _Parts:
    """Counts the parts of uploads, until that is denied: then it asks no more."""

    def __init__(self, store: ObjectStore) -> None:
        self._store, self._denied = store, False

    def of(self, upload: Upload) -> tuple[int, int] | None:
        """The number of its parts and their bytes; None where they can't be listed. Raises UploadGone."""
        if self._denied:
            return None
        count = size = 0
        try:
            for part in self._store.parts(upload):
                count, size = count + 1, size + part.length
        except AccessDenied:
            self._denied = True
            return None
        return count, size


def _listed(upload: Upload, counted: Future[tuple[int, int] | None], clock: Clock) -> Iterator[UnfinishedUpload]:
    try:
        found = counted.result()
    except UploadGone:
        return
    parts, size = found or (None, None)
    begun = None if upload.initiated is None else datetime.fromisoformat(upload.initiated)
    yield UnfinishedUpload(
        url=str(upload.target),
        upload_id=upload.upload_id,
        initiated=None if begun is None else _date(begun.timestamp()),
        age_seconds=None if begun is None else max(0, int((clock.now() - begun).total_seconds())),
        parts=parts,
        size=size,
        monthly_cost=None if size is None else monthly_cost(size, upload.storage_class),
        storage_class=upload.storage_class,
    )


def _date(seconds: float | None) -> str | None:
    """S3 gives whole seconds."""
    return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
