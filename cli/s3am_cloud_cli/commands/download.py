"""`s3am-cloud download`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from s3am_cloud.errors import LocalFileExists
from s3am_cloud.urls import S3Url, parse_s3
from s3am_cloud_cli import key_options, options
from s3am_cloud_cli.key_options import KeyOptions
from s3am_cloud_cli.options import AwsOptions
from s3am_cloud_cli.output import Console


@click.command(short_help="Move an object from S3 into a local file.")
@click.argument("source", metavar="S3_URL")
@click.argument("destination", metavar="DST")
@click.option("--file-exists", type=click.Choice(["overwrite", "skip"]), help="What to do where the file exists.")
@click.option(
    "--download-exists",
    type=click.Choice(["resume", "discard"]),
    help="What to do with what an earlier download left.",
)
@options.part_size
@options.download_slots
@click.option(
    "--checksum-slots",
    type=click.IntRange(1),
    metavar="N",
    help="Parts of an earlier download whose checksums are compared at once; as many as there are cores.",
)
@key_options.keys
@options.stall_timeout
@options.requester_pays
@options.no_sign_request
@options.aws
@options.output
@click.pass_obj
def download(
    console: Console,
    source: str,
    destination: str,
    file_exists: str | None,
    download_exists: str | None,
    part_size: int | None,
    download_slots: int | None,
    checksum_slots: int | None,
    keys: KeyOptions,
    stall_timeout: int,
    requester_pays: bool,
    no_sign_request: bool,
    aws: AwsOptions,
) -> None:
    """Move S3_URL into the file DST, which appears only when it is whole and agrees with the object's checksum.

    DST may be a folder: the file gets the object's name. Until then the bytes are in .NAME.partial beside it.

    \b
      s3am-cloud download s3://bucket/genome.bam .
    """
    wanted = parse_s3(source)
    path = _path(wanted, destination)
    if path.exists() and file_exists != "overwrite":
        if file_exists is None:
            raise LocalFileExists(f"{path} exists")
        console.result({"state": "skipped", "destination": str(path)}, f"{path} exists, left as it is")
        return
    from s3am_cloud.download import DownloadRequest
    from s3am_cloud_cli.local_run import local_ports, run_download
    from s3am_cloud_cli.receipts import receipt_text
    from s3am_cloud_cli.settings import s3_access

    request = DownloadRequest(
        source=wanted,
        connections=download_slots,
        overwrite=file_exists == "overwrite",
        resume=download_exists == "resume",
        discard=download_exists == "discard",
        part_size=part_size,
        checksum_slots=checksum_slots or os.cpu_count() or 1,
    )
    access = s3_access(aws, keys.ring(), requester_pays, sign=not no_sign_request)
    ports = local_ports(access, stall_seconds=stall_timeout, tags=False, tell=console.detail)
    receipt = run_download(request, path, ports, console)
    console.result(receipt, receipt_text(receipt))


def _path(source: S3Url, destination: str) -> Path:
    if destination.startswith("file:"):
        from s3am_cloud.urls import parse_source

        destination = parse_source(destination).url
    path = Path(destination)
    if destination.endswith(os.sep) or path.is_dir():
        return path / source.key.rsplit("/", 1)[-1]
    return path
