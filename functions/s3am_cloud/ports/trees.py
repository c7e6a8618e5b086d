"""The contract of what holds many files: a local folder, a prefix in S3."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec

from s3am_cloud.errors import TransferError
from s3am_cloud.ports.item_list import Existing
from s3am_cloud.urls import S3Url, SourceUrl


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A file or an object of a tree. `source` is its URL or path, as sources are written; `name` is relative to the
    tree, with slashes. `modified` is in seconds since 1970, UTC."""

    source: str
    name: str
    size: int
    modified: float | None = None
    etag: str | None = None
    # The name of the algorithm of the checksum that S3 keeps, as S3 writes it.
    checksum: str | None = None


class NoEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a tree and is left out, for a `reason`: a FIFO, a marker of a folder, a link that is a loop."""

    source: str
    name: str
    reason: str


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """What should have been an entry, or a folder of them, which ends in a slash, and can't be read."""

    source: str
    name: str
    error: TransferError


Found = Entry | NoEntry | Unreadable


def every_folder(name: str) -> bool:
    """Goes into every folder."""
    return True


class Tree(Protocol):
    """Lists what is below a source that ends in a slash, in bounded memory, whatever there is."""

    def entries(self, url: SourceUrl, enters: Callable[[str], bool] = every_folder) -> Iterator[Found]:
        """All that is below it, sorted by name where that is possible in bounded memory. A folder is only read where
        `enters` is true of its relative name; a listing of S3 may ignore that.

        Raises SourceNotFound, AccessDenied, BadSource or StoreUnavailable where the tree itself can't be read.
        """


class ObjectTree(Tree, Protocol):
    """A `Tree` of prefixes in S3."""

    def entries(
        self, url: SourceUrl, enters: Callable[[str], bool] = every_folder, after: str | None = None
    ) -> Iterator[Found]:
        """As a `Tree` lists it; with `after` only what comes after the entry of this name."""

    def existing(self, prefix: S3Url, after: str | None = None) -> Iterator[Existing]:
        """All objects whose keys begin with this one's, sorted; with `after` only those after that name.

        Raises AccessDenied, BadDestination (no such bucket), StoreBusy, StoreUnavailable."""


class FileTree(Tree, Protocol):
    """A `Tree` of local files."""

    def entry(self, url: SourceUrl) -> Found:
        """What is at this path by itself: an Entry, or Unreadable for anything but a regular file."""
