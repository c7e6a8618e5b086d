"""`s3am-cloud download`."""

from __future__ import annotations

import sys
from typing import Literal

import click

import s3am_cloud_client
from s3am_cloud.errors import BadDestination, Usage
from s3am_cloud.request import Exists
from s3am_cloud.urls import parse_s3
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import cost, transfer
from s3am_cloud_cli.options import keys as key_options
from s3am_cloud_cli.options.directions import check_from_s3
from s3am_cloud_cli.options.keys import KeyOptions
from s3am_cloud_cli.options.transfer import AwsOptions
from s3am_cloud_client import DownloadOptions, Output, Patience, destination_of


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
@cost.max_download_cost
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
    file_exists: Exists | None,
    download_exists: Literal["resume", "discard"] | None,
    part_size: int | None,
    download_slots: int | None,
    checksum_slots: int | None,
    max_cost: float | None,
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
    place = destination_of(parse_s3(source), destination)
    if isinstance(place, Output):
        _check_output(place, file_exists, download_exists)
        console.leave_stdout()
    from s3am_cloud_cli.console.receipt_text import receipt_text
    from s3am_cloud_cli.options.settings import aws_of

    chosen = DownloadOptions(
        partial=download_exists,
        part_size=part_size,
        download_slots=download_slots,
        checksum_slots=checksum_slots,
        max_cost=max_cost,
        keys=keys.ring(),
        requester_pays=requester_pays,
        no_sign_request=no_sign_request,
        aws=aws_of(aws),
        patience=patience,
    )
    receipt = s3am_cloud_client.download(source, destination, exists=file_exists, options=chosen, observer=console)
    if receipt.state == "skipped":
        shown = receipt.destination
        console.result({"state": receipt.state, "destination": shown}, f"{shown} exists, left as it is")
    else:
        console.result(receipt, receipt_text(receipt))


def _check_output(output: Output, file_exists: str | None, download_exists: str | None) -> None:
    """Raises Usage for options that are about files, and where Python found standard output closed."""
    for option, value in (("--file-exists", file_exists), ("--download-exists", download_exists)):
        if value is not None:
            raise Usage(f"{option} applies to files, not to {output.name}", f"leave {option} out")
    # What Python found at its start: a closed one was opened on nothing since, to keep its number from other files.
    if output.descriptor == 1 and sys.__stdout__ is None:
        raise BadDestination("standard output is closed", "give a file, or redirect standard output")
