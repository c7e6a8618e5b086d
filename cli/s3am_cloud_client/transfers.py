"""`upload` and `download`: one object, on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from s3am_cloud.request import Exists
from s3am_cloud_client.observer import Observer, OnProgress, observer_of
from s3am_cloud_client.options import DownloadOptions, UploadOptions, check_exists

if TYPE_CHECKING:
    from s3am_cloud.adapters.s3.access import S3Access
    from s3am_cloud.model import Receipt
    from s3am_cloud.transfer.download import DownloadRequest
    from s3am_cloud_client.inprocess.destinations import Output

_USUAL_UPLOAD = UploadOptions()
_USUAL_DOWNLOAD = DownloadOptions()


def upload(
    source: str | os.PathLike[str],
    destination: str,
    *,
    exists: Exists | None = None,
    options: UploadOptions = _USUAL_UPLOAD,
    progress: OnProgress | None = None,
    observer: Observer | None = None,
) -> Receipt:
    """Copy a file or a URL into S3, and return the receipt.

    `source` is a path, `-` for standard input, or a URL. `destination` is `s3://BUCKET/KEY`, or `s3://BUCKET/PREFIX/`
    to keep the source's name. `exists` says what to do if the object exists: "skip", "overwrite", or raise
    ObjectExists (None). `progress` is called with the bytes transferred so far and their total (None where it is
    unknown), in this thread.

    Raises the classes of `s3am_cloud.errors`, all of which are a `TransferError`. If it is interrupted, or fails
    midway, an unfinished upload may be left in S3: `observer` gets a note of it, and the same call with
    `UploadOptions(resume=True)` continues it.

    >>> from s3am_cloud_client import upload
    >>> receipt = upload("genome.bam", "s3://bucket/genomes/")
    >>> receipt.state, receipt.destination, receipt.verdict
    ('succeeded', 's3://bucket/genomes/genome.bam', 'verified-in-transit')
    """
    from s3am_cloud_client.inprocess.driver import run_upload
    from s3am_cloud_client.inprocess.ports import local_ports
    from s3am_cloud_client.inprocess.rate_limit import check_limited
    from s3am_cloud_client.inprocess.record_store import records
    from s3am_cloud_client.inprocess.system_errors import naming_system_errors

    observer = observer_of(progress, observer)
    request = options.request(os.fspath(source), destination, exists)
    if options.limit_rate is not None:
        check_limited(request.source)
    with naming_system_errors():
        access = options.destination_access()
        jobs = records(access, options.stack, observer)
        ports = local_ports(
            access, options.source_access(), options.reach(options.logins.of([request.source_url])), jobs, observer
        )
        return run_upload(request, ports, observer)


def download(
    source: str,
    destination: str | os.PathLike[str],
    *,
    exists: Exists | None = None,
    options: DownloadOptions = _USUAL_DOWNLOAD,
    progress: OnProgress | None = None,
    observer: Observer | None = None,
) -> Receipt:
    """Copy an object from S3 into a local file, and return the receipt.

    `destination` is a file, or a folder in which the file gets the object's name. The file appears only when it is
    whole and matches the object's checksum; until then its bytes are in `.NAME.partial` beside it. `exists` says what
    to do if the file exists: "skip", "overwrite", or raise LocalFileExists (None). `-` is standard output; FIFOs and
    devices are written in order, too. `progress` and errors are as for `upload`.

    >>> from s3am_cloud_client import download
    >>> receipt = download("s3://bucket/genome.bam", "copy.bam", exists="overwrite")
    >>> receipt.state, receipt.destination, receipt.verdict
    ('succeeded', 'copy.bam', 'verified-by-source')
    """
    from s3am_cloud.urls import parse_s3
    from s3am_cloud_client.inprocess.destinations import Output, destination_of
    from s3am_cloud_client.inprocess.system_errors import naming_system_errors

    check_exists(exists)
    wanted, observer = parse_s3(source), observer_of(progress, observer)
    with naming_system_errors():
        place = destination_of(wanted, os.fspath(destination))
        request = options.request(wanted, overwrite=exists == "overwrite")
        if isinstance(place, Output):
            return _to_output(request, place, options, observer)
        return _to_file(request, place, exists, options, observer)


def _with_terms(request: DownloadRequest, access: S3Access) -> DownloadRequest:
    """The request, with what decides how much the download costs."""
    import msgspec

    from s3am_cloud.adapters.machine import is_in_aws
    from s3am_cloud.costs.downloads import DownloadTerms

    terms = DownloadTerms(in_aws=is_in_aws(os.environ), at_aws=access.at_aws)
    return msgspec.structs.replace(request, terms=terms)


def _to_file(
    request: DownloadRequest, path: Path, exists: Exists | None, options: DownloadOptions, observer: Observer
) -> Receipt:
    from s3am_cloud.errors import LocalFileExists
    from s3am_cloud_client.inprocess.downloads import run_download
    from s3am_cloud_client.inprocess.ports import local_ports

    if os.path.lexists(path) and exists != "overwrite":
        if exists is None:
            raise LocalFileExists(f"{path} exists")
        return _skipped(request, path)
    access = options.access()
    ports = local_ports(access, reach=options.reach(), observer=observer)
    try:
        return run_download(_with_terms(request, access), path, ports, observer)
    except LocalFileExists:
        if exists != "skip":
            raise
        return _skipped(request, path)


def _skipped(request: DownloadRequest, path: Path) -> Receipt:
    from s3am_cloud.model import Receipt
    from s3am_cloud.urls import shown_path

    return Receipt(state="skipped", source=str(request.source), destination=shown_path(path))


def _to_output(request: DownloadRequest, output: Output, options: DownloadOptions, observer: Observer) -> Receipt:
    from s3am_cloud.errors import Usage
    from s3am_cloud_client.inprocess.ports import local_ports
    from s3am_cloud_client.inprocess.stream_driver import run_stream

    if options.partial is not None:
        raise Usage(f"partial applies to files, not to {output.name}", "leave partial out")
    access, reach = options.access(), options.reach()
    ports = local_ports(access, reach=reach, observer=observer)
    return run_stream(_with_terms(request, access), output, access, reach, ports, observer)
