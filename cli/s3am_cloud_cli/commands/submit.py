"""`s3am-cloud submit`."""

from __future__ import annotations

import click

from s3am_cloud_cli import options
from s3am_cloud_cli.options import AwsOptions, TransferOptions
from s3am_cloud_cli.output import Console


@click.command(short_help="Move a URL into S3 in the cloud; this machine can be switched off.")
@click.argument("source", metavar="SRC_URL")
@click.argument("destination", metavar="DST_URL")
@click.option("--wait", is_flag=True, help="Follow the job to its end; the exit code is then the job's.")
@options.transfer
@options.stack
@options.aws
@options.output
@click.pass_obj
def submit(
    console: Console,
    source: str,
    destination: str,
    wait: bool,
    transfer: TransferOptions,
    stack: str | None,
    aws: AwsOptions,
) -> None:
    """Have the stack move SRC_URL into S3 as DST_URL, and print the job's id.

    Nothing passes through this machine: once the id is printed it can be switched off. s3am-cloud watch JOB follows
    the job from anywhere.

    \b
      s3am-cloud submit --wait https://host/run42.tar s3://bucket/runs/
    """
    request = transfer.request(source, destination)
    from s3am_cloud_cli.follow import submit_job
    from s3am_cloud_cli.remote_run import Remote
    from s3am_cloud_cli.settings import s3_settings

    submit_job(request, Remote(s3_settings(aws), stack), wait, console)
