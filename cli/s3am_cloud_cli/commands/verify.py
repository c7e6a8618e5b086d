"""`s3am-cloud verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import keys as key_options
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.keys import KeyOptions
from s3am_cloud_cli.options.repeating import RepeatableCommand
from s3am_cloud_cli.options.showing import json_lines, showing
from s3am_cloud_cli.options.transfer import AwsOptions
from s3am_cloud_client import ObjectOptions

if TYPE_CHECKING:
    from s3am_cloud_client.results import ReceiptVerified, Verified


@click.command(cls=RepeatableCommand, short_help="Print the checksum of an object's content, and compare it.")
@click.argument("source", metavar="S3_URL", required=False)
@click.option(
    "--checksum",
    metavar="TYPE",
    help="Any hash of Python's hashlib, crc64nvme, crc32c or crc32. Default: md5, or that of --expect.",
)
@click.option("--expect", metavar="VALUE", help="The checksum that the content must have, in hex or base64.")
@click.option(
    "--receipt",
    is_flag=True,
    help="Compare it with what was recorded when it was written: its receipt, and its source's own digest.",
)
@click.option(
    "--manifest",
    metavar="FILE",
    help="Compare all objects of a list of checksums, such as a run's checksums.txt: a file, a URL, or - for stdin.",
)
@transfer.part_size
@click.option("--download-slots", type=click.IntRange(1), metavar="N", help="Connections to S3 that read at once.")
@click.option(
    "--checksum-slots",
    type=click.IntRange(1),
    metavar="N",
    expose_value=False,
    help="Accepted for compatibility; has no effect.",
)
@key_options.keys
@transfer.requester_pays
@transfer.no_sign_request
@transfer.stack
@transfer.aws
@json_lines
@showing
@transfer.output
@click.pass_obj
def verify(
    console: Console,
    source: str | None,
    checksum: str | None,
    expect: str | None,
    receipt: bool,
    manifest: str | None,
    part_size: int | None,
    download_slots: int | None,
    keys: KeyOptions,
    requester_pays: bool,
    no_sign_request: bool,
    stack: str | None,
    aws: AwsOptions,
) -> None:
    """Read the object S3_URL in parallel ranges, and print the checksum of its content in hexadecimal digits.

    With --expect another checksum is an error (exit code 21). Without it, it is compared with the one that S3 itself
    holds of the whole content, where S3 holds one of that TYPE. With --receipt it is compared with what s3am-cloud
    receipt shows; a difference is exit code 21, too.

    With --manifest each object of a list is compared: with S3's own checksum where S3 holds one of that algorithm, else
    by reading it. One that differs stops no other, and the exit code is 26; 25 if all do.

    \b
      s3am-cloud verify --checksum sha256 s3://bucket/genome.bam
      s3am-cloud verify --expect sha256:2c26b46b68ffc68ff99b453c1d304134... s3://bucket/genome.bam
    """
    import s3am_cloud_client
    from s3am_cloud_cli.options.settings import aws_of

    transfer.exclusive(receipt=receipt, checksum=checksum, expect=expect, manifest=manifest)
    transfer.exclusive(receipt=receipt, part_size=part_size, manifest=manifest)
    if source is not None and manifest is not None:
        raise click.UsageError("S3_URL and --manifest exclude each other")
    options = ObjectOptions(
        part_size=part_size,
        download_slots=download_slots,
        keys=keys.ring(),
        requester_pays=requester_pays,
        no_sign_request=no_sign_request,
        stack=stack,
        aws=aws_of(aws),
    )
    if manifest is not None:
        from s3am_cloud_cli.console.verified_text import show_verified
        from s3am_cloud_cli.options.repeating import again

        folder = s3am_cloud_client.run_folder()
        failed = None if folder is None else folder / "failed.txt"
        objects = s3am_cloud_client.verify_many(manifest, options=options, failed_list=failed, observer=console)
        show_verified(objects, console, again())
    elif source is None:
        raise click.UsageError("Missing argument 'S3_URL', or --manifest")
    elif receipt:
        _show_receipt(s3am_cloud_client.verify_receipt(source, options=options, observer=console), console)
    else:
        found = s3am_cloud_client.verify(source, checksum=checksum, expect=expect, options=options, observer=console)
        _show(found, console)


def _show(found: Verified, console: Console) -> None:
    console.result(found, found.checksum)
    if found.compared_with is None:
        console.note(f"not compared: S3 holds no {found.checksum_algorithm} of the whole content; --expect gives one")
    else:
        whose = "the expected value" if found.compared_with == "expected" else "S3's checksum"
        console.note(f"OK: {found.checksum_algorithm} matches {whose}")


def _show_receipt(found: ReceiptVerified, console: Console) -> None:
    console.result(found, found.checksum)
    whose = {"stored": "S3's checksum", "receipt": f"the receipt of job {found.job}", "source": "its source's"}
    whose["expected"] = "the value that was expected of it"
    console.note(
        f"OK: it matches {', '.join(whose[name] for name in found.compared_with)}"
        if found.compared_with
        else "not compared: nothing is known of this object"
    )
    if not {"receipt", "source", "expected"}.intersection(found.compared_with) and found.job is not None:
        console.note(f"no receipt of this object is found: that of job {found.job} is gone, or elsewhere (--stack)")
