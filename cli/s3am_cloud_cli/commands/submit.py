"""`s3am-cloud submit`."""

from __future__ import annotations

import click

from s3am_cloud.request import Exists
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import cost
from s3am_cloud_cli.options import keys as key_options
from s3am_cloud_cli.options import transfer as options
from s3am_cloud_cli.options.directions import check_into_s3
from s3am_cloud_cli.options.keys import KeyOptions, SourceKeyOptions
from s3am_cloud_cli.options.transfer import AwsOptions
from s3am_cloud_client.options import Options


@click.command(short_help="Copy a URL into S3 in the cloud; this machine can be switched off.")
@click.argument("source", metavar="SRC_URL", required=False)
@click.argument("destination", metavar="DST_URL", required=False)
@click.option(
    "--request", metavar="FILE", help="File with the whole request as JSON (see s3am-cloud schema); - for stdin."
)
@click.option("--wait", is_flag=True, help="Follow the job to its end; the exit code is then the job's.")
@options.keep
@cost.max_cost
@options.transfer(Options)
@key_options.keys
@key_options.source_keys
@options.secret
@options.netrc
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
    transfer: Options,
    keys: KeyOptions,
    source_keys: SourceKeyOptions,
    secret: str | None,
    netrc: bool,
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

    from s3am_cloud.jobs.sealing import withheld
    from s3am_cloud_cli.console.follow import submit_job
    from s3am_cloud_cli.netrc_logins import with_login
    from s3am_cloud_cli.options.host_keys import host_keys
    from s3am_cloud_cli.options.request_file import check_alone, request_of
    from s3am_cloud_cli.options.settings import s3_settings
    from s3am_cloud_client.remote.client import Remote

    if request is not None:
        check_alone(context)
        asked = request_of(request)
    elif source is None or destination is None:
        raise click.UsageError("SRC_URL and DST_URL are needed, or --request", context)
    else:
        check_into_s3(source, destination)
        options.exclusive(resume=transfer.resume, force=transfer.force)
        asked = msgspec.structs.replace(
            transfer.request(source, destination, exists),
            requester_pays=requester_pays,
            no_sign_request=no_sign_request,
            secret=secret,
            keep_hours=keep,
            max_cost=max_cost,
        )
    asked = msgspec.structs.replace(
        asked,
        source=with_login(asked.source) if netrc else asked.source,
        host_keys=asked.host_keys or host_keys(asked.source),
    )
    rings = keys.ring(), source_keys.ring()
    shown, secrets = withheld(asked, *rings)
    if asked.max_cost is not None:
        from s3am_cloud_cli.options.settings import both_sides
        from s3am_cloud_client.inprocess.dry_run import check_cost, plan_ports

        check_cost(asked, bool(secrets), plan_ports(*both_sides(aws, asked, *rings)), console)
    submit_job(shown, secrets, Remote(s3_settings(aws), stack), wait, console)
