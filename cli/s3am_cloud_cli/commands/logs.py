"""`s3am-cloud logs`."""

from __future__ import annotations

import click

from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.transfer import AwsOptions


@click.command(short_help="Show what the cloud's functions logged about a job.")
@click.argument("job", metavar="JOB")
@click.option(
    "--since", type=click.IntRange(1), metavar="MINUTES", help="Show only the last MINUTES; by default, the whole job."
)
@click.option("--follow", is_flag=True, help="Keep showing new lines until the job ends.")
@transfer.stack
@transfer.aws
@transfer.output
@click.pass_obj
def logs(
    console: Console,
    job: str,
    since: int | None,
    follow: bool,
    stack: str | None,
    aws: AwsOptions,
) -> None:
    """Show what the functions logged about JOB, by time: a line for each invocation. --json prints one JSON document a
    line. Ctrl-C stops following, not the job."""
    from s3am_cloud_cli.console.follow_logs import show_logs
    from s3am_cloud_cli.options.settings import aws_of
    from s3am_cloud_client import Client

    show_logs(Client(stack, aws_of(aws)).job(job), since, follow, console)
