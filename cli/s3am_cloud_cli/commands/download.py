"""`s3am-cloud download`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from s3am_cloud.errors import BadDestination, LocalFileExists, Usage
from s3am_cloud.urls import S3Url, parse_s3, shown_path
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import keys as key_options
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.directions import check_from_s3
from s3am_cloud_cli.options.keys import KeyOptions
from s3am_cloud_cli.options.transfer import AwsOptions
from s3am_cloud_client.inprocess.destinations import Output, destination_of
from s3am_cloud_client.inprocess.patience import Patience

if TYPE_CHECKING:
    from s3am_cloud.transfer.download import DownloadRequest


@click.command(short_help="Copy an object from S3 into a local file, or to standard output.")
@click.argument("source", metavar="S3_URL")
@click.argument("destination", metavar="DST")
@click.option("--file-exists", type=click.Choice(["overwrite", "skip"]), help="What to do if the file exists.")
@click.option(
    "--download-exists",
    type=click.Choice(["resume", "discard"]),
    help="What to do with an unfinished earlier download.",
)
@transfer.part_size
@transfer.download_slots
@click.option(
    "--checksum-slots",
    type=click.IntRange(1),
    metavar="N",
    help="Parts of an earlier download whose checksums are compared at once; as many as there are cores.",
)
@key_options.keys
@transfer.patience
@transfer.requester_pays
@transfer.no_sign_request
@transfer.aws
@transfer.output
@click.pass_obj
def download(
    console: Console,
    source: str,
    destination: str,
    file_exists: str | None,
    download_exists: str | None,
    part_size: int | None,
    download_slots: int | None,
    checksum_slots: int | None,
    keys: KeyOptions,
    patience: Patience,
    requester_pays: bool,
    no_sign_request: bool,
    aws: AwsOptions,
) -> None:
    """Copy S3_URL into the file DST, which appears only when it is whole and agrees with the object's checksum.

    DST may be a folder: the file gets the object's name. Until then the bytes are in .NAME.partial beside it. With -
    the bytes go to standard output; FIFOs and devices are written in order, too. There the exit code says at the end
    whether all of it is right.

    \b
      s3am-cloud download s3://bucket/genome.bam .
      s3am-cloud download s3://bucket/run42.tar - | tar -x
    """
    check_from_s3(source, destination)
    wanted = parse_s3(source)
    place = destination_of(wanted, destination)
    request = _request(wanted, file_exists, download_exists, part_size, download_slots, checksum_slots)
    if isinstance(place, Output):
        _check_output(place, file_exists, download_exists)
        console.leave_stdout()
    elif os.path.lexists(place) and file_exists != "overwrite":
        if file_exists is None:
            raise LocalFileExists(f"{place} exists")
        _skipped(place, console)
        return
    from s3am_cloud_cli.console.receipt_text import receipt_text
    from s3am_cloud_cli.options.settings import s3_access
    from s3am_cloud_client.inprocess.driver import local_ports, run_download

    access = s3_access(aws, keys.ring(), requester_pays, sign=not no_sign_request)
    ports = local_ports(access, patience=patience, tags=False, tell=console.detail)
    if isinstance(place, Output):
        from s3am_cloud_client.inprocess.stream_driver import run_stream

        receipt = run_stream(request, place, access, patience, ports, console)
    else:
        try:
            receipt = run_download(request, place, ports, console)
        except LocalFileExists:
            if file_exists != "skip":
                raise
            _skipped(place, console)
            return
    console.result(receipt, receipt_text(receipt))


def _request(
    source: S3Url,
    file_exists: str | None,
    download_exists: str | None,
    part_size: int | None,
    download_slots: int | None,
    checksum_slots: int | None,
) -> DownloadRequest:
    from s3am_cloud.transfer.download import DownloadRequest

    return DownloadRequest(
        source=source,
        connections=download_slots,
        overwrite=file_exists == "overwrite",
        resume=download_exists == "resume",
        discard=download_exists == "discard",
        part_size=part_size,
        checksum_slots=checksum_slots or os.cpu_count() or 1,
    )


def _check_output(output: Output, file_exists: str | None, download_exists: str | None) -> None:
    """Raises Usage for options that are about files, and where Python found standard output closed."""
    for option, value in (("--file-exists", file_exists), ("--download-exists", download_exists)):
        if value is not None:
            raise Usage(f"{option} applies to files, not to {output.name}", f"leave {option} out")
    # What Python found at its start: a closed one was opened on nothing since, to keep its number from other files.
    if output.descriptor == 1 and sys.__stdout__ is None:
        raise BadDestination("standard output is closed", "give a file, or redirect standard output")


def _skipped(path: Path, console: Console) -> None:
    shown = shown_path(path)
    console.result({"state": "skipped", "destination": shown}, f"{shown} exists, left as it is")
