"""`s3am-cloud upload`."""

from __future__ import annotations

import click

from s3am_cloud_cli import options
from s3am_cloud_cli.output import Console


@click.command(short_help="Move a file or a URL into S3 from this machine.")
@click.argument("source", metavar="SRC_URL")
@click.argument("destination", metavar="DST_URL")
@options.transfer
@options.aws
@options.output
@click.pass_obj
def upload(
    console: Console,
    source: str,
    destination: str,
    exists: str | None,
    resume: bool,
    force: bool,
    part_size: int | None,
    download_slots: int | None,
    upload_slots: int | None,
    profile: str | None,
    region: str | None,
    endpoint_url: str | None,
    local: bool,
) -> None:
    """Move SRC_URL into S3 as DST_URL, in parallel parts, each checked by S3 against what the source sent.

    SRC_URL is a local path or a URL with file, http, https, ftp, ftps, sftp or s3. DST_URL is s3://BUCKET/KEY; one that
    ends in / gets the source's file name.

    \b
      s3am-cloud upload genome.bam s3://bucket/genomes/
      s3am-cloud upload --part-size 128MB https://host/run42.tar s3://bucket/run42.tar
    """
    options.exclusive(resume=resume, force=force)
    from s3am_cloud_cli.local_run import local_ports, run_upload
    from s3am_cloud_cli.receipts import receipt_text
    from s3am_cloud_cli.settings import s3_settings

    request = options.transfer_request(
        source, destination, exists, resume, force, part_size, download_slots, upload_slots
    )
    receipt = run_upload(request, local_ports(s3_settings(profile, region, endpoint_url, local)), console)
    console.result(receipt, receipt_text(receipt))
