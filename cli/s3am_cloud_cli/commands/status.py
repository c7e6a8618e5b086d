"""`s3am-cloud status`."""

from __future__ import annotations

import click

from s3am_cloud_cli import options
from s3am_cloud_cli.options import AwsOptions
from s3am_cloud_cli.output import Console


@click.command(short_help="Show a job's progress or result.")
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
    """Show how far JOB is, or how it ended, and which job continued it.

    \b
      s3am-cloud status 20260102-030405-0a1b2c3d
      s3am-cloud status --json 20260102-030405-0a1b2c3d
    """
    from s3am_cloud_cli.job_status import status_of
    from s3am_cloud_cli.receipts import status_text
    from s3am_cloud_cli.remote_run import Remote
    from s3am_cloud_cli.settings import s3_settings

    found = status_of(job, Remote(s3_settings(aws), stack))
    console.result(found, status_text(found))
