"""`s3am-cloud status`."""

from __future__ import annotations

import click

from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.transfer import AwsOptions


@click.command(short_help="Show a job's progress or result.")
@click.argument("job", metavar="JOB")
@transfer.stack
@transfer.aws
@transfer.output
@click.pass_obj
def status(
    console: Console,
    job: str,
    stack: str | None,
    aws: AwsOptions,
) -> None:
    """Show how far JOB is, or how it ended, and which job continued it.

    \b
      s3am-cloud status 20260102-030405-0a1b2c3d
      s3am-cloud status --json 20260102-030405-0a1b2c3d
    """
    from s3am_cloud_cli.console.receipt_text import status_text
    from s3am_cloud_cli.options.settings import s3_settings
    from s3am_cloud_client.remote.client import Remote
    from s3am_cloud_client.remote.status import status_of

    found = status_of(job, Remote(s3_settings(aws), stack))
    console.result(found, status_text(found))
