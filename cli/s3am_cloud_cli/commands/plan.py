"""`s3am-cloud plan`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from s3am_cloud.request import OnExisting
from s3am_cloud.urls import is_download
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import cost
from s3am_cloud_cli.options import datasets as dataset_options
from s3am_cloud_cli.options import keys as key_options
from s3am_cloud_cli.options import logins as login_options
from s3am_cloud_cli.options import transfer as options
from s3am_cloud_cli.options.datasets import ItemCommand
from s3am_cloud_cli.options.directions import check_from_s3, check_into_cloud
from s3am_cloud_cli.options.keys import KeyOptions, SourceKeyOptions
from s3am_cloud_cli.options.logins import LoginOptions
from s3am_cloud_cli.options.showing import showing
from s3am_cloud_cli.options.transfer import AwsOptions
from s3am_cloud_client import DatasetOptions, PlanOptions


@click.command(cls=ItemCommand, short_help="Show what submit would take, in time and dollars; nothing is written.")
@click.argument("sources", metavar="SRC_URL...", nargs=-1)
@click.argument("destination", metavar="DST")
@cost.rate
@dataset_options.exists
@dataset_options.globs
@dataset_options.cloud_dataset
@options.transfer_alone(PlanOptions)
@key_options.keys
@key_options.source_keys
@options.secret
@options.netrc
@login_options.logins
@options.no_limit_rate
@options.requester_pays
@options.no_sign_request
@options.planned_stack
@options.aws
@showing
@options.output
@click.pass_obj
def plan(
    console: Console,
    sources: tuple[str, ...],
    destination: str,
    rate: int | None,
    exists: OnExisting | None,
    dataset: DatasetOptions,
    transfer: PlanOptions,
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
    """Look at SRC_URL, and show what copying it to DST takes in the cloud, on this machine, and with AWS DataSync.

    The plan is the one that submit, with the same options, has the cloud make, and is refused where that would be. No
    stack is needed, and nothing is written anywhere. A login or a key in a --secret can't be used from here.

    Several SRC_URL, a prefix in S3 and a --manifest are listed, and shown as one job that copies all of their items.

    From S3 to a local DST it is what download takes: requests, the way out of AWS, and time.

    \b
      s3am-cloud plan https://host/run42.tar s3://bucket/runs/
      s3am-cloud plan --manifest urls.txt s3://bucket/archive/
      s3am-cloud plan s3://bucket/run42.tar .
    """
    import msgspec

    from s3am_cloud_cli.options.settings import aws_of

    _check(sources, destination, dataset)
    options.exclusive(resume=transfer.resume, force=transfer.force)
    chosen = msgspec.structs.replace(
        transfer,
        keys=keys.ring(),
        source_keys=source_keys.ring(),
        netrc=netrc,
        logins=logins.logins(),
        requester_pays=requester_pays,
        no_sign_request=no_sign_request,
        secret=secret,
        rate=rate,
        stack=stack,
        aws=aws_of(aws),
    )
    _show(console, sources, destination, msgspec.structs.replace(dataset, exists=exists), chosen)


def _check(sources: Sequence[str], destination: str, dataset: DatasetOptions) -> None:
    if not (sources or dataset.manifest):
        raise click.UsageError("Missing argument 'SRC_URL...'.")
    for source in sources:
        if len(sources) == 1 and is_download(source, destination):
            check_from_s3(source, destination)
        else:
            check_into_cloud(source, destination)


def _show(
    console: Console, sources: Sequence[str], destination: str, dataset: DatasetOptions, chosen: PlanOptions
) -> None:
    import s3am_cloud_client
    from s3am_cloud_cli.console.quote_text import dataset_quote_text, quote_text

    if not s3am_cloud_client.is_one_item(sources, dataset):
        found = s3am_cloud_client.plan_many(sources, destination, options=chosen, dataset=dataset)
        console.result(found, dataset_quote_text(found))
        return
    exists = s3am_cloud_client.exists_of_one(dataset.exists)
    quote = s3am_cloud_client.plan(sources[0], destination, exists=exists, options=chosen, observer=console)
    console.result(quote, quote_text(quote))
