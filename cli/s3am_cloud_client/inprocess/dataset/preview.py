"""What a run would do, by the decisions that the run makes: nothing is copied, and nothing is written anywhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from s3am_cloud.adapters.curl.objects.bodies import probe_file
from s3am_cloud.adapters.files.below import FoldersBelow
from s3am_cloud.adapters.files.item_list import SqliteItemList
from s3am_cloud.adapters.s3.trees import S3Tree
from s3am_cloud.datasets.candidates import Candidate
from s3am_cloud.datasets.decisions import NOT_COMPARED, UNCHANGED, decision
from s3am_cloud.datasets.directions import Direction
from s3am_cloud.datasets.outcomes import Outcome, shown_source
from s3am_cloud.datasets.selection import Selected
from s3am_cloud.datasets.uploading import Uploading
from s3am_cloud.error_base import ErrorReport
from s3am_cloud.errors import LocalFileExists, SourceNotFound, TransferError
from s3am_cloud.items import Item, LeftOut, Placed, Rejected
from s3am_cloud.limits import ITEMS_WITHOUT_LISTING
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.transfer import ObjectStore, Source
from s3am_cloud.request import OnExisting
from s3am_cloud.urls import S3Url
from s3am_cloud_client.inprocess.dataset.download_run import clashing
from s3am_cloud_client.inprocess.dataset.downloading import Downloading
from s3am_cloud_client.inprocess.dataset.existing import note_existing
from s3am_cloud_client.inprocess.dataset.known import OBJECTS, KnownObjects
from s3am_cloud_client.inprocess.destinations import Output, destination_of
from s3am_cloud_client.observer import Observer
from s3am_cloud_client.state_home import state_home

Action = Literal["copy", "replace", "skip", "compare", "fail"]

_THEN = {
    None: "it exists: it is skipped if it is the same, and fails if not",
    "update": "it exists: it is skipped if it is the same, and replaced if not",
}


class Planned(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What would be done with an item. `compare` has to look at both sides first; `reason` says what follows."""

    source: str
    destination: str
    action: Action
    size: int | None = None
    reason: str | None = None
    error: ErrorReport | None = None


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be looked at, and how. `look` notes what exists, and returns the items that can't be copied there.
    `size_of` gets an item, and whether there are so few that its source is looked at. With `is_single`, an object or a
    file that exists is an error by default."""

    exists: OnExisting | None
    direction: Direction[object]
    look: Callable[[SqliteItemList], Iterable[Outcome]]
    size_of: Callable[[Candidate, bool], int | None]
    is_single: bool = False

    def items(self, selected: Iterable[Selected]) -> Iterator[Planned]:
        """In the order of work. Raises BadManifest, BadDestination (no such bucket), and what `selected` raises."""
        outside: list[Planned] = []
        with SqliteItemList() as listed:
            listed.add(_placed(selected, outside))
            failed = [_planned(one, "fail", error=one.error) for one in self.look(listed)]
            yield from (*outside, *failed)
            known = KnownObjects(_known_path())
            try:
                looks = listed.count <= ITEMS_WITHOUT_LISTING
                for one in listed.remaining():
                    yield self._planned(one, known, looks)
            finally:
                known.close()

    def _planned(self, listed: Listed, known: KnownObjects, looks: bool) -> Planned:
        """Of a few items the sources are looked at, which shows what is missing, and how large it is."""
        try:
            one = self.direction.candidate(listed)
            return self._decided(one, known, self.size_of(one, looks))
        except TransferError as error:
            return _planned(listed.item, "fail", error=error.report())

    def _decided(self, one: Candidate, known: KnownObjects, size: int | None) -> Planned:
        item, exists = one.listed.item, self.exists
        decided = decision(one.listed.existing, "fail" if self.is_single and exists is None else exists)
        if decided == "replace" and one.listed.existing is None:
            decided = "copy"  # the run does not look: it replaces whatever is there
        if decided == "refuse":
            raise self.direction.exists_error(one.listed)
        if decided == "skip":
            return _planned(item, "skip", size, NOT_COMPARED)
        if decided != "compare":
            return _planned(item, decided, size)
        recorded = known.get(item.destination)
        if self.direction.is_unchanged(one, recorded):
            return _planned(item, "skip", size, UNCHANGED)
        return _planned(item, "compare", size, _THEN["update" if exists == "update" else None])


class UploadPreview(msgspec.Struct, frozen=True, kw_only=True):
    """Of uploads; `source` is called when all items are known."""

    destination: S3Url
    store: ObjectStore
    source: Callable[[], Source]
    tree: S3Tree
    observer: Observer

    def preview(self, exists: OnExisting | None, is_single: bool) -> Preview:
        direction: Direction[object] = Uploading(probe_file)
        return Preview(exists=exists, direction=direction, look=self._look, size_of=self._size_of, is_single=is_single)

    def _look(self, items: SqliteItemList) -> Iterable[Outcome]:
        note_existing(items, self.destination, self.store, self.tree, self.observer)
        return ()

    def _size_of(self, one: Candidate, looks: bool) -> int | None:
        size = one.listed.item.size
        if looks or (size is None and one.source.scheme == "file"):
            return self.source().probe(one.source).size
        return size


class DownloadPreview(msgspec.Struct, frozen=True, kw_only=True):
    """Of downloads below `folder`, which is not made."""

    folder: str
    store: ObjectStore

    def preview(self, exists: OnExisting | None, is_single: bool) -> Preview:
        direction: Direction[object] = Downloading(FoldersBelow(self.folder, makes=False))
        return Preview(exists=exists, direction=direction, look=self._look, size_of=self._size_of, is_single=is_single)

    def _look(self, items: SqliteItemList) -> Iterable[Outcome]:
        """To see which names the file system takes for one, it would have to make some."""
        return list(clashing(items, None))

    def _size_of(self, one: Candidate, looks: bool) -> int | None:
        return object_size(one.stored, self.store) if looks else one.listed.item.size


def preview_of_one(source: S3Url, destination: str, exists: OnExisting | None, store: ObjectStore) -> Planned:
    """Of one object as `download` would copy it. Raises BadDestination for what can't be written to."""
    place = destination_of(source, destination)
    is_there = isinstance(place, Path) and os.path.lexists(place)
    item = Item(source=str(source), destination=place.name if isinstance(place, Output) else str(place))
    try:
        size = object_size(source, store)
    except TransferError as error:
        return _planned(item, "fail", error=error.report())
    if is_there and exists == "skip":
        return _planned(item, "skip", size, NOT_COMPARED)
    if is_there and exists != "overwrite":
        return _planned(item, "fail", size, error=LocalFileExists(f"{place} exists").report())
    return _planned(item, "replace" if is_there else "copy", size)


def object_size(stored: S3Url, store: ObjectStore) -> int:
    """Raises SourceNotFound, AccessDenied and their like."""
    found = store.head(stored)
    if found is None:
        raise SourceNotFound(f"{stored} does not exist", "check the name")
    return found.size


def _placed(selected: Iterable[Selected], outside: list[Planned]) -> Iterator[Placed]:
    """Those that can be copied; of the others it is known already what becomes of them."""
    for one in selected:
        match one:
            case Placed():
                yield one
            case Rejected(item=item, error=error):
                outside.append(_planned(item, "fail", error=error))
            case LeftOut(item=item, reason=reason):
                outside.append(_planned(item, "skip", reason=reason))


def _planned(
    item: Item | Outcome,
    action: Action,
    size: int | None = None,
    reason: str | None = None,
    error: ErrorReport | None = None,
) -> Planned:
    return Planned(
        source=shown_source(item.source),
        destination=item.destination,
        action=action,
        size=item.size if size is None else size,
        reason=reason,
        error=error,
    )


def _known_path() -> Path | None:
    """What earlier runs have recorded; None where there is nothing: a preview makes no file."""
    home = state_home()
    return home / OBJECTS if home is not None and (home / OBJECTS).exists() else None
