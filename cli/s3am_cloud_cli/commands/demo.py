"""`s3am-cloud demo`."""

from __future__ import annotations

import click

from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import transfer


@click.command(short_help="See a transfer from end to end on the embedded cloud.")
@transfer.output
@click.pass_obj
def demo(console: Console) -> None:
    """Start the embedded cloud, serve sample files over HTTP, copy them into S3 by the state machine, and verify them.

    Needs no AWS account. Everything is on this machine and is cleaned up at the end, and on Ctrl-C too.
    """
    from s3am_cloud_cli.demo.demo import run_demo

    run_demo(console)
