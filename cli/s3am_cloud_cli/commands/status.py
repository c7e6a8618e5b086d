"""`s3am-cloud status`."""

from __future__ import annotations

import click

from s3am_cloud_cli import options
from s3am_cloud_cli.options import AwsOptions
from s3am_cloud_cli.output import Console


@click.command(short_help="Show how a job in the cloud fares.")
@click.argument("job", metavar="JOB")
@options.stack
@options.aws
@options.output
@click.pass_obj
def status(
    console: Console,
    job: str,
    stack: str | None,
    aws: AwsOptions,
) -> None:
    """Show how JOB fares at this moment."""
    from s3am_cloud_cli.receipts import status_text
    from s3am_cloud_cli.remote_run import Remote
    from s3am_cloud_cli.settings import s3_settings

    found = Remote(s3_settings(aws), stack).status(job)
    console.result(found, status_text(found))
