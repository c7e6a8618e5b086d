"""`s3am-cloud submit`."""

from __future__ import annotations

import click

from s3am_cloud.request import Exists
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import cost
from s3am_cloud_cli.options import keys as key_options
from s3am_cloud_cli.options import logins as login_options
from s3am_cloud_cli.options import transfer as options
from s3am_cloud_cli.options.directions import check_into_cloud
from s3am_cloud_cli.options.keys import KeyOptions, SourceKeyOptions
from s3am_cloud_cli.options.logins import LoginOptions
from s3am_cloud_cli.options.transfer import AwsOptions
from s3am_cloud_client import SideKeys, SubmitOptions


@click.command(short_help="Copy a URL into S3 in the cloud; this machine can be switched off.")
@click.argument("source", metavar="SRC_URL", required=False)
@click.argument("destination", metavar="DST_URL", required=False)
@click.option(
    "--request", metavar="FILE", help="File with the whole request as JSON (see s3am-cloud schema); - for stdin."
)
@click.option("--wait", is_flag=True, help="Follow the job to its end; the exit code is then the job's.")
@options.keep
@cost.max_cost
@options.transfer(SubmitOptions)
@key_options.keys
@key_options.source_keys
@options.secret
@options.netrc
@login_options.logins
@options.no_limit_rate
@options.requester_pays
@options.no_sign_request
@options.stack
@options.aws
@options.output
@click.pass_context
def submit(
    context: click.Context,
    source: str | None,
    destination: str | None,
    request: str | None,
    wait: bool,
    keep: int | None,
    max_cost: float | None,
    exists: Exists | None,
    transfer: SubmitOptions,
    keys: KeyOptions,
    source_keys: SourceKeyOptions,
    secret: str | None,
    netrc: bool,
    logins: LoginOptions,
    requester_pays: bool,
    no_sign_request: bool,
    stack: str | None,
    aws: AwsOptions,
) -> None:
    """Have the stack copy SRC_URL into S3 as DST_URL, and print the job's id.

    Nothing passes through this machine: once the id is printed it can be switched off. s3am-cloud watch JOB follows
    the job from anywhere. Keys, passwords and signed URLs are encrypted here, for the stack's worker alone to open.

    \b
      s3am-cloud submit --wait https://host/run42.tar s3://bucket/runs/
    """
    console: Console = context.obj
    import msgspec

    from s3am_cloud_cli.console.follow import show_started
    from s3am_cloud_cli.options.request_file import check_alone, request_of
    from s3am_cloud_cli.options.settings import aws_of
    from s3am_cloud_client import Client

    if request is not None:
        check_alone(context)
        transfer_request = request_of(request)
    elif source is None or destination is None:
        raise click.UsageError("SRC_URL and DST_URL are needed, or --request", context)
    else:
        check_into_cloud(source, destination)
        options.exclusive(resume=transfer.resume, force=transfer.force)
        chosen = msgspec.structs.replace(
            transfer,
            requester_pays=requester_pays,
            no_sign_request=no_sign_request,
            secret=secret,
            keep_hours=keep,
            max_cost=max_cost,
        )
        transfer_request = chosen.request(source, destination, exists)
    rings = SideKeys(keys.ring(), source_keys.ring())
    job = Client(stack, aws_of(aws)).submit_request(transfer_request, rings, netrc, console, logins.logins())
    if job.joined:
        console.note(f"The same transfer is under way already, as job {job.id}: this joins it")
    show_started(job, "Submitted", wait, console)
