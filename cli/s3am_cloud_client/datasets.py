"""`upload_many` and `download_many`: a dataset, on this machine, with an outcome for each item."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from s3am_cloud.errors import Usage
from s3am_cloud.items import Item
from s3am_cloud.request import Exists, OnExisting
from s3am_cloud_client.inprocess.rate_limit import limit_of
from s3am_cloud_client.observer import Observer, OnProgress, observer_of
from s3am_cloud_client.options import DatasetOptions, DownloadOptions, UploadOptions
from s3am_cloud_client.sources import (
    Sources,
    absolute_folder,
    items_or_manifest,
    limited_items,
    named_sources,
    selected_items,
    source_text,
)

if TYPE_CHECKING:
    from s3am_cloud.adapters.s3.access import S3Access
    from s3am_cloud.datasets.outcomes import Failures, Outcome, Summary
    from s3am_cloud.datasets.selection import Selected
    from s3am_cloud.item_counts import Counts
    from s3am_cloud.ports.transfer import Source
    from s3am_cloud_client.inprocess.dataset.item_servers import ItemServers
    from s3am_cloud_client.inprocess.dataset.items_run import ItemsRun, Side
    from s3am_cloud_client.inprocess.dataset.preview import Planned
    from s3am_cloud_client.inprocess.dataset.report import RunFiles

_USUAL_UPLOAD = UploadOptions()
_USUAL_DOWNLOAD = DownloadOptions()
_USUAL_DATASET = DatasetOptions()


class Transfers:
    """A dataset on its way. Iterate it, once, for the outcome of each item as it ends; `summary` is how it went."""

    def __init__(self, run: ItemsRun[Any], files: RunFiles | None, resources: ExitStack) -> None:
        self._run, self._files, self._resources = run, files, resources
        self._summary: Summary | None = None
        self._failed: list[Outcome] = []

    def __iter__(self) -> Iterator[Outcome]:
        from s3am_cloud.datasets.outcomes import displayable

        with self._resources:
            try:
                with closing(self._run.outcomes()) as outcomes:
                    for outcome in outcomes:
                        if self._files is not None:
                            self._files.add(outcome)
                        shown = displayable(outcome)
                        if shown.state == "failed":
                            self._failed.append(shown)
                        yield shown
            finally:
                self._summary = self._run.summary(self._files.folder if self._files is not None else None)
                if self._files is not None:
                    self._files.end(self._summary)

    def wait(self) -> Summary:
        """Copies all items, and says how it went."""
        for _ in self:
            pass
        return self.summary

    @property
    def summary(self) -> Summary:
        """Of the items that have ended so far."""
        return self._summary or self._run.summary()

    @property
    def counts(self) -> Counts:
        return self.summary.counts

    @property
    def failed(self) -> Sequence[Outcome]:
        """The outcomes of the items that have failed so far, each with its error."""
        return tuple(self._failed)

    @property
    def failures(self) -> tuple[Failures, ...]:
        """The errors that items failed with, each with its number of items."""
        return self.summary.failures


def upload_many(
    sources: Sources,
    destination: str,
    *,
    options: UploadOptions = _USUAL_UPLOAD,
    dataset: DatasetOptions = _USUAL_DATASET,
    progress: OnProgress | None = None,
    observer: Observer | None = None,
) -> Transfers:
    """Copy many files, URLs and folders into S3, and return their outcomes, to be iterated.

    `sources` are files, URLs, folders and prefixes (which end in `/`), globs, or `Item`s with whole destinations. One
    string or path that is no folder is a manifest: a file, a URL, or `-`. `destination` is `s3://BUCKET/PREFIX/`. All
    items are read and checked before this returns; nothing is copied before the result is iterated. A failed item stops
    no other: its outcome has the error. Running the same again copies what is missing.

    Raises BadManifest, with line and column, for a list that can't be read, and the classes of `s3am_cloud.errors`
    for what concerns all items, such as missing credentials.

    >>> from s3am_cloud_client import upload_many
    >>> uploads = upload_many(["runs/"], "s3://bucket/runs/")
    >>> for outcome in uploads:
    ...     if outcome.error is not None:
    ...         print(outcome.source, outcome.error.message)
    >>> uploads.counts.copied, uploads.counts.failed, uploads.failed
    (2, 0, ())
    """
    from s3am_cloud.checksums.published import AUTO, NONE
    from s3am_cloud.datasets.names import Place, parse_s3_prefix
    from s3am_cloud.urls import parse_s3
    from s3am_cloud_client.inprocess.dataset.item_servers import ItemServers
    from s3am_cloud_client.inprocess.dataset.upload_run import UploadSide
    from s3am_cloud_client.inprocess.ports import local_ports
    from s3am_cloud_client.inprocess.system_errors import naming_system_errors

    options = msgspec.structs.replace(options, limit_rate=limit_of(options.limit_rate))
    if options.expect is not None:
        raise Usage("expect is the checksum of one object, and these may be several", "state each one's in a manifest")
    if options.source_digest not in {None, AUTO, NONE}:
        raise Usage("source_digest is a file for one object, and these may be several", "use auto")
    place, watching = parse_s3_prefix(destination), observer_of(progress, observer)
    given, dataset = items_or_manifest(sources, dataset)
    with naming_system_errors():
        access = options.source_access()
        servers = ItemServers(options.logins, named_sources(given, dataset))
        ports = local_ports(options.destination_access(), access, options.reach(servers.named_logins()))
        found = servers.watching(selected_items(given, Place(place, is_local=False), dataset, access, ports))
        if options.limit_rate is not None:
            found = limited_items(found)
        side = UploadSide(parse_s3(place, key_needed=False), options, dataset, watching, servers)
        return _begun(found, side, dataset, watching)


def download_many(
    sources: Sources,
    folder: str | os.PathLike[str],
    *,
    options: DownloadOptions = _USUAL_DOWNLOAD,
    dataset: DatasetOptions = _USUAL_DATASET,
    progress: OnProgress | None = None,
    observer: Observer | None = None,
) -> Transfers:
    """Copy many objects from S3 into files below `folder`, and return their outcomes, to be iterated.

    `sources` are objects, prefixes (which end in `/`), or `Item`s whose destinations are absolute paths below `folder`.
    One string or path that does not end in `/` is a manifest. Folders are made as needed, and nothing is ever written
    outside `folder`. Each file appears only when it is whole and matches the object's checksum. All else is as for
    `upload_many`: a failed item stops no other, and running the same again copies what is missing.

    >>> from s3am_cloud_client import download_many
    >>> downloads = download_many(["s3://bucket/runs/"], "copies")
    >>> summary = downloads.wait()
    >>> summary.counts.copied, summary.counts.failed
    (2, 0)
    """
    from s3am_cloud.datasets.names import place_of_items
    from s3am_cloud_client.inprocess.dataset.download_run import DownloadSide
    from s3am_cloud_client.inprocess.ports import local_ports
    from s3am_cloud_client.inprocess.system_errors import naming_system_errors

    options = msgspec.structs.replace(options, limit_rate=limit_of(options.limit_rate))
    if options.max_cost is not None:
        raise Usage("max_cost is for one object", "leave it out, or download the objects one by one")
    path, watching, access = absolute_folder(folder), observer_of(progress, observer), options.access()
    given, dataset = items_or_manifest(sources, dataset)
    with naming_system_errors():
        ports = local_ports(access, reach=options.reach())
        found = selected_items(given, place_of_items("", path), dataset, access, ports)
        side = DownloadSide(path, options, access, watching)
        return _begun(found, side, dataset, watching)


def _begun(found: Iterator[Selected], side: Side[Any], dataset: DatasetOptions, observer: Observer) -> Transfers:
    from s3am_cloud_client.inprocess.dataset.items_run import ItemsRun
    from s3am_cloud_client.inprocess.dataset.report import RunFiles

    resources = ExitStack()
    try:
        run = resources.enter_context(ItemsRun(found, side, dataset, observer))
        files = resources.enter_context(RunFiles(dataset.report_dir)) if dataset.report_dir else None
    except BaseException:
        resources.close()
        raise
    return Transfers(run, files, resources)


def preview_many(
    sources: Sources,
    destination: str,
    *,
    options: UploadOptions = _USUAL_UPLOAD,
    dataset: DatasetOptions = _USUAL_DATASET,
    observer: Observer | None = None,
) -> Iterator[Planned]:
    """Say what `upload_many` would do with each item, and do nothing. Of one item with a whole key, say what `upload`
    would do.

    An item whose object exists is to be compared, unless it is known from an earlier run that it is the same. Sources
    are looked at where there are few. Raises what `upload_many` does.

    >>> from s3am_cloud_client import preview_many
    >>> [planned.action for planned in preview_many(["runs/"], "s3://bucket/new/")]
    ['copy', 'copy']
    """
    from s3am_cloud.adapters.s3.trees import S3Tree
    from s3am_cloud.datasets.names import Place, parse_s3_prefix
    from s3am_cloud.items import Placed
    from s3am_cloud.urls import parse_destination, parse_s3, parse_source
    from s3am_cloud_client.inprocess.dataset.item_servers import ItemServers
    from s3am_cloud_client.inprocess.dataset.preview import UploadPreview
    from s3am_cloud_client.inprocess.ports import local_ports
    from s3am_cloud_client.inprocess.system_errors import naming_system_errors

    given, dataset = items_or_manifest(sources, dataset)
    texts = [source_text(source) for source in given if not isinstance(source, Item)]
    is_single = len(texts) == len(given) and is_one_item(texts, dataset)
    with naming_system_errors():
        access, source_access = options.destination_access(), options.source_access()
        access.require_credentials()
        observer = observer_of(None, observer)
        servers = ItemServers(options.logins, named_sources(given, dataset))
        ports = local_ports(access, source_access, options.reach(servers.named_logins()), observer=observer)
        if is_single:
            target = parse_destination(destination, parse_source(texts[0]))
            item = Item(source=texts[0], destination=str(target))
            selected: Iterable[Selected] = [Placed(item=item, place=texts[0])]
        else:
            place = parse_s3_prefix(destination)
            target = parse_s3(place, key_needed=False)
            selected = selected_items(given, Place(place, is_local=False), dataset, source_access, ports)
        preview = UploadPreview(
            destination=target,
            store=ports.store,
            source=functools.cache(lambda: _source(source_access, options, servers)),
            tree=S3Tree(access, ports.clock),
            observer=observer,
        ).preview(dataset.exists, is_single)
        yield from preview.items(servers.watching(selected))


def preview_downloads(
    sources: Sources,
    destination: str | os.PathLike[str],
    *,
    options: DownloadOptions = _USUAL_DOWNLOAD,
    dataset: DatasetOptions = _USUAL_DATASET,
) -> Iterator[Planned]:
    """The same for `download_many`, and of one object for `download`. No folder is made.

    >>> from s3am_cloud_client import preview_downloads
    >>> [planned.action for planned in preview_downloads(["s3://bucket/runs/"], "new-folder")]
    ['copy', 'copy']
    """
    from s3am_cloud.datasets.names import place_of_items
    from s3am_cloud.urls import parse_s3
    from s3am_cloud_client.inprocess.dataset.preview import DownloadPreview, preview_of_one
    from s3am_cloud_client.inprocess.ports import local_ports
    from s3am_cloud_client.inprocess.system_errors import naming_system_errors

    (given, dataset), access = items_or_manifest(sources, dataset), options.access()
    texts = [source_text(source) for source in given if not isinstance(source, Item)]
    with naming_system_errors():
        access.require_credentials()
        ports = local_ports(access, reach=options.reach())
        if len(texts) == len(given) and is_one_object(texts, dataset):
            yield preview_of_one(parse_s3(texts[0]), os.fspath(destination), dataset.exists, ports.store)
            return
        path = absolute_folder(destination)
        found = selected_items(given, place_of_items("", path), dataset, access, ports)
        yield from DownloadPreview(folder=path, store=ports.store).preview(dataset.exists, is_single=False).items(found)


def is_one_item(sources: Sequence[str], dataset: DatasetOptions = _USUAL_DATASET) -> bool:
    """Whether `upload` takes this, and not `upload_many`: one file or URL, and no option that only many items have."""
    from s3am_cloud.datasets.globs import has_magic
    from s3am_cloud.urls import STDIN, parse_source

    if not is_one_object(sources, dataset):
        return False
    url = parse_source(sources[0])
    if url.url == STDIN:
        return True
    if url.scheme != "file":
        return not url.url.partition("?")[0].endswith("/")
    is_glob = has_magic(url.url) and not os.path.lexists(url.url)
    return not (is_glob or url.url.endswith("/") or os.path.isdir(url.url))


def is_one_object(sources: Sequence[str], dataset: DatasetOptions = _USUAL_DATASET) -> bool:
    """Whether `download` takes this, and not `download_many`."""
    of_one = DatasetOptions(exists=dataset.exists if dataset.exists != "update" else None)
    return len(sources) == 1 and dataset == of_one and not (sources[0].startswith("s3://") and sources[0].endswith("/"))


def exists_of_one(exists: OnExisting | None) -> Exists | None:
    """What `upload` calls it: by default an object that exists is an error."""
    return exists if exists == "skip" or exists == "overwrite" else None


def run_folder() -> Path | None:
    """A new folder's path for a run's files, in the state folder; None where this user keeps no state."""
    from s3am_cloud.adapters.clock import SystemClock
    from s3am_cloud_client.remote.job_ids import new_id
    from s3am_cloud_client.state_home import state_home

    home = state_home()
    return None if home is None else home / "runs" / new_id(SystemClock())


def _source(access: S3Access, options: UploadOptions, servers: ItemServers) -> Source:
    """By which all items are read that have passed by."""
    from s3am_cloud_client.inprocess.ports import local_ports

    return local_ports(access, reach=options.reach(servers.logins())).source
