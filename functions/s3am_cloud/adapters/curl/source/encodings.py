"""Which files are stored in the very form that their server calls an encoding: those of names like reads.fastq.gz."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from s3am_cloud.adapters.curl.transport.easy import Response
from s3am_cloud.urls import SourceUrl

# Endings of names, and subtypes of Content-Type, by the name of the encoding without `x-`.
_SUFFIXES = {
    "gzip": ("gz", "tgz", "bgz", "bgzf", "svgz", "taz", "bam", "cram"),
    "gz": ("gz", "tgz", "bgz", "bgzf", "svgz", "taz", "bam", "cram"),
    "compress": ("z", "taz"),
    "bzip2": ("bz2", "tbz", "tbz2"),
    "bz2": ("bz2", "tbz", "tbz2"),
    "xz": ("xz", "txz"),
    "lzma": ("lzma", "tlz"),
    "zstd": ("zst", "zstd", "tzst"),
    "br": ("br",),
}
_TYPE = re.compile(r"application/(?:x-)?(gzip|compress|bzip2?|xz|lzma|zstd)\s*(?:;|$)", re.IGNORECASE)
_FILE_NAME = re.compile(r"filename\*?\s*=\s*\"?([^\";]+)", re.IGNORECASE)


def is_stored_so(coding: str, url: SourceUrl, place: str, response: Response) -> bool:
    """Whether the bytes that a server sends with this Content-Encoding are the file itself, by its name or its type.

    `place` is the URL that redirects led to.
    """
    suffixes = _SUFFIXES.get(coding)
    if suffixes is None:
        return False
    named = _FILE_NAME.search(response.header("Content-Disposition") or "")
    names = [url.name, unquote(urlsplit(place).path), named[1] if named else ""]
    kind = _TYPE.match(response.header("Content-Type") or "")
    return any(_suffix(name) in suffixes for name in names) or (
        kind is not None and suffixes == _SUFFIXES.get({"bzip": "bzip2"}.get(kind[1].lower(), kind[1].lower()))
    )


def _suffix(name: str) -> str:
    return name.strip().rpartition(".")[2].lower()
