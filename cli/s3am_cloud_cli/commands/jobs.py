"""`s3am-cloud jobs`."""

from __future__ import annotations

import click

from s3am_cloud_cli import options
from s3am_cloud_cli.options import AwsOptions
from s3am_cloud_cli.output import Console


@click.command(short_help="List the jobs in the cloud, the newest first.")
@click.option("--most", type=click.IntRange(1), default=20, show_default=True, help="Show at most so many jobs.")
@options.stack
@options.aws
@options.output
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
    from s3am_cloud_cli.job_status import recent_jobs
    from s3am_cloud_cli.receipts import jobs_text
    from s3am_cloud_cli.remote_run import Remote
    from s3am_cloud_cli.settings import s3_settings

    found = recent_jobs(most, Remote(s3_settings(aws), stack))
    console.result({"jobs": found}, jobs_text(found))
