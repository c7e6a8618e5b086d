"""`s3am-cloud receipt`."""

from __future__ import annotations

import click

from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import keys as key_options
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.keys import KeyOptions
from s3am_cloud_cli.options.transfer import AwsOptions
from s3am_cloud_client import ObjectOptions


@click.command(short_help="Show where an object came from, and how it was verified.")
@click.argument("source", metavar="S3_URL")
@key_options.keys
@transfer.requester_pays
@transfer.stack
@transfer.aws
@transfer.output
@click.pass_obj
def receipt(
    console: Console,
    source: str,
    keys: KeyOptions,
    requester_pays: bool,
    stack: str | None,
    aws: AwsOptions,
) -> None:
    """Show where the object S3_URL came from, and how it was verified.

    Its metadata say from which version of which source it was made, and by which job. How that ended is in the job's
    receipt, which a stack keeps for 30 days. Without it, the digests in the metadata are compared with S3's own
    checksums, and an object of up to 16 MiB is read for it. s3am-cloud verify --receipt reads a larger one, too.
    """
    import s3am_cloud_client
    from s3am_cloud_cli.console.receipt_text import provenance_text
    from s3am_cloud_cli.options.settings import aws_of

    options = ObjectOptions(keys=keys.ring(), requester_pays=requester_pays, stack=stack, aws=aws_of(aws))
    known = s3am_cloud_client.provenance(source, options=options, observer=console)
    console.result(known, provenance_text(known))
