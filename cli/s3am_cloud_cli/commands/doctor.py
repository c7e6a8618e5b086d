"""`s3am-cloud doctor`."""

from __future__ import annotations

import click

from s3am_cloud.errors import ProblemsFound
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.transfer import AwsOptions


@click.command(short_help="Check credentials, region, stack, buckets and sources, and say how to fix what is wrong.")
@click.argument("urls", metavar="[S3_URL|SRC_URL]...", nargs=-1)
@click.option(
    "--write-test",
    is_flag=True,
    help="Begin an upload in each bucket, send one part of a few bytes, and discard both: no object comes of it.",
)
@transfer.stack
@transfer.aws
@transfer.output
@click.pass_obj
def doctor(console: Console, urls: tuple[str, ...], write_test: bool, stack: str | None, aws: AwsOptions) -> None:
    """Check what transfers need: credentials, clock, region, stack, Lambda quota, and the buckets and sources given.

    Each finding is ok, a warning, a problem, or unknown because it could not be checked, with the one command or right
    that fixes it. Nothing is written without --write-test. The exit code is 25 if there is a problem, else 0.

    \b
      s3am-cloud doctor
      s3am-cloud doctor s3://bucket/runs/ https://host/run42.tar
      s3am-cloud doctor --write-test s3://bucket/
    """
    from s3am_cloud_cli.console.diagnosis_text import diagnosis_text
    from s3am_cloud_cli.options.settings import aws_of
    from s3am_cloud_client import diagnose

    found = diagnose(*urls, stack=stack, aws=aws_of(aws), write_test=write_test, observer=console)
    console.result(found, diagnosis_text(found))
    if found.problems:
        several = "s" if found.problems != 1 else ""
        raise console.reported(ProblemsFound(f"{found.problems} problem{several} found"))
