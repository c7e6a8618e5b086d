"""What a run of uploads would do, by the decisions that the run makes: nothing is copied, and nothing written in S3."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from s3am_cloud.adapters.curl.objects.bodies import probe_file
from s3am_cloud.adapters.files.item_list import SqliteItemList
from s3am_cloud.adapters.s3.trees import S3Tree
from s3am_cloud.datasets.candidates import Candidate
from s3am_cloud.datasets.decisions import NOT_COMPARED, UNCHANGED, decision
from s3am_cloud.datasets.outcomes import shown_source
from s3am_cloud.datasets.selection import Selected
from s3am_cloud.datasets.uploading import Uploading
from s3am_cloud.error_base import ErrorReport
from s3am_cloud.errors import TransferError
from s3am_cloud.items import Item, LeftOut, Placed, Rejected
from s3am_cloud.limits import ITEMS_WITHOUT_LISTING
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.transfer import ObjectStore, Source
from s3am_cloud.request import OnExisting
from s3am_cloud.urls import S3Url
from s3am_cloud_client.inprocess.dataset.existing import note_existing
from s3am_cloud_client.inprocess.dataset.known import OBJECTS, KnownObjects
from s3am_cloud_client.observer import Observer
from s3am_cloud_client.state_home import state_home

Action = Literal["copy", "replace", "skip", "compare", "fail"]

_DIRECTION = Uploading(probe_file)
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
    """What is to be looked at, and with what; `source` is called when all items are known. With `is_single`, an object
    that exists is an error by default."""

    destination: S3Url
    exists: OnExisting | None
    store: ObjectStore
    source: Callable[[], Source]
    tree: S3Tree
    observer: Observer
    is_single: bool = False

    def items(self, selected: Iterable[Selected]) -> Iterator[Planned]:
        """In the order of work. Raises BadManifest, BadDestination (no such bucket), and what `selected` raises."""
        outside: list[Planned] = []
        with SqliteItemList() as listed:
            listed.add(_placed(selected, outside))
            note_existing(listed, self.destination, self.store, self.tree, self.observer)
            yield from outside
            known = KnownObjects(_known_path())
            try:
                looks = listed.count <= ITEMS_WITHOUT_LISTING
                for one in listed.items():
                    yield self._planned(one, known, looks)
            finally:
                known.close()

    def _planned(self, listed: Listed, known: KnownObjects, looks: bool) -> Planned:
        """Of a few items the sources are looked at, which shows what is missing, and how large it is."""
        try:
            one = _DIRECTION.candidate(listed)
            size = listed.item.size
            if looks or one.source.scheme == "file":
                size = self.source().probe(one.source).size if size is None or looks else size
            return self._decided(one, known, size)
        except TransferError as error:
            return _planned(listed.item, "fail", error=error.report())

    def _decided(self, one: Candidate, known: KnownObjects, size: int | None) -> Planned:
        item, exists = one.listed.item, self.exists
        decided = decision(one.listed.existing, "fail" if self.is_single and exists is None else exists)
        if decided == "replace" and one.listed.existing is None:
            decided = "copy"  # the run does not look: it replaces whatever is there
        if decided == "refuse":
            raise _DIRECTION.exists_error(one.listed)
        if decided == "skip":
            return _planned(item, "skip", size, NOT_COMPARED)
        if decided != "compare":
            return _planned(item, decided, size)
        recorded = known.get(item.destination)
        if _DIRECTION.is_unchanged(one, recorded):
            return _planned(item, "skip", size, UNCHANGED)
        return _planned(item, "compare", size, _THEN["update" if exists == "update" else None])


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
    item: Item, action: Action, size: int | None = None, reason: str | None = None, error: ErrorReport | None = None
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
