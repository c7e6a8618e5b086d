"""`s3am-cloud logs`."""

from __future__ import annotations

import click

from s3am_cloud_cli import options
from s3am_cloud_cli.options import AwsOptions
from s3am_cloud_cli.output import Console


@click.command(short_help="Show what the cloud's functions logged about a job.")
@click.argument("job", metavar="JOB")
@click.option(
    "--since", type=click.IntRange(1), metavar="MINUTES", help="Show only the last MINUTES; by default, the whole job."
)
@click.option("--follow", is_flag=True, help="Keep showing new lines until the job ends.")
@options.stack
@options.aws
@options.output
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
    from s3am_cloud_cli.follow_logs import show_logs
    from s3am_cloud_cli.remote_run import Remote
    from s3am_cloud_cli.settings import s3_access

    access = s3_access(aws)
    show_logs(job, Remote(access.settings, stack), access, since, follow, console)
