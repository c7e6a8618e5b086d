"""The items that a user names: by arguments, trees and manifests, as the options want them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.files.file_errors import read_error
from s3am_cloud.adapters.files.tree import LocalTree
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.trees import S3Tree
from s3am_cloud.datasets.filters import Filter, Filters
from s3am_cloud.datasets.names import Place, Template
from s3am_cloud.datasets.selection import Manifest, Selected, Selection, Trees, items_of
from s3am_cloud.datasets.streams import stream_of
from s3am_cloud.model import PinnedSource
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.urls import SourceUrl, parse_source
from s3am_cloud_client.options import DatasetOptions


def selected(
    sources: Sequence[str],
    place: Place,
    options: DatasetOptions,
    access: S3Access,
    ports: Ports,
) -> Iterator[Selected]:
    """Raises what `items_of` does, and what reading the manifest does: it is a path, `-` for standard input, or a
    URL."""
    now = time.time()
    newest = now - options.min_age if options.min_age is not None else None
    selection = Selection(
        place=place,
        base=options.base,
        template=Template(options.name, time.strftime("%Y-%m-%d", time.gmtime(now))) if options.name else None,
        filters=Filters(tuple(Filter(kind, glob) for kind, glob in options.filters), newest),
    )
    trees = Trees(files=LocalTree(options.follow), s3=S3Tree(access, SystemClock()))
    with ExitStack() as opened:
        given = None
        if options.manifest is not None:
            given = opened_manifest(options.manifest, options.manifest_format, ports, opened)
        yield from items_of(sources, given, selection, trees)


def opened_manifest(manifest: str, form: str, ports: Ports, opened: ExitStack) -> Manifest:
    """A list in a file, at a URL, or `-` for standard input; open as long as `opened` is."""
    if manifest == "-":
        return Manifest(sys.stdin.buffer, "standard input", form)
    url = parse_source(manifest)
    if url.scheme == "file":
        try:
            return Manifest(opened.enter_context(open(url.url, "rb")), url.display, form)
        except OSError as error:
            raise read_error(error, url.url) from error
    return Manifest(opened.enter_context(stream_of(_chunks(url, ports))), url.display, form, url.url)


def _chunks(url: SourceUrl, ports: Ports) -> Iterator[memoryview]:
    origin = PinnedSource(source=url, info=ports.source.probe(url))
    yield from ports.readers(origin, 1, lambda count: None).read()
