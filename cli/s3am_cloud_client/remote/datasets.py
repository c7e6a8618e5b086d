"""Many objects as one request for a job in the cloud: a local list goes along, local files can't."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING

import msgspec

from s3am_cloud.adapters.files.file_errors import read_error
from s3am_cloud.datasets.manifests.lines import ManifestLine
from s3am_cloud.datasets.manifests.reading import read_manifest
from s3am_cloud.datasets.names import whole_source
from s3am_cloud.errors import BadManifest, TransferError, Usage
from s3am_cloud.ingest.dataset_checks import label_of
from s3am_cloud.items import Item
from s3am_cloud.limits import CURL_BUFFER
from s3am_cloud.model import TransferRequest
from s3am_cloud.request import Dataset
from s3am_cloud.urls import STDIN, local_error, parse_s3, parse_source

if TYPE_CHECKING:
    from s3am_cloud.ports.dataset_files import DatasetFiles
    from s3am_cloud_client.options import DatasetOptions, SubmitOptions


def dataset_request(
    sources: Iterable[str | Item],
    destination: str,
    dataset: DatasetOptions,
    options: SubmitOptions,
    files: Callable[[], DatasetFiles],
) -> TransferRequest:
    """The request, once a list from this machine is put beside the records of jobs.

    Raises BadSource for a local file, BadManifest for a list that can't be read, Usage for options of this machine.
    """
    given = list(sources)
    texts = tuple(source for source in given if isinstance(source, str))
    whole = _dataset_of(texts, dataset)
    whole = _with_list(whole, [one for one in given if isinstance(one, Item)], dataset.manifest, files)
    return _request(whole, destination, dataset, options)


def planned_request(
    sources: Iterable[str], destination: str, dataset: DatasetOptions, options: SubmitOptions
) -> TransferRequest:
    """The same request, with a list from this machine left where it is."""
    whole, manifest = _dataset_of(tuple(sources), dataset), dataset.manifest
    if manifest is not None:
        is_local = _is_local(manifest)
        name = "standard input" if manifest == STDIN else manifest
        whole = msgspec.structs.replace(
            whole, manifest=None if is_local else manifest, manifest_name=name if is_local else None
        )
    return _request(whole, destination, dataset, options)


def _request(whole: Dataset, destination: str, dataset: DatasetOptions, options: SubmitOptions) -> TransferRequest:
    request = options.request(label_of(whole) or "", destination)
    return msgspec.structs.replace(request, exists=dataset.exists, dataset=whole)


def _dataset_of(sources: tuple[str, ...], dataset: DatasetOptions) -> Dataset:
    for text in sources:
        _check_remote(text)
    if dataset.report_dir is not None or not dataset.follow:
        raise Usage("report_dir and follow are for transfers on this machine", "leave them out")
    return Dataset(
        sources=sources,
        manifest_format=dataset.manifest_format,
        base=dataset.base,
        name=dataset.name,
        filters=dataset.filters,
        min_age=dataset.min_age,
        max_failures=dataset.max_failures,
    )


def _check_remote(text: str) -> None:
    if not text.startswith("s3://"):
        url = parse_source(text)
        if url.scheme == "file":
            raise local_error(url)
    else:
        parse_s3(text, key_needed=False)


def _with_list(dataset: Dataset, items: list[Item], manifest: str | None, files: Callable[[], DatasetFiles]) -> Dataset:
    if items and manifest is not None:
        raise Usage("items are given by themselves and in a manifest", "give one of them")
    if items:
        with tempfile.TemporaryFile() as lines:
            for item in items:
                lines.write(msgspec.json.encode(item) + b"\n")
            return _put(dataset, lines, "the given items", files)
    if manifest is None:
        return dataset
    if not _is_local(manifest):
        return msgspec.structs.replace(dataset, manifest=manifest)
    with ExitStack() as opened:
        if manifest == STDIN:
            kept: IO[bytes] = opened.enter_context(tempfile.TemporaryFile())
            while piece := sys.stdin.buffer.read(CURL_BUFFER):
                kept.write(piece)
            return _put(dataset, kept, "standard input", files)
        path = parse_source(manifest).path
        try:
            kept = opened.enter_context(path.open("rb"))
        except OSError as error:
            raise read_error(error, str(path)) from error
        return _put(dataset, kept, manifest, files)


def _check_line(line: ManifestLine, base: str | None) -> None:
    try:
        url = whole_source(line.source, base)
        if url.scheme == "file":
            raise local_error(url)
    except TransferError as error:
        raise BadManifest(f"{line.place_of(line.source)}: {error.message}", error.hint) from error


def _put(dataset: Dataset, content: IO[bytes], name: str, files: Callable[[], DatasetFiles]) -> Dataset:
    """The list is read here first, so that what is wrong with it is known before anything is submitted."""
    content.seek(0)
    digest = hashlib.sha256()
    while piece := content.read(CURL_BUFFER):
        digest.update(piece)
    content.seek(0)
    with os.fdopen(os.dup(content.fileno()), "rb") as again:  # who reads a list closes it
        for line in read_manifest(again, name, dataset.manifest_format):
            _check_line(line, dataset.base)
    content.seek(0)
    files().write_manifest(digest.hexdigest(), content)
    return msgspec.structs.replace(dataset, manifest_digest=digest.hexdigest(), manifest_name=name)


def _is_local(manifest: str) -> bool:
    return manifest == STDIN or parse_source(manifest).scheme == "file"
