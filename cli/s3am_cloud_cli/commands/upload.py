"""`s3am-cloud upload`."""

from __future__ import annotations

import click

import s3am_cloud_client
from s3am_cloud.request import Exists
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import keys as key_options
from s3am_cloud_cli.options import transfer as options
from s3am_cloud_cli.options.directions import check_into_s3
from s3am_cloud_cli.options.keys import KeyOptions, SourceKeyOptions
from s3am_cloud_cli.options.transfer import AwsOptions
from s3am_cloud_client import Patience, UploadOptions


@click.command(short_help="Copy a file or a URL into S3 from this machine.")
@click.argument("source", metavar="SRC_URL")
@click.argument("destination", metavar="DST_URL")
@options.transfer(UploadOptions)
@key_options.keys
@key_options.source_keys
@options.netrc
@options.patience
@options.record_stack
@options.requester_pays
@options.no_sign_request
@options.aws
@options.output
@click.pass_obj
def upload(
    console: Console,
    source: str,
    destination: str,
    exists: Exists | None,
    transfer: UploadOptions,
    keys: KeyOptions,
    source_keys: SourceKeyOptions,
    netrc: bool,
    patience: Patience,
    stack: str | None,
    requester_pays: bool,
    no_sign_request: bool,
    aws: AwsOptions,
) -> None:
    """Copy SRC_URL into S3 as DST_URL, in parallel parts, each checked by S3 against what the source sent.

    SRC_URL is a local path or a URL with file, http, https, ftp, ftpes, ftps, sftp or s3. DST_URL is
    s3://BUCKET/KEY; one that ends in / gets the source's file name.

    \b
      s3am-cloud upload genome.bam s3://bucket/genomes/
      s3am-cloud upload --part-size 128MB https://host/run42.tar s3://bucket/run42.tar
    """
    check_into_s3(source, destination)
    options.exclusive(resume=transfer.resume, force=transfer.force)
    import msgspec

    from s3am_cloud_cli.console.receipt_text import receipt_text
    from s3am_cloud_cli.options.settings import aws_of

    chosen = msgspec.structs.replace(
        transfer,
        keys=keys.ring(),
        source_keys=source_keys.ring(),
        netrc=netrc,
        requester_pays=requester_pays,
        no_sign_request=no_sign_request,
        aws=aws_of(aws),
        patience=patience,
        stack=stack,
    )
    receipt = s3am_cloud_client.upload(source, destination, exists=exists, options=chosen, observer=console)
    console.result(receipt, receipt_text(receipt))
