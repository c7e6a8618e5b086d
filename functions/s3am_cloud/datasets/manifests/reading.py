"""One function for all formats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from s3am_cloud.datasets.manifests.detection import READERS, detected
from s3am_cloud.datasets.manifests.lines import ManifestLine, lines_of
from s3am_cloud.errors import BadManifest, Usage

FORMATS = ("auto", *READERS)


def read_manifest(stream: IO[bytes], name: str, form: str = "auto") -> Iterator[ManifestLine]:
    """The items of a manifest, as it is read: memory stays bounded, whatever its length.

    `name` is what messages call it: a path, or a URL in its displayable form. `form` is one of FORMATS.

    Iterating raises BadManifest at the first line that can't be read, with its number and where possible the column;
    Usage for an unknown format.
    """
    if form not in FORMATS:
        raise Usage(f"unknown manifest format {form!r}", f"use one of {', '.join(FORMATS)}")
    lines = lines_of(stream, name)
    reader = detected(lines) if form == "auto" else READERS[form]
    found = False
    for line in reader(lines):
        found = True
        yield line
    if not found:
        raise BadManifest(f"{name} has no items", "a manifest has one item a line")
