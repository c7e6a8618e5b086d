"""What the contract suites share: ways to the strict S3 server, and a clock that never makes anybody wait long."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from contract.stores import MemoryCase, S3Case, StoreCase
from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.curl.easy import CurlSettings
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud_cli.local_run import ca_file
from servers.strict_s3 import StrictS3
from unit.fakes import FakeClock

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class HastyClock(SystemClock):
    """Real time, and dice that make every pause as short as it can be."""

    def random(self) -> float:
        return 0.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def hasty_clock() -> HastyClock:
    return HastyClock()


@pytest.fixture(scope="session")
def s3_environment(strict_s3: StrictS3) -> Iterator[None]:
    """Credentials for the strict S3 server, also for worker processes."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in strict_s3.environment().items():
            if "ENDPOINT" not in name:
                patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def s3_access(strict_s3: StrictS3, s3_environment: None) -> S3Access:
    return S3Access(S3Settings(endpoint_url=strict_s3.endpoint_url, region=strict_s3.region))


@pytest.fixture(params=["memory", "s3"])
def case(request: pytest.FixtureRequest) -> StoreCase:
    """Every store in turn."""
    if request.param == "memory":
        return MemoryCase()
    access: S3Access = request.getfixturevalue("s3_access")
    client: S3Client = request.getfixturevalue("s3_client")
    bucket: str = request.getfixturevalue("bucket")
    return S3Case(access, client, bucket)


@pytest.fixture(scope="session")
def curl_settings() -> CurlSettings:
    return CurlSettings(ca_file=ca_file(), stall_seconds=5)


@pytest.fixture
def bucket(s3_client: S3Client) -> str:
    """A new, empty bucket, made with the session's own client: making a client takes longer than most tests here."""
    name = f"contract-{uuid.uuid4().hex[:16]}"
    s3_client.create_bucket(Bucket=name)
    return name
