"""`s3am-cloud submit`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from s3am_cloud.request import OnExisting
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import cost
from s3am_cloud_cli.options import datasets as dataset_options
from s3am_cloud_cli.options import keys as key_options
from s3am_cloud_cli.options import logins as login_options
from s3am_cloud_cli.options import transfer as options
from s3am_cloud_cli.options.datasets import ItemCommand
from s3am_cloud_cli.options.directions import check_into_cloud
from s3am_cloud_cli.options.keys import KeyOptions, SourceKeyOptions
from s3am_cloud_cli.options.logins import LoginOptions
from s3am_cloud_cli.options.showing import showing
from s3am_cloud_cli.options.transfer import AwsOptions
from s3am_cloud_client import DatasetOptions, SideKeys, SubmitOptions

if TYPE_CHECKING:
    from s3am_cloud_client import Client, Job


@click.command(cls=ItemCommand, short_help="Copy URLs into S3 in the cloud; this machine can be switched off.")
@click.argument("sources", metavar="SRC_URL...", nargs=-1)
@click.argument("destination", metavar="DST_URL", required=False)
@click.option(
    "--request", metavar="FILE", help="File with the whole request as JSON (see s3am-cloud schema); - for stdin."
)
@click.option("--wait", is_flag=True, help="Follow the job to its end; the exit code is then the job's.")
@options.keep
@cost.max_cost
@dataset_options.exists
@dataset_options.globs
@dataset_options.cloud_dataset
@options.transfer_alone(SubmitOptions)
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
@showing
@options.output
@click.pass_context
def submit(
    context: click.Context,
    sources: tuple[str, ...],
    destination: str | None,
    request: str | None,
    wait: bool,
    keep: int | None,
    max_cost: float | None,
    exists: OnExisting | None,
    dataset: DatasetOptions,
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

    Several SRC_URL, a prefix in S3 (which ends in /), and the items of a --manifest are one job that copies them below
    DST_URL, each with an outcome of its own: a failed item stops no other, and submitting the same again copies what is
    missing.

    Nothing passes through this machine: once the id is printed it can be switched off. s3am-cloud watch JOB follows
    the job from anywhere. Keys, passwords and signed URLs are encrypted here, for the stack's worker alone to open.

    \b
      s3am-cloud submit --wait https://host/run42.tar s3://bucket/runs/
      s3am-cloud submit --exclude '*.tmp' s3://bucket/runs/ s3://archive/runs/
      s3am-cloud submit --manifest urls.txt s3://bucket/archive/
    """
    console: Console = context.obj
    import msgspec

    from s3am_cloud_cli.console.follow import show_started
    from s3am_cloud_cli.options.request_file import check_alone, request_of
    from s3am_cloud_cli.options.settings import aws_of
    from s3am_cloud_client import Client

    client, rings = Client(stack, aws_of(aws)), SideKeys(keys.ring(), source_keys.ring())
    if request is not None:
        check_alone(context)
        job = client.submit_request(request_of(request), rings, netrc, console, logins.logins())
    elif destination is None or not (sources or dataset.manifest):
        raise click.UsageError("SRC_URL and DST_URL are needed, or --request", context)
    else:
        for source in sources:
            check_into_cloud(source, destination)
        options.exclusive(resume=transfer.resume, force=transfer.force)
        chosen = msgspec.structs.replace(
            transfer,
            keys=rings.destination,
            source_keys=rings.source,
            netrc=netrc,
            logins=logins.logins(),
            requester_pays=requester_pays,
            no_sign_request=no_sign_request,
            secret=secret,
            keep_hours=keep,
            max_cost=max_cost,
        )
        job = _submitted(client, sources, destination, msgspec.structs.replace(dataset, exists=exists), chosen, console)
    if job.joined:
        console.note(f"The same transfer is under way already, as job {job.id}: this joins it")
    show_started(job, "Submitted", wait, console)


def _submitted(
    client: Client,
    sources: Sequence[str],
    destination: str,
    dataset: DatasetOptions,
    chosen: SubmitOptions,
    console: Console,
) -> Job:
    from s3am_cloud_client import exists_of_one, is_one_item

    if is_one_item(sources, dataset):
        exists = exists_of_one(dataset.exists)
        return client.submit(sources[0], destination, exists=exists, options=chosen, observer=console)
    return client.submit_many(sources, destination, options=chosen, dataset=dataset, observer=console)
