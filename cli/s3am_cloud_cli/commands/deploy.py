"""`s3am-cloud deploy`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.deployment.parameters import Wanted
from s3am_cloud_cli.deployment.toolkit import Terms
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.deploy import stack_parameters
from s3am_cloud_cli.options.deploy import terms as terms_options
from s3am_cloud_cli.options.transfer import AwsOptions


@click.command(short_help="Deploy the stack to AWS, or update it.")
@stack_parameters
@terms_options
@click.option("--yes", is_flag=True, help="Deploy without asking.")
@transfer.ingest
@transfer.stack
@transfer.aws
@transfer.output
@click.pass_obj
def deploy(
    console: Console,
    wanted: Wanted,
    terms: Terms,
    yes: bool,
    ingest: Path | None,
    stack: str | None,
    aws: AwsOptions,
) -> None:
    """Deploy the stack through the AWS CDK, or update it; what would change is shown first.

    What is given takes the place of what was given before of its kind; kinds that aren't given stay as they are, at
    first buckets named s3am-* of this account and every public host. Routes and schedules are those of the file that
    is given, and none without one. An account that the CDK doesn't know yet is bootstrapped.

    \b
      s3am-cloud deploy --destination-bucket runs --destination-bucket 'archive-*'
    """
    from s3am_cloud_cli.deployment.synthesis import require_extra

    require_extra()
    from s3am_cloud.ingest.file import read_ingest
    from s3am_cloud.ingest.rules import Ingest
    from s3am_cloud.names import DEFAULT_STACK
    from s3am_cloud_cli.deployment.deploy import Content, deployment_text, open_site
    from s3am_cloud_cli.deployment.deploy import deploy as deploy_stack
    from s3am_cloud_cli.options.settings import aws_of
    from s3am_cloud_infra.asset import AWS, Target

    wanted.parameters("aws")  # a name that can't be one is refused before anything is built
    comes_in = Ingest() if ingest is None else read_ingest(ingest)
    settings = aws_of(aws).settings()
    # The embedded cloud's functions run on this machine and this Python: that is all that differs from AWS's code.
    target = Target.here() if aws.local else AWS
    site = open_site(settings, stack or DEFAULT_STACK, Content(target, comes_in), terms, console)
    done = deploy_stack(site, wanted, yes, console)
    if aws.local:
        from s3am_cloud_cli import local_cloud

        local_cloud.note_deployed(done.stack, done.outputs(), comes_in)
    bucket = next((name for name in done.destination_buckets if not set(name) & set("*?")), "BUCKET")
    console.result(done, deployment_text(done, _next_command(bucket, stack, aws)))


def _next_command(bucket: str, stack: str | None, aws: AwsOptions) -> str:
    words = ["s3am-cloud", "submit", "--wait"]
    chosen = {"--stack": stack, "--profile": aws.profile, "--region": aws.region, "--endpoint-url": aws.endpoint_url}
    words += [word for name, value in chosen.items() if value for word in (name, value)]
    words += ["--local"] if aws.local else []
    return f"{shlex.join(words)} URL s3://{bucket}/"
