"""`s3am-cloud template`."""

from __future__ import annotations

from pathlib import Path

import click

from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.deployment.parameters import Wanted
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.deploy import stack_parameters
from s3am_cloud_cli.options.transfer import AwsOptions


@click.command(short_help="Write the stack as a CloudFormation template, to be deployed without the CDK.")
@click.option(
    "--to", "folder", metavar="S3_URL", required=True, help="Folder for it, s3://BUCKET/ or s3://BUCKET/FOLDER/."
)
@stack_parameters
@transfer.ingest
@transfer.stack
@transfer.aws
@transfer.output
@click.pass_obj
def template(
    console: Console,
    folder: str,
    wanted: Wanted,
    ingest: Path | None,
    stack: str | None,
    aws: AwsOptions,
) -> None:
    """Write a plain CloudFormation template and the functions' code to a bucket.

    Whoever deploys it needs no CDK, no Node.js and no bootstrap: the AWS console or `aws cloudformation create-stack`
    takes its URL. What the options say becomes the defaults of its parameters. The stack is for the bucket's region.

    \b
      s3am-cloud template --to s3://deployments/ --destination-bucket runs
    """
    from s3am_cloud_cli.deployment.synthesis import require_extra

    require_extra()
    from s3am_cloud.errors import BadDestination
    from s3am_cloud.ingest.file import read_ingest
    from s3am_cloud.ingest.rules import Ingest
    from s3am_cloud.names import DEFAULT_STACK
    from s3am_cloud.urls import parse_s3
    from s3am_cloud_cli.deployment.deploy import Content
    from s3am_cloud_cli.deployment.template import write_template, written_text
    from s3am_cloud_cli.options.settings import aws_of
    from s3am_cloud_infra.asset import AWS, Target

    place = parse_s3(folder, key_needed=False)
    if place.key and not place.key.endswith("/"):
        raise BadDestination(f"{folder} is not a folder", f"write it as {folder}/")
    content = Content(Target.here() if aws.local else AWS, Ingest() if ingest is None else read_ingest(ingest))
    done = write_template(aws_of(aws).settings(), place, stack or DEFAULT_STACK, content, wanted, console)
    console.result(done, written_text(done))
