"""`s3am-cloud ls`."""

from __future__ import annotations

import click

from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.showing import json_lines
from s3am_cloud_cli.options.transfer import AwsOptions
from s3am_cloud_client import ObjectOptions


@click.command(short_help="List objects, or unfinished uploads with their age and cost.")
@click.argument("prefix", metavar="S3_URL")
@click.option(
    "--unfinished", is_flag=True, help="List unfinished uploads: the size of their parts, age and monthly cost."
)
@transfer.requester_pays
@transfer.no_sign_request
@transfer.aws
@json_lines
@transfer.output
@click.pass_obj
def ls(
    console: Console,
    prefix: str,
    unfinished: bool,
    requester_pays: bool,
    no_sign_request: bool,
    aws: AwsOptions,
) -> None:
    """List all objects whose URL begins with S3_URL: when each was modified (UTC), its size and its URL.

    With --unfinished, list the uploads that nobody has completed or discarded. Their parts cost storage until
    s3am-cloud cancel discards them; the cost of a month is by the list prices of us-east-1.

    \b
      s3am-cloud ls s3://bucket/runs/
      s3am-cloud ls --unfinished s3://bucket/
    """
    import s3am_cloud_client
    from s3am_cloud_cli.console.listing_text import show_objects, show_uploads
    from s3am_cloud_cli.options.settings import aws_of

    options = ObjectOptions(requester_pays=requester_pays, no_sign_request=no_sign_request, aws=aws_of(aws))
    console.advise("run the command again")
    if unfinished:
        show_uploads(s3am_cloud_client.list_uploads(prefix, options=options), console)
    else:
        show_objects(s3am_cloud_client.list_objects(prefix, options=options), console)
