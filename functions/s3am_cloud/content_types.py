"""Content types of local files, by their names."""

from __future__ import annotations

import functools
import mimetypes

# What a compressed file is: its Content-Encoding would have browsers and other tools unpack it on the way, and give
# other bytes than are stored.
_COMPRESSED = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
    "compress": "application/x-compress",
    "br": "application/x-brotli",
}


def guessed_type(path: str) -> str | None:
    """By the last two suffixes of the name; None where they say nothing."""
    name = path.rpartition("/")[2].lstrip(".")
    _, dot, suffixes = name.partition(".")
    return _type_of(".".join(suffixes.rsplit(".", 2)[-2:])) if dot else None


@functools.lru_cache(1024)
def _type_of(suffixes: str) -> str | None:
    found, encoding = _table().guess_type(f"name.{suffixes}")
    return found if encoding is None else _COMPRESSED.get(encoding)


@functools.cache
def _table() -> mimetypes.MimeTypes:
    """Python's own, without the files of the machine, by which the same file would have other types elsewhere."""
    return mimetypes.MimeTypes()
