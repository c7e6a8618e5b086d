"""`s3am-cloud download`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

import s3am_cloud_client
from s3am_cloud.errors import BadDestination, Usage
from s3am_cloud.request import OnExisting
from s3am_cloud.urls import parse_s3
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import cost, transfer
from s3am_cloud_cli.options import datasets as dataset_options
from s3am_cloud_cli.options import keys as key_options
from s3am_cloud_cli.options.datasets import ItemCommand
from s3am_cloud_cli.options.directions import check_folder, check_from_s3
from s3am_cloud_cli.options.keys import KeyOptions
from s3am_cloud_cli.options.showing import json_lines, showing
from s3am_cloud_cli.options.transfer import AwsOptions
from s3am_cloud_client import DatasetOptions, DownloadOptions, Output, Patience, destination_of, exists_of_one

_own = transfer.as_value(
    "own",
    DownloadOptions,
    click.option(
        "--download-exists",
        "partial",
        type=click.Choice(["resume", "discard"]),
        help="What to do with an unfinished earlier download. Of several items, it is resumed.",
    ),
    transfer.part_size,
    transfer.download_slots,
    click.option(
        "--checksum-slots",
        type=click.IntRange(1),
        metavar="N",
        help="Parts of an earlier download whose checksums are compared at once; as many as there are cores.",
    ),
    cost.max_download_cost,
)


@click.command(cls=ItemCommand, short_help="Copy objects from S3 into local files, or one to standard output.")
@click.argument("sources", metavar="S3_URL...", nargs=-1)
@click.argument("destination", metavar="DST")
@click.option("--file-exists", type=click.Choice(["overwrite", "skip"]), help="The same as --exists.")
@dataset_options.file_exists
@dataset_options.globs
@dataset_options.dataset
@dataset_options.dry_run
@_own
@key_options.keys
@transfer.patience
@transfer.limit_rate
@transfer.requester_pays
@transfer.no_sign_request
@transfer.aws
@json_lines
@showing
@transfer.output
@click.pass_obj
def download(
    console: Console,
    sources: tuple[str, ...],
    destination: str,
    file_exists: OnExisting | None,
    exists: OnExisting | None,
    dataset: DatasetOptions,
    dry_run: bool,
    own: DownloadOptions,
    keys: KeyOptions,
    patience: Patience,
    limit_rate: int | None,
    requester_pays: bool,
    no_sign_request: bool,
    aws: AwsOptions,
) -> None:
    """Copy S3_URL into the file DST, which appears only when it is whole and agrees with the object's checksum.

    DST may be a folder: the file gets the object's name. Until then the bytes are in .NAME.partial beside it. With -
    the bytes go to standard output; FIFOs and devices are written in order, too. There the exit code says at the end
    whether all of it is right.

    Several S3_URL, a prefix (which ends in /), and the items of a --manifest are copied below the folder DST, each with
    an outcome of its own: a failed item stops no other, and running the same command again copies what is missing.

    \b
      s3am-cloud download s3://bucket/genome.bam .
      s3am-cloud download s3://bucket/run42.tar - | tar -x
      s3am-cloud download s3://bucket/runs/ --include '*.bam' runs
    """
    transfer.exclusive(file_exists=file_exists, exists=exists)
    if not sources and dataset.manifest is None:
        raise click.UsageError(f"Missing argument '{'DST' if destination.startswith('s3://') else 'S3_URL...'}'.")
    import msgspec

    from s3am_cloud_cli.options.settings import aws_of

    chosen = msgspec.structs.replace(
        own,
        keys=keys.ring(),
        requester_pays=requester_pays,
        no_sign_request=no_sign_request,
        aws=aws_of(aws),
        patience=patience,
        limit_rate=limit_rate,
    )
    dataset = msgspec.structs.replace(dataset, exists=exists or file_exists)
    if dry_run:
        _preview(console, sources, destination, dataset, chosen)
        return
    if s3am_cloud_client.is_one_object(sources, dataset):
        _download_one(console, sources[0], destination, chosen, dataset.exists)
        return
    _check_many(sources, destination)
    from s3am_cloud_cli.console.many import download_items

    download_items(console, sources, destination, dataset, chosen)


def _check_many(sources: Sequence[str], destination: str) -> None:
    for source in sources:
        check_from_s3(source, destination)
    check_folder(destination, may_be_new=len(sources) != 1 or sources[0].endswith("/"))


def _preview(
    console: Console, sources: Sequence[str], destination: str, dataset: DatasetOptions, chosen: DownloadOptions
) -> None:
    from s3am_cloud_cli.console.preview_text import show_preview

    if s3am_cloud_client.is_one_object(sources, dataset):
        check_from_s3(sources[0], destination)
    else:
        _check_many(sources, destination)
    planned = s3am_cloud_client.preview_downloads(sources, destination, options=chosen, dataset=dataset)
    show_preview(planned, console)


def _download_one(
    console: Console, source: str, destination: str, chosen: DownloadOptions, exists: OnExisting | None
) -> None:
    check_from_s3(source, destination)
    place = destination_of(parse_s3(source), destination)
    if isinstance(place, Output):
        _check_output(place, exists, chosen.partial)
        console.leave_stdout()
    from s3am_cloud_cli.console.receipt_text import receipt_text

    receipt = s3am_cloud_client.download(
        source, destination, exists=exists_of_one(exists), options=chosen, observer=console
    )
    if receipt.state == "skipped":
        shown = receipt.destination
        console.done({"state": receipt.state, "destination": shown}, f"{shown} exists, left as it is")
    else:
        console.done(receipt, receipt_text(receipt))


def _check_output(output: Output, file_exists: str | None, download_exists: str | None) -> None:
    """Raises Usage for options that are about files, and where Python found standard output closed."""
    for option, value in (("--exists", file_exists), ("--download-exists", download_exists)):
        if value is not None:
            raise Usage(f"{option} applies to files, not to {output.name}", f"leave {option} out")
    # What Python found at its start: a closed one was opened on nothing since, to keep its number from other files.
    if output.descriptor == 1 and sys.__stdout__ is None:
        raise BadDestination("standard output is closed", "give a file, or redirect standard output")
