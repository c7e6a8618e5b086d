"""`s3am-cloud cancel`."""

from __future__ import annotations

import click

import s3am_cloud_client
from s3am_cloud.urls import parse_s3_target
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.transfer import AwsOptions
from s3am_cloud_client import ObjectOptions


@click.command(short_help="Stop a job, or discard the unfinished uploads of an object.")
@click.argument("target", metavar="JOB|S3_URL")
@click.option("--prefix", is_flag=True, help="Discard those of all objects whose URL begins with S3_URL.")
@transfer.record_stack
@transfer.requester_pays
@transfer.aws
@transfer.output
@click.pass_obj
def cancel(
    console: Console, target: str, prefix: bool, stack: str | None, requester_pays: bool, aws: AwsOptions
) -> None:
    """Stop JOB in the cloud and discard what it has moved, or discard the unfinished uploads of the object S3_URL.

    A job that has failed can be cancelled as well, as its upload stays for a resume otherwise; one that has succeeded
    is left alone. Where there is nothing to stop or to discard, nothing is done.

    \b
      s3am-cloud cancel 20260102-030405-0a1b2c3d
      s3am-cloud cancel s3://bucket/genome.bam
      s3am-cloud cancel --prefix s3://bucket/runs/
    """
    if not {"/", ":"} & set(target):  # no id of a job has any
        if prefix:
            raise click.UsageError("--prefix needs an S3 URL")
        _cancel_job(target, stack, aws, console)
        return
    from s3am_cloud_cli.options.settings import aws_of

    url = parse_s3_target(target, key_needed=False)
    options = ObjectOptions(requester_pays=requester_pays, stack=stack, aws=aws_of(aws))
    count = s3am_cloud_client.cancel_uploads(target, prefix=prefix, options=options, observer=console)
    where = f"{url}..." if prefix else str(url)
    console.result({"destination": str(url), "cancelled": count}, f"{count} unfinished uploads of {where} discarded")


def _cancel_job(job: str, stack: str | None, aws: AwsOptions, console: Console) -> None:
    from s3am_cloud_cli.console.receipt_text import cancelled_text
    from s3am_cloud_cli.options.settings import aws_of
    from s3am_cloud_client import Client

    found = Client(stack, aws_of(aws)).job(job).cancel()
    console.result(found, cancelled_text(found))
