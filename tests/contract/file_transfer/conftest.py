"""File servers of every kind, and routes from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from contract.conftest import HastyClock
from contract.file_servers import FileServer, file_server_case, trusting
from contract.routes import End, FileEnd, ObjectEnd, PartEnd, Route
from s3am_cloud.adapters.curl.movers import CurlMovers
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.urls import parse_source
from support.fakes import FakeClock

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

from contract.file_transfer.moving import Probe


@pytest.fixture
def server(request: pytest.FixtureRequest) -> FileServer:
    """The server of the kind that the test's parameter names, plain FTP where it names none."""
    found: FileServer = request.getfixturevalue(f"{getattr(request, 'param', 'ftp')}_server")
    return found


@pytest.fixture
def settings(server: FileServer, curl_settings: CurlSettings) -> CurlSettings:
    return msgspec.structs.replace(trusting(curl_settings, server), stall_seconds=2)


@pytest.fixture
def route(
    request: pytest.FixtureRequest,
    server: FileServer,
    settings: CurlSettings,
    hasty_clock: HastyClock,
    s3_access: S3Access,
    s3_client: S3Client,
    bucket: str,
    tmp_path: Path,
) -> Route:
    """From the server into the parts of an upload, or where the test's parameter says."""
    store = S3Store(s3_access, FakeClock())
    ends: dict[str, Callable[[], End]] = {
        "parts": lambda: PartEnd(store, s3_client, bucket),
        "object": lambda: ObjectEnd(store, s3_client, bucket),
        "file": lambda: FileEnd(tmp_path / "moved"),
    }
    case = file_server_case(server, settings, hasty_clock)
    return Route(case, CurlMovers(settings, s3_access, hasty_clock), ends[getattr(request, "param", "parts")]())


@pytest.fixture
def probe(server: FileServer, settings: CurlSettings) -> Probe:
    return lambda url: CurlSource(settings, FakeClock()).probe(parse_source(url))
