"""`s3am-cloud schema`."""

from __future__ import annotations

import click

from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options.transfer import output


@click.command(short_help="Print the JSON Schema of requests, or of outcome events.")
@click.argument("which", metavar="[request|outcome]", type=click.Choice(["request", "outcome"]), default="request")
@output
@click.pass_obj
def schema(console: Console, which: str) -> None:
    """Print the JSON Schema of what submit --request and Transfer Requested events take.

    With outcome, that of the detail of the events that report how a job ended, with examples.
    """
    from s3am_cloud import schemas

    text = schemas.published(which)
    console.result(schemas.document(which), text.splitlines())
