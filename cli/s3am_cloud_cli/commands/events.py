"""`s3am-cloud events`: those that were refused."""

from __future__ import annotations

import click

from s3am_cloud.command_lines import command_line
from s3am_cloud_cli import options
from s3am_cloud_cli.options import AwsOptions
from s3am_cloud_cli.output import Console


@click.group(short_help="List the events that made no job, and send one again.")
def events() -> None:
    """Events that made no job: refused ones, and those that EventBridge could not deliver."""


@events.command()
@options.stack
@options.aws
@options.output
@click.pass_obj
def failed(console: Console, stack: str | None, aws: AwsOptions) -> None:
    """List them with the reasons, the oldest first. The stack keeps them for 14 days."""
    from s3am_cloud_cli.dead_letters import DeadLetters, failed_text
    from s3am_cloud_cli.remote_run import Remote
    from s3am_cloud_cli.settings import s3_settings

    remote = Remote(s3_settings(aws), stack)
    found = DeadLetters(remote.access, remote).failed()
    console.result(found, failed_text(found))


@events.command()
@click.argument("event", metavar="ID")
@options.stack
@options.aws
@options.output
@click.pass_obj
def replay(console: Console, event: str, stack: str | None, aws: AwsOptions) -> None:
    """Send the event ID of the list again, and take it off the list; the job's id is printed."""
    from s3am_cloud_cli.dead_letters import DeadLetters
    from s3am_cloud_cli.follow import Submitted
    from s3am_cloud_cli.remote_run import Remote
    from s3am_cloud_cli.settings import s3_settings

    remote = Remote(s3_settings(aws), stack)
    started = DeadLetters(remote.access, remote).replay(event)
    job = started.job or started.name
    console.result(Submitted(job, started.arn), job)
    console.note(f"Sent again. Follow it with: {command_line('watch', job)}")
