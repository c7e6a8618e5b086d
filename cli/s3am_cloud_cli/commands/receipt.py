"""`s3am-cloud receipt`."""

from __future__ import annotations

import click

from s3am_cloud.urls import parse_s3
from s3am_cloud_cli import key_options, options
from s3am_cloud_cli.key_options import KeyOptions
from s3am_cloud_cli.options import AwsOptions
from s3am_cloud_cli.output import Console


@click.command(short_help="Show where an object came from, and how it was verified.")
@click.argument("source", metavar="S3_URL")
@key_options.keys
@options.requester_pays
@options.stack
@options.aws
@options.output
@click.pass_obj
def receipt(
    console: Console,
    source: str,
    keys: KeyOptions,
    requester_pays: bool,
    stack: str | None,
    aws: AwsOptions,
) -> None:
    """Show where the object S3_URL came from, and how it was verified.

    Its metadata say from which version of which source it was made, and by which job. How that ended is in the job's
    receipt, which a stack keeps for 30 days. s3am-cloud verify --receipt reads the object again and compares it.
    """
    from s3am_cloud.adapters.clock import SystemClock
    from s3am_cloud.adapters.s3.store import S3Store
    from s3am_cloud.origins import origin_of, pinned
    from s3am_cloud_cli.receipts import origin_text
    from s3am_cloud_cli.records import reports
    from s3am_cloud_cli.settings import s3_access

    access = s3_access(aws, keys.ring(), requester_pays)
    target = parse_s3(source)
    known = origin_of(target, pinned(target, S3Store(access, SystemClock())), reports(access, stack, console))
    console.result(known, origin_text(known))
