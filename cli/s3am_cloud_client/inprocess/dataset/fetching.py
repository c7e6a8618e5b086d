"""One item by the thorough way of single downloads: larger than one GET should fetch, or compared with a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import msgspec

from s3am_cloud.adapters.files.local_file import version_of
from s3am_cloud.datasets.answers import known_of_file
from s3am_cloud.datasets.decisions import UNCHANGED
from s3am_cloud.datasets.outcomes import outcome_of
from s3am_cloud.datasets.sameness import Compared, compared_with_listing, compared_with_object
from s3am_cloud.datasets.single import Done, Task, copied, failed
from s3am_cloud.errors import LocalFileExists, SourceNotFound, TransferError
from s3am_cloud.model import PinnedSource
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.download import DownloadRequest
from s3am_cloud.urls import SourceUrl
from s3am_cloud_client.inprocess.downloads import run_download
from s3am_cloud_client.inprocess.system_errors import naming_system_errors
from s3am_cloud_client.observer import Observer

_OTHER = "give --exists update to replace it, or --exists skip to leave it"


class _Look(NamedTuple):
    """How a file and an object compare, what the object's ETag is, and how many HEADs it took."""

    found: Compared
    etag: str
    heads: int


def fetch_one(task: Task, request: DownloadRequest, ports: Ports, observer: Observer) -> Done:
    """Never raises a TransferError: that is the item's outcome. `request` is the user's, for this object."""
    one = task.candidate
    path = Path(one.listed.item.destination)
    heads = 0
    try:
        with naming_system_errors():
            if task.compare and os.path.lexists(path):
                look = _look(task, path, ports)
                heads = look.heads
                if look.found.same:
                    return _skipped(task, path, look)
                _check_may_replace(task, path, look.found)
            own = msgspec.structs.replace(
                request, resume=not request.discard, size=one.listed.stated_size, expected=one.expected
            )
            receipt = run_download(own, path, ports, observer)
            known = known_of_file(one, receipt.etag or "", receipt.size or 0, version_of(os.stat(path)))
    except TransferError as error:
        return Done(one.number, failed(one.listed, error), heads=heads)
    return Done(one.number, copied(one.listed, receipt), known, heads)


def _look(task: Task, path: Path, ports: Ports) -> _Look:
    one = task.candidate
    listed, source = one.listed, SourceUrl("file", str(path))
    file = PinnedSource(source=source, info=ports.source.probe(source))
    found = compared_with_listing(file, one.expected, listed, ports)
    if found is not None:
        return _Look(found, listed.etag or "", 0)
    there = ports.store.head(one.stored)
    if there is None:
        raise SourceNotFound(f"{one.stored} does not exist", "check the name")
    return _Look(compared_with_object(file, there, ports), there.etag, 1)


def _skipped(task: Task, path: Path, look: _Look) -> Done:
    one, status = task.candidate, os.lstat(path)
    outcome = msgspec.structs.replace(
        outcome_of(one.listed.item, "skipped"), size=os.stat(path).st_size, etag=look.etag or None, reason=UNCHANGED
    )
    return Done(
        one.number, outcome, known_of_file(one, look.etag, status.st_size, version_of(status)), heads=look.heads
    )


def _check_may_replace(task: Task, path: Path, found: Compared) -> None:
    if task.replace:
        return
    why = f"{found.by} differs" if found.same is False else "nothing shows whether it is the same"
    raise LocalFileExists(f"{path} exists, and is another file: {why}", _OTHER)
