"""`s3am-cloud status`."""

from __future__ import annotations

import click

from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.showing import json_lines
from s3am_cloud_cli.options.transfer import AwsOptions


@click.command(short_help="Show a job's progress or result.")
@click.argument("job", metavar="JOB")
@click.option(
    "--items",
    type=click.Choice(["all", "copied", "skipped", "failed", "not-reached"]),
    metavar="STATE",
    help="List the items of a dataset that ended so far: all, copied, skipped, failed or not-reached.",
)
@json_lines
@transfer.stack
@transfer.aws
@transfer.output
@click.pass_obj
def status(
    console: Console,
    job: str,
    items: str | None,
    stack: str | None,
    aws: AwsOptions,
) -> None:
    """Show how far JOB is, or how it ended, and which job continued it.

    \b
      s3am-cloud status 20260102-030405-0a1b2c3d
      s3am-cloud status --json 20260102-030405-0a1b2c3d
      s3am-cloud status --items failed 20260102-030405-0a1b2c3d
    """
    from s3am_cloud_cli.console.item_text import show_items
    from s3am_cloud_cli.console.receipt_text import status_text
    from s3am_cloud_cli.options.settings import aws_of
    from s3am_cloud_client import Client

    known = Client(stack, aws_of(aws)).job(job)
    if items is not None:
        show_items(known, items, console)
        return
    found = known.status()
    console.result(found, status_text(found))
