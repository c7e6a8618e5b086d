"""`s3am-cloud jobs`."""

from __future__ import annotations

import click

from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.transfer import AwsOptions


@click.command(short_help="List the jobs in the cloud, the newest first.")
@click.option("--most", type=click.IntRange(1), default=20, show_default=True, metavar="N", help="Show at most N jobs.")
@transfer.stack
@transfer.aws
@transfer.output
@click.pass_obj
def jobs(
    console: Console,
    most: int,
    stack: str | None,
    aws: AwsOptions,
) -> None:
    """List the stack's jobs, the newest first: state, size, age, source and destination.

    Jobs are listed for 90 days. One with -r2 or -r3 at its end continued the one of the same name without it.
    """
    from s3am_cloud_cli.console.receipt_text import jobs_text
    from s3am_cloud_cli.options.settings import aws_of
    from s3am_cloud_client import Client

    found = Client(stack, aws_of(aws)).jobs(most)
    console.result({"jobs": found}, jobs_text(found))
