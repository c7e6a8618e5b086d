"""Lists of URLs for the Storage Transfer Service: URL, size and base64 MD5 in columns, after a line with the version.

TsvHttpData-1.0
https://host/a  1357  wHENa08V36iPYAsOa2JAdw==
"""

from __future__ import annotations

from collections.abc import Iterator

from s3am_cloud.datasets.manifests.columns import digest_of, size_of
from s3am_cloud.datasets.manifests.lines import Lines, ManifestLine
from s3am_cloud.errors import TransferError

VERSION = "TsvHttpData-1.0"
_MOST_COLUMNS = 3


def read_transfer_table(lines: Lines) -> Iterator[ManifestLine]:
    """Raises BadManifest."""
    if next(lines, "").strip() != VERSION:
        raise lines.error(f"the first line is not {VERSION}", hint="choose another --manifest-format")
    for text in lines:
        if text.strip():
            yield _line(lines, text.split("\t"))


def _line(lines: Lines, cells: list[str]) -> ManifestLine:
    if len(cells) > _MOST_COLUMNS:
        raise lines.error("more than three columns", cells[3], "write URL, size and MD5, separated by tabs")
    url, size, md5 = (cell.strip() for cell in (*cells, "", "")[:3])
    if not url:
        raise lines.error("no URL", hint="write URL, size and MD5, separated by tabs")
    value = size
    try:
        known_size = size_of(size)
        value = md5
        digest = digest_of(md5, "md5")
    except TransferError as error:
        raise lines.error(error.message, value, error.hint) from error
    return ManifestLine(place=lines.place, text=lines.text, source=url, size=known_size, digest=digest)
