"""`s3am-cloud watch`."""

from __future__ import annotations

import click

from s3am_cloud_cli import options
from s3am_cloud_cli.options import AwsOptions
from s3am_cloud_cli.output import Console


@click.command(short_help="Follow a job in the cloud to its end.")
@click.argument("job", metavar="JOB")
@options.stack
@options.aws
@options.output
@click.pass_obj
def watch(
    console: Console,
    job: str,
    stack: str | None,
    aws: AwsOptions,
) -> None:
    """Follow JOB to its end and print its receipt; the exit code is the job's. Ctrl-C stops watching, not the job."""
    from s3am_cloud_cli.follow import watch_job
    from s3am_cloud_cli.remote_run import Remote
    from s3am_cloud_cli.settings import s3_settings

    watch_job(job, Remote(s3_settings(aws), stack), console)
