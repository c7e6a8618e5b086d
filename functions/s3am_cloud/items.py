"""One object to copy, wherever it was named: in an argument, in a tree or in a manifest."""

from __future__ import annotations

import msgspec

from s3am_cloud.error_base import ErrorReport
from s3am_cloud.request import Value


class Item(Value, frozen=True, kw_only=True):
    """`source` and `destination` are whole: a URL or a path, as `upload` and `download` take them for one object.

    A path that is not UTF-8 is a file URL. `size` is in bytes, `digest` is ALGORITHM:HEX: where they are given, other
    content is an error. `labels` are what else a manifest says of the item; they are kept in its outcome. `mirrors` are
    other sources of the same content, each of which is tried where those before it fail.
    """

    source: str
    destination: str
    size: int | None = None
    digest: str | None = None
    mirrors: tuple[str, ...] = ()
    labels: dict[str, str] = msgspec.field(default_factory=dict)


class Placed(Value, frozen=True, kw_only=True):
    """An item, and the place where it was given: `FILE:LINE`, or the argument. Messages name it by that.

    `modified` (seconds since 1970, UTC) and `etag` are what a listing said of the source: no condition, but they spare
    a request for each item.
    """

    item: Item
    place: str
    modified: float | None = None
    etag: str | None = None


class Rejected(Value, frozen=True, kw_only=True):
    """What can't become an item's object or file, and why: it fails before anything is transferred, alone."""

    item: Item
    place: str
    error: ErrorReport


class LeftOut(Value, frozen=True, kw_only=True):
    """What a tree has and no item can be made of, such as a FIFO, or what shall wait: it counts as skipped."""

    item: Item
    place: str
    reason: str
