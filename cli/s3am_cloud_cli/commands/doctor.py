"""`s3am-cloud doctor`."""

from __future__ import annotations

import click

from s3am_cloud.errors import Interrupted, ProblemsFound
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.cost import Dollars
from s3am_cloud_cli.options.transfer import AwsOptions


@click.command(short_help="Check credentials, region, stack, buckets and sources, and say how to fix what is wrong.")
@click.argument("urls", metavar="[S3_URL|SRC_URL]...", nargs=-1)
@click.option(
    "--write-test",
    is_flag=True,
    help="Begin an upload in each bucket, send one part of a few bytes, and discard both: no object comes of it.",
)
@click.option(
    "--full",
    is_flag=True,
    help="Check what the documentation claims, once, on your account: deploy a stack of its own, transfer objects "
    "through buckets of all kinds, print a verdict for each claim, and remove everything, on Ctrl-C too. Asks first.",
)
@click.option(
    "--max-cost",
    type=Dollars(),
    metavar="DOLLARS",
    help="With --full: refuse a run that would cost more. Default: $1.",
)
@click.option(
    "--on-stack", metavar="NAME", help="With --full: check on this stack instead of deploying one for the run."
)
@click.option("--yes", is_flag=True, help="With --full: do not ask.")
@transfer.stack
@transfer.aws
@transfer.output
@click.pass_obj
def doctor(
    console: Console,
    urls: tuple[str, ...],
    write_test: bool,
    full: bool,
    max_cost: float | None,
    on_stack: str | None,
    yes: bool,
    stack: str | None,
    aws: AwsOptions,
) -> None:
    """Check what transfers need: credentials, clock, region, stack, Lambda quota, and the buckets and sources given.

    Each finding is ok, a warning, a problem, or unknown because it could not be checked, with the one command or right
    that fixes it. Nothing is written without --write-test. The exit code is 25 if there is a problem, else 0.

    \b
      s3am-cloud doctor
      s3am-cloud doctor s3://bucket/runs/ https://host/run42.tar
      s3am-cloud doctor --write-test s3://bucket/
      s3am-cloud doctor --full
    """
    if full:
        if urls or write_test:
            raise click.UsageError("--full takes no URLs and no --write-test: it makes buckets of its own")
        _full(console, max_cost, on_stack, yes, aws)
        return
    if max_cost is not None or on_stack is not None or yes:
        raise click.UsageError("--max-cost, --on-stack and --yes are for --full")
    from s3am_cloud_cli.console.diagnosis_text import diagnosis_text
    from s3am_cloud_cli.options.settings import aws_of
    from s3am_cloud_client import diagnose

    found = diagnose(*urls, stack=stack, aws=aws_of(aws), write_test=write_test, observer=console)
    console.result(found, diagnosis_text(found))
    if found.problems:
        several = "s" if found.problems != 1 else ""
        raise console.reported(ProblemsFound(f"{found.problems} problem{several} found"))


def _full(console: Console, max_cost: float | None, on_stack: str | None, yes: bool, aws: AwsOptions) -> None:
    from s3am_cloud_cli.aws_check.run import MOST_DOLLARS, CheckOptions, check_aws
    from s3am_cloud_cli.aws_check.verdicts import checked_text
    from s3am_cloud_cli.deployment.synthesis import require_extra
    from s3am_cloud_cli.options.settings import aws_of

    if on_stack is None:
        require_extra()
    options = CheckOptions(max_cost=max_cost or MOST_DOLLARS, yes=yes, on_stack=on_stack)
    checked = check_aws(options, aws_of(aws), console)
    console.result(checked, checked_text(checked))
    if checked.interrupted:
        raise console.reported(Interrupted("interrupted", "run the command again to check everything"))
    if checked.failures or checked.left:
        raise console.reported(ProblemsFound(f"{checked.failures} claims fail, {len(checked.left)} resources are left"))
