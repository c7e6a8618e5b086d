"""`s3am-cloud events`: those that were refused."""

from __future__ import annotations

import click

from s3am_cloud.command_lines import command_line
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.transfer import AwsOptions


@click.group(short_help="List the events that made no job, and send one again.")
def events() -> None:
    """Events that made no job: refused ones, and those that EventBridge could not deliver."""


@events.command()
@transfer.stack
@transfer.aws
@transfer.output
@click.pass_obj
def failed(console: Console, stack: str | None, aws: AwsOptions) -> None:
    """List them with the reasons, the oldest first. The stack keeps them for 14 days."""
    from s3am_cloud_cli.options.settings import s3_settings
    from s3am_cloud_client.remote.client import Remote
    from s3am_cloud_client.remote.dead_letters import DeadLetters, failed_text

    remote = Remote(s3_settings(aws), stack)
    found = DeadLetters(remote.access, remote).failed()
    console.result(found, failed_text(found))


@events.command()
@click.argument("event", metavar="ID")
@transfer.stack
@transfer.aws
@transfer.output
@click.pass_obj
def replay(console: Console, event: str, stack: str | None, aws: AwsOptions) -> None:
    """Send the event ID of the list again, and take it off the list; the job's id is printed."""
    from s3am_cloud_cli.console.follow import Submitted
    from s3am_cloud_cli.options.settings import s3_settings
    from s3am_cloud_client.remote.client import Remote
    from s3am_cloud_client.remote.dead_letters import DeadLetters

    remote = Remote(s3_settings(aws), stack)
    started = DeadLetters(remote.access, remote).replay(event)
    job = started.job or started.name
    console.result(Submitted(job, started.arn), job)
    console.note(f"Sent again. Follow it with: {command_line('watch', job)}")
