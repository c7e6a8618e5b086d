"""What to do with an item, from one listing of the destination and what was recorded of earlier runs."""

from __future__ import annotations

from typing import Literal

import msgspec

from s3am_cloud.checksums.digests import Expected
from s3am_cloud.etags import plain
from s3am_cloud.model import SourceInfo
from s3am_cloud.ports.item_list import Existing
from s3am_cloud.request import OnExisting

Decision = Literal["copy", "replace", "skip", "compare", "refuse"]

UNCHANGED = "it is the same as when it was copied"
NOT_COMPARED = "it exists; the two were not compared"


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded when an object was copied: its own ETag and size, and what identified its source. `digest` is
    ALGORITHM:HEX where the object was found to have what its manifest stated."""

    etag: str
    size: int
    source: str
    version: str
    digest: str | None = None


def decision(existing: Existing | None, exists: OnExisting | None) -> Decision:
    """By the listing alone. `compare` costs a look at both sides; without an `exists`, what is the same is skipped."""
    if exists == "overwrite":
        return "replace"  # whatever was there when it was listed
    if existing is None:
        return "copy"
    match exists:
        case "skip":
            return "skip"
        case "fail":
            return "refuse"
        case _:
            return "compare"


def is_known(existing: Existing, known: Known | None, source: str, version: str) -> bool:
    """Whether the object is the one that was copied from just this version of this source."""
    if known is None or not version:
        return False
    return _is_that(existing, known) and (known.source, known.version) == (source, version)


def has_digest(existing: Existing, known: Known | None, expected: Expected) -> bool:
    """Whether the object was found before to have this digest, or its ETag shows it: who states a digest wants no other
    content, whatever the source has by now. An ETag that is no MD5 of the content equals none."""
    if expected.algorithm == "md5" and existing.etag is not None and plain(existing.etag) == expected.digest:
        return True
    return known is not None and _is_that(existing, known) and known.digest == str(expected)


def _is_that(existing: Existing, known: Known) -> bool:
    return existing.etag is not None and (existing.etag, existing.size) == (known.etag, known.size)


def fingerprint(info: SourceInfo) -> str:
    """What identifies the version of a source; empty where nothing does so surely."""
    if info.pinned != "strong":
        return ""
    changed = f"{info.changed_ns}" if info.changed_ns is not None else ""
    return f"{info.size} {info.version or ''} {info.etag or ''} {changed}"
