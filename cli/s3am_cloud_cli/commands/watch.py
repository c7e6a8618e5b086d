"""`s3am-cloud watch`."""

from __future__ import annotations

import click

from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.showing import showing
from s3am_cloud_cli.options.transfer import AwsOptions


@click.command(short_help="Follow a job in the cloud to its end.")
@click.argument("job", metavar="JOB")
@transfer.stack
@transfer.aws
@showing
@transfer.output
@click.pass_obj
def watch(
    console: Console,
    job: str,
    stack: str | None,
    aws: AwsOptions,
) -> None:
    """Follow JOB to its end and print its receipt; the exit code is the job's. Ctrl-C stops watching, not the job."""
    from s3am_cloud_cli.console.follow import watch_job
    from s3am_cloud_cli.options.settings import aws_of
    from s3am_cloud_client import Client

    watch_job(Client(stack, aws_of(aws)).job(job), console)
