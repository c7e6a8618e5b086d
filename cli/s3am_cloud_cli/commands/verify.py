"""`s3am-cloud verify`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from s3am_cloud.errors import SourceChanged
from s3am_cloud.urls import S3Url, parse_s3
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.options import keys as key_options
from s3am_cloud_cli.options import transfer
from s3am_cloud_cli.options.keys import KeyOptions
from s3am_cloud_cli.options.transfer import AwsOptions

if TYPE_CHECKING:
    from s3am_cloud.adapters.s3.access import S3Access


@click.command(short_help="Print the checksum of an object's content, and compare it.")
@click.argument("source", metavar="S3_URL")
@click.option(
    "--checksum",
    metavar="TYPE",
    help="Any hash of Python's hashlib, crc64nvme, crc32c or crc32. Default: md5, or that of --expect.",
)
@click.option("--expect", metavar="VALUE", help="The checksum that the content must have, in hex or base64.")
@click.option(
    "--receipt",
    is_flag=True,
    help="Compare it with all that was said when it was written: its receipt, and its source's own digest.",
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
@transfer.output
@click.pass_obj
def verify(
    console: Console,
    source: str,
    checksum: str | None,
    expect: str | None,
    receipt: bool,
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

    \b
      s3am-cloud verify --checksum sha256 s3://bucket/genome.bam
      s3am-cloud verify --expect sha256:2c26b46b68ffc68ff99b453c1d304134... s3://bucket/genome.bam
    """
    from s3am_cloud.checksums import digests
    from s3am_cloud.limits import DEFAULT_SLOTS
    from s3am_cloud.transfer.verification import VerifyRequest, verify_object
    from s3am_cloud_cli.options.settings import s3_access
    from s3am_cloud_client.inprocess.ports import local_ports

    transfer.exclusive(receipt=receipt, checksum=checksum, expect=expect)
    transfer.exclusive(receipt=receipt, part_size=part_size)
    access = s3_access(aws, keys.ring(), requester_pays, sign=not no_sign_request)
    if receipt:
        _recheck(parse_s3(source), download_slots or DEFAULT_SLOTS, access, stack, console)
        return
    expected = digests.held_value(checksum, expect)
    request = VerifyRequest(
        source=parse_s3(source),
        algorithm=expected.algorithm if expected else digests.algorithm(checksum or digests.DEFAULT),
        connections=download_slots or DEFAULT_SLOTS,
        expected=expected,
        part_size=part_size,
    )
    ports = local_ports(access)
    with _reading(), console.progress(request.source.key.rsplit("/", 1)[-1], 0) as meter:
        found = verify_object(request, ports, meter, meter.expect)
    console.result(found, found.checksum)
    if found.compared_with is None:
        console.note(f"not compared: S3 holds no {found.checksum_algorithm} of the whole content; --expect gives one")
    else:
        whose = "the expected value" if found.compared_with == "expected" else "S3's checksum"
        console.note(f"OK: {found.checksum_algorithm} matches {whose}")


@contextmanager
def _reading() -> Iterator[None]:
    """The hint for a command that only reads."""
    try:
        yield
    except SourceChanged as error:
        raise SourceChanged(
            error.message, "the object was replaced while it was read: run the command again"
        ) from error


def _recheck(source: S3Url, slots: int, access: S3Access, stack: str | None, console: Console) -> None:
    from s3am_cloud.checksums.digests import PARTS_CRC
    from s3am_cloud.transfer.verification import recheck
    from s3am_cloud_client.inprocess.ports import local_ports
    from s3am_cloud_client.inprocess.record_store import reports

    ports, look = local_ports(access), reports(access, stack, console)
    with _reading(), console.progress(source.key.rsplit("/", 1)[-1], 0) as meter:
        found = recheck(source, slots, look, ports, meter, meter.expect)
    console.result(found, found.checksums[PARTS_CRC])
    whose = {"stored": "S3's checksum", "receipt": f"the receipt of job {found.job}", "source": "its source's"}
    whose["expected"] = "the value that was expected of it"
    console.note(
        f"OK: it matches {', '.join(whose[name] for name in found.compared_with)}"
        if found.compared_with
        else "not compared: nothing is known of this object"
    )
    if not {"receipt", "source", "expected"}.intersection(found.compared_with) and found.job is not None:
        console.note(f"no receipt of this object is found: that of job {found.job} is gone, or elsewhere (--stack)")
