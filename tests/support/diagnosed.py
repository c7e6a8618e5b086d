"""Diagnoses of accounts in memory."""

from __future__ import annotations

from typing import Any

import msgspec

from s3am_cloud.errors import (
    TransferError,
)
from s3am_cloud.model import SourceInfo
from s3am_cloud.urls import SourceUrl
from s3am_cloud_client.doctor.findings import Diagnosis, Finding
from s3am_cloud_client.doctor.ports import Site
from s3am_cloud_client.doctor.progress import Progress
from s3am_cloud_client.doctor.run import parse_urls, run_checks
from support.fake_aws import FakeAws
from support.fakes import FakeClock

BUCKET, URL = "s3://s3am-runs/dir/", "https://host/run42.tar"


class OneSource:
    """A source that is as it is said to be, or fails so."""

    def __init__(self, found: SourceInfo | TransferError) -> None:
        self._found = found

    def probe(self, url: SourceUrl) -> SourceInfo:
        if isinstance(self._found, TransferError):
            raise self._found
        return self._found


def site(aws: FakeAws, source: SourceInfo | TransferError | None = None, **changes: Any) -> Site:
    usual = Site(
        aws=aws,
        source=OneSource(source or SourceInfo(size=1 << 30, ranges=True, etag='"e"')),
        clock=FakeClock(),
        environment={"AWS_REGION": aws.region},
        stack="S3amCloud",
    )
    return msgspec.structs.replace(usual, **changes)


def found(where: Site, *urls: str, write_test: bool = False) -> Diagnosis:
    with Progress(lambda text: None, 60) as progress:
        return run_checks(where, parse_urls(urls), write_test, progress)


def of(diagnosis: Diagnosis, check: str) -> Finding:
    """The one finding of that check that is worst."""
    findings = [each for each in diagnosis.findings if each.check == check]
    assert findings, f"nothing was found of {check}"
    order = ("ok", "unknown", "warning", "problem")
    return max(findings, key=lambda each: order.index(each.state))
