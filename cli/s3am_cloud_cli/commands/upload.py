"""`s3am-cloud upload`."""

from __future__ import annotations

from collections.abc import Sequence

import click

import s3am_cloud_client
from s3am_cloud.request import OnExisting
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import datasets as dataset_options
from s3am_cloud_cli.options import keys as key_options
from s3am_cloud_cli.options import logins as login_options
from s3am_cloud_cli.options import transfer as options
from s3am_cloud_cli.options.datasets import ItemCommand
from s3am_cloud_cli.options.directions import check_into_s3
from s3am_cloud_cli.options.keys import KeyOptions, SourceKeyOptions
from s3am_cloud_cli.options.logins import LoginOptions
from s3am_cloud_cli.options.showing import json_lines, showing
from s3am_cloud_cli.options.transfer import AwsOptions
from s3am_cloud_client import DatasetOptions, Patience, UploadOptions, exists_of_one


@click.command(cls=ItemCommand, short_help="Copy files, folders or URLs into S3 from this machine.")
@click.argument("sources", metavar="SRC...", nargs=-1)
@click.argument("destination", metavar="DST_URL")
@dataset_options.exists
@dataset_options.globs
@dataset_options.dataset
@dataset_options.dry_run
@options.transfer_alone(UploadOptions)
@key_options.keys
@key_options.source_keys
@options.netrc
@login_options.logins
@options.patience
@options.limit_rate
@options.record_stack
@options.requester_pays
@options.no_sign_request
@options.aws
@json_lines
@showing
@options.output
@click.pass_obj
def upload(
    console: Console,
    sources: tuple[str, ...],
    destination: str,
    exists: OnExisting | None,
    dataset: DatasetOptions,
    dry_run: bool,
    transfer: UploadOptions,
    keys: KeyOptions,
    source_keys: SourceKeyOptions,
    netrc: bool,
    logins: LoginOptions,
    patience: Patience,
    limit_rate: int | None,
    stack: str | None,
    requester_pays: bool,
    no_sign_request: bool,
    aws: AwsOptions,
) -> None:
    """Copy SRC into S3 as DST_URL, in parallel parts, each checked by S3 against what the source sent.

    SRC is a local path or a URL with file, http, https, ftp, ftpes, ftps, sftp or s3; - is standard input, which like
    any pipe is read in order and can't be resumed. DST_URL is s3://BUCKET/KEY; one that ends in / gets the source's
    file name.

    Several SRC, a folder, a prefix in S3 (both end in /), and the items of a --manifest are copied below DST_URL, each
    with an outcome of its own: a failed item stops no other, and running the same command again copies what is missing.

    \b
      s3am-cloud upload genome.bam s3://bucket/genomes/
      s3am-cloud upload --part-size 128MB https://host/run42.tar s3://bucket/run42.tar
      s3am-cloud upload runs/ --exclude '*.tmp' s3://bucket/runs/
      s3am-cloud upload --manifest urls.txt s3://bucket/archive/
    """
    options.exclusive(resume=transfer.resume, force=transfer.force)
    if not sources and dataset.manifest is None:
        raise click.UsageError(f"Missing argument '{'SRC...' if destination.startswith('s3://') else 'DST_URL'}'.")
    for source in sources:
        check_into_s3(source, destination)
    import msgspec

    from s3am_cloud_cli.options.settings import aws_of

    chosen = msgspec.structs.replace(
        transfer,
        keys=keys.ring(),
        source_keys=source_keys.ring(),
        netrc=netrc,
        logins=logins.logins(),
        requester_pays=requester_pays,
        no_sign_request=no_sign_request,
        aws=aws_of(aws),
        patience=patience,
        limit_rate=limit_rate,
        stack=stack,
    )
    run = _preview if dry_run else _upload
    run(console, sources, destination, msgspec.structs.replace(dataset, exists=exists), chosen)


def _preview(
    console: Console, sources: Sequence[str], destination: str, dataset: DatasetOptions, chosen: UploadOptions
) -> None:
    from s3am_cloud_cli.console.preview_text import show_preview

    planned = s3am_cloud_client.preview_many(sources, destination, options=chosen, dataset=dataset, observer=console)
    show_preview(planned, console)


def _upload(
    console: Console, sources: Sequence[str], destination: str, dataset: DatasetOptions, chosen: UploadOptions
) -> None:
    if s3am_cloud_client.is_one_item(sources, dataset):
        _upload_one(console, sources[0], destination, chosen, dataset)
        return
    from s3am_cloud_cli.console.many import update_item, upload_items

    if _is_update_of_one(sources, destination, dataset):
        update_item(console, sources[0], destination, dataset, chosen)
    else:
        upload_items(console, sources, destination, dataset, chosen)


def _is_update_of_one(sources: Sequence[str], destination: str, dataset: DatasetOptions) -> bool:
    import msgspec

    one = msgspec.structs.replace(dataset, exists=None)
    named = dataset.exists == "update" and not destination.endswith("/") and sources != ("-",)
    return named and s3am_cloud_client.is_one_item(sources, one)


def _upload_one(
    console: Console, source: str, destination: str, chosen: UploadOptions, dataset: DatasetOptions
) -> None:
    from s3am_cloud_cli.console.receipt_text import receipt_text

    receipt = s3am_cloud_client.upload(
        source, destination, exists=exists_of_one(dataset.exists), options=chosen, observer=console
    )
    console.done(receipt, receipt_text(receipt))
