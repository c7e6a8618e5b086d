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
    from s3am_cloud_cli.console.event_text import failed_text
    from s3am_cloud_cli.options.settings import aws_of
    from s3am_cloud_client import Client

    found = Client(stack, aws_of(aws)).failed_events()
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
    from s3am_cloud_cli.options.settings import aws_of
    from s3am_cloud_client import Client

    job = Client(stack, aws_of(aws)).replay(event)
    console.result(Submitted(job.id, job.execution_arn), job.id)
    console.note(f"Sent again. Follow it with: {command_line('watch', job.id)}")
