"""`s3am-cloud resume`."""

from __future__ import annotations

import click

from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.showing import showing
from s3am_cloud_cli.options.transfer import AwsOptions


@click.command(short_help="Continue a job that failed, from any machine.")
@click.argument("job", metavar="JOB")
@click.option("--source", metavar="URL", help="Another URL of the same source, where a signed one has expired.")
@click.option("--wait", is_flag=True, help="Follow the job to its end; the exit code is then the job's.")
@transfer.stack
@transfer.aws
@showing
@transfer.output
@click.pass_obj
def resume(
    console: Console,
    job: str,
    source: str | None,
    wait: bool,
    stack: str | None,
    aws: AwsOptions,
) -> None:
    """Transfer what JOB left undone: a new job on the same upload, with the options of the old one.

    Only JOB's id is needed, so it need not be the machine that submitted it. The source must still be the version that
    the parts there are of, else this ends with exit code 20. The new job has the old one's id with -r2 at its end (then
    -r3, and so on); any of these ids names the whole row here. A job that runs is joined, one that has succeeded is
    said to have.

    \b
      s3am-cloud resume --wait 20260102-030405-0a1b2c3d
      s3am-cloud resume --source "$FRESHLY_SIGNED_URL" 20260102-030405-0a1b2c3d
    """
    from s3am_cloud_cli.console.follow import resume_job
    from s3am_cloud_cli.options.settings import aws_of
    from s3am_cloud_client import Client

    resume_job(Client(stack, aws_of(aws)).job(job), source, wait, console)
