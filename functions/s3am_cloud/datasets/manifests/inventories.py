"""S3 Inventory in CSV, and manifests of S3 Batch Operations: bucket and URL-encoded key, and more without a header.

What the other columns are, their values say: a size is of digits, a version's id has 32 characters, two truth values
are whether it is the latest and whether it is a delete marker.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from urllib.parse import unquote_plus

from s3am_cloud.datasets.manifests.columns import size_of
from s3am_cloud.datasets.manifests.lines import Lines, ManifestLine
from s3am_cloud.errors import Usage
from s3am_cloud.urls import parse_s3

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_VERSION = re.compile(r"[A-Za-z0-9._-]{32}")
_HEX = re.compile(r"[0-9a-f]{32}")
_TRUTH = {"true", "false"}
# A file's name with a dot in it may look like a bucket's, and something after a comma like a key.
_SAMPLE_COLUMNS = range(2, 40)


def is_inventory(head: list[str]) -> bool:
    """Whether all of these lines begin with a bucket's name and a key."""
    rows = [next(csv.reader([text]), []) for text in head if text.strip()]
    return (
        bool(rows)
        and len({len(row) for row in rows}) == 1
        and all(len(row) in _SAMPLE_COLUMNS and _BUCKET.fullmatch(row[0]) and row[1] for row in rows)
        and not any(" " in row[1] or "://" in row[1] for row in rows)
    )


def read_inventory(lines: Lines) -> Iterator[ManifestLine]:
    """The objects that are listed, under their keys, in the version that a line names; of an inventory of all versions,
    which says which one is the latest, only that one. Markers of folders are no items. Raises BadManifest."""
    for text in lines:
        if text.strip():
            cells = next(csv.reader([text]))
            if len(cells) < 2 or not _BUCKET.fullmatch(cells[0]) or not cells[1]:
                raise lines.error("no bucket and key", hint="write BUCKET,KEY with the key URL-encoded")
            if cells[1].endswith("/"):
                continue  # the marker of a folder
            truths = [cell.lower() for cell in cells[2:] if cell.lower() in _TRUTH][:2]
            if not truths:
                yield _line(lines, cells, _version(cells[2:]))
            elif truths[0] == "true" and truths[1:] != ["true"]:
                yield _line(lines, cells, "")


def _version(cells: list[str]) -> str:
    if cells and _VERSION.fullmatch(cells[0]) and not _HEX.fullmatch(cells[0]):
        return f"?versionId={cells[0]}"
    return ""


def _line(lines: Lines, cells: list[str], version: str) -> ManifestLine:
    try:
        key = unquote_plus(cells[1], errors="strict")
    except UnicodeDecodeError as error:
        raise lines.error("the key is not URL-encoded UTF-8", cells[1], "encode it as S3 Inventory does") from error
    stated = next((cell for cell in cells[2:] if cell.isdecimal()), "")
    try:
        size = size_of(stated)
    except Usage as error:
        raise lines.error(error.message, stated, error.hint) from error
    source = f"s3://{cells[0]}/{key}"
    if parse_s3(source).version is not None:
        raise lines.error("the key ends like a version's id", cells[1], "rename the object")
    return ManifestLine(place=lines.place, text=lines.text, source=source + version, destination=key, size=size)
