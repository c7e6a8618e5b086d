"""What the contract suites share: ways to the strict S3 server, and a clock that never makes anybody wait long."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from contract import sources
from contract.routes import End, FileEnd, ObjectEnd, PartEnd, Route
from contract.sources import SourceCase
from contract.stores import MemoryCase, S3Case, StoreCase
from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.curl.movers import CurlMovers
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.authorities import trusted_authorities
from s3am_cloud.adapters.s3.store import S3Store
from servers.faulty_http import FaultyHttp
from servers.proxy import FaultyProxy
from servers.strict_s3 import StrictS3
from support.fakes import FakeClock

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


@pytest.fixture(scope="package")
def s3_environment(strict_s3: StrictS3) -> Iterator[None]:
    """Credentials for the strict S3 server, also for worker processes."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in strict_s3.environment().items():
            if "ENDPOINT" not in name:
                patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def function_environment(strict_s3: StrictS3, s3_environment: None) -> Iterator[Mapping[str, str]]:
    """The environment of a Lambda function whose S3 is the strict S3 server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", strict_s3.endpoint_url)
        yield {"S3AM_CLOUD_WORK_BUCKET": "work"}


@pytest.fixture(scope="package")
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
    return CurlSettings(ca_file=trusted_authorities(), stall_seconds=5)


@pytest.fixture
def bucket(s3_client: S3Client) -> str:
    """A new, empty bucket, made with the session's own client: making a client takes longer than most tests here."""
    name = f"contract-{uuid.uuid4().hex[:16]}"
    s3_client.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="session")
def proxy_for_all(strict_s3: StrictS3) -> Iterator[FaultyProxy]:
    """One for all tests: what a client knows of its endpoint takes longer to find out than a part to move."""
    with FaultyProxy(strict_s3.endpoint_url) as server:
        yield server


@pytest.fixture
def shared_proxy(proxy_for_all: FaultyProxy) -> FaultyProxy:
    """A proxy in front of the strict S3 server, without rules yet; its record is longer than the test."""
    proxy_for_all.clear()
    return proxy_for_all


@pytest.fixture(scope="package")
def proxied(proxy_for_all: FaultyProxy, s3_environment: None, strict_s3: StrictS3) -> S3Access:
    """A way to the strict S3 server through the faulty proxy."""
    return S3Access(S3Settings(endpoint_url=proxy_for_all.endpoint_url, region=strict_s3.region))


@pytest.fixture(params=["http-parts", "http-object", "file-parts", "http-file", "s3-file"])
def way(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    hasty_clock: HastyClock,
    curl_settings: CurlSettings,
    shared_proxy: FaultyProxy,
    proxied: S3Access,
    s3_client: S3Client,
    bucket: str,
    http_server: FaultyHttp,
) -> Route:
    """A route from or to servers that can be told to fail, with one slot."""
    start, end = request.param.split("-")
    store = S3Store(proxied, FakeClock())
    case: dict[str, SourceCase] = {
        "http": sources.HttpCase(CurlSource(curl_settings, hasty_clock), http_server),
        "file": sources.FileCase(tmp_path),
        "s3": sources.S3Case(store, s3_client, bucket),
    }
    ends: dict[str, End] = {
        "parts": PartEnd(store, s3_client, bucket),
        "object": ObjectEnd(store, s3_client, bucket),
        "file": FileEnd(tmp_path / "moved"),
    }
    movers = CurlMovers(curl_settings, proxied, hasty_clock)
    return Route(case[start], movers, ends[end], slots=1)
