"""`s3am-cloud cancel`."""

from __future__ import annotations

import click

from s3am_cloud.errors import BadDestination
from s3am_cloud.urls import parse_s3
from s3am_cloud_cli import options
from s3am_cloud_cli.options import AwsOptions
from s3am_cloud_cli.output import Console


@click.command(short_help="Discard the unfinished uploads of an object.")
@click.argument("target", metavar="S3_URL")
@options.requester_pays
@options.aws
@options.output
@click.pass_obj
def cancel(console: Console, target: str, requester_pays: bool, aws: AwsOptions) -> None:
    """Discard the unfinished uploads of the object S3_URL with all their parts. Where there are none, do nothing.

    \b
      s3am-cloud cancel s3://bucket/genome.bam
    """
    url = parse_s3(target)
    if url.key.endswith("/"):
        raise BadDestination(f"{url} ends in a slash", "name the object whose upload is to be discarded")
    from s3am_cloud.model import Upload
    from s3am_cloud.steps.abort import abort
    from s3am_cloud_cli.local_run import forget, local_ports
    from s3am_cloud_cli.settings import s3_access

    ports = local_ports(s3_access(aws, requester_pays=requester_pays))
    ids = ports.store.unfinished(url)
    for upload_id in ids:
        upload = Upload(target=url, upload_id=upload_id, full_object=False)
        abort(upload, ports.store)
        job = ports.jobs.find(url, upload_id)
        if job is not None:
            forget(job, ports)
    console.result(
        {"destination": str(url), "cancelled": len(ids)}, f"{len(ids)} unfinished uploads of {url} discarded"
    )
