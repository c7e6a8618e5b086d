"""`s3am-cloud receipt`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from s3am_cloud.urls import S3Url, parse_s3
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import keys as key_options
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.keys import KeyOptions
from s3am_cloud_cli.options.transfer import AwsOptions

if TYPE_CHECKING:
    from s3am_cloud.adapters.s3.access import S3Access
    from s3am_cloud.model import ObjectInfo


@click.command(short_help="Show where an object came from, and how it was verified.")
@click.argument("source", metavar="S3_URL")
@key_options.keys
@transfer.requester_pays
@transfer.stack
@transfer.aws
@transfer.output
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
    receipt, which a stack keeps for 30 days. Without one, the digests in the metadata are compared with S3's own
    checksums, and an object of up to 16 MiB is read for it. s3am-cloud verify --receipt reads a larger one, too.
    """
    from s3am_cloud.adapters.clock import SystemClock
    from s3am_cloud.adapters.s3.store import S3Store
    from s3am_cloud.integrity.provenance_lookup import pinned, provenance_of
    from s3am_cloud_cli.console.receipt_text import origin_text
    from s3am_cloud_cli.options.settings import s3_access
    from s3am_cloud_client.inprocess.record_store import reports

    access = s3_access(aws, keys.ring(), requester_pays)
    target = parse_s3(source)
    info = pinned(target, S3Store(access, SystemClock()))
    known = provenance_of(target, info, reports(access, stack, console), partial(_read, access))
    console.result(known, origin_text(known))


def _read(access: S3Access, target: S3Url, info: ObjectInfo, algorithms: Sequence[str]) -> dict[str, str]:
    from s3am_cloud.integrity.compute import digests
    from s3am_cloud.integrity.provenance_lookup import version_of
    from s3am_cloud.limits import DEFAULT_SLOTS
    from s3am_cloud.model import PinnedSource
    from s3am_cloud_client.inprocess.ports import local_ports

    origin = PinnedSource(source=target.as_source, info=version_of(info))
    return digests(algorithms, local_ports(access).readers(origin, DEFAULT_SLOTS, lambda count: None))
