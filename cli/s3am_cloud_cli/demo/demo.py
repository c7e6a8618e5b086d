"""The main job, seen end to end: files from a web and an FTP server arrive in S3 through the state machine."""

from __future__ import annotations

import hashlib
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.errors import ChecksumMismatch
from s3am_cloud.limits import DEFAULT_SLOTS, MIB
from s3am_cloud.model import Receipt
from s3am_cloud_cli import local_cloud
from s3am_cloud_cli.console.follow import follow
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.console.receipt_text import receipt_text
from s3am_cloud_cli.demo.sample_ftp import serving_by_ftp
from s3am_cloud_cli.demo.sample_server import Sample, serving
from s3am_cloud_cli.options.settings import use_local_cloud
from s3am_cloud_client import Client, DownloadOptions, SubmitOptions, download, error_of

_PART = 8 * MIB

_NEXT = """\
Where to look next:
  s3am-cloud local up                     the same cloud, kept running, for tries of your own
  eval "$(s3am-cloud local env)"          points aws-cli, boto3 and every other AWS client at it
  s3am-cloud submit --local URL s3://...  a job of your own; watch, status and jobs follow it
  s3am-cloud upload --help                the same pipeline on this machine, without any stack"""


class Demonstrated(msgspec.Struct, frozen=True):
    """What `demo --json` prints."""

    receipts: list[Receipt]
    verified: bool


def run_demo(console: Console) -> None:
    """Raises the first error that a job ends in, and ChecksumMismatch where content differs; cleans up in any case."""
    web = [Sample("reads.fastq.gz", 192 * MIB), Sample("flaky-server.bam", 64 * MIB, fails_every=5)]
    old = Sample("genome.fa", 24 * MIB)
    samples = [*web, old]
    with _cloud(console), serving(*web) as server, serving_by_ftp(old) as ftp_url, _bucket() as bucket:
        urls = [*map(server.url, web), ftp_url]
        receipts = [_transfer(url, bucket, console) for url in urls]
        for sample, receipt in zip(samples, receipts, strict=True):
            _compare(sample, receipt, console)
            if sample.failed:
                console.note(f"... of the requests for {sample.name} its server failed {sample.failed}")
    texts = [line for receipt in receipts for line in (*receipt_text(receipt), "")]
    console.result(Demonstrated(receipts, True), [*texts, *_NEXT.splitlines()])


@contextmanager
def _cloud(console: Console) -> Iterator[None]:
    """The embedded cloud; one that was running before is left running."""
    mine = local_cloud.current() is None
    try:
        local_cloud.up(on_step=lambda step: console.note(f"... {step}"))
        use_local_cloud()
        yield
    finally:
        if mine and local_cloud.down():
            console.note("... the embedded cloud is down again, and what was in it is gone")


@contextmanager
def _bucket() -> Iterator[str]:
    name = f"s3am-cloud-demo-{secrets.token_hex(4)}"
    access = S3Access(S3Settings())
    client = access.client(access.region)
    client.create_bucket(Bucket=name)
    try:
        yield name
    finally:
        for item in client.list_objects_v2(Bucket=name).get("Contents", []):
            client.delete_object(Bucket=name, Key=item["Key"])
        client.delete_bucket(Bucket=name)


def _transfer(url: str, bucket: str, console: Console) -> Receipt:
    job = Client().submit(url, f"s3://{bucket}/", options=SubmitOptions(part_size=_PART))
    console.note(f"... job {job.id}: {url} -> s3://{bucket}/{url.rpartition('/')[2]}")
    receipt = follow(job, console)
    error = error_of(receipt)
    if error is not None:
        raise error
    return receipt


def _compare(sample: Sample, receipt: Receipt, console: Console) -> None:
    """Reads the object back and holds its bytes to what was served, by another algorithm than the transfer's own."""
    with tempfile.TemporaryDirectory(prefix="s3am-cloud-demo-") as folder:
        path = Path(folder) / sample.name
        download(receipt.destination, path, options=DownloadOptions(download_slots=DEFAULT_SLOTS), observer=console)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != sample.sha256():
        raise ChecksumMismatch(f"{receipt.destination} is not what was served")
    console.note(f"... {receipt.destination} read back: SHA-256 {digest[:16]}... is that of what was served")
