"""The command pointed at the strict S3 server, with a home and a bucket of each test's own."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from servers.proxy import FaultyProxy
from servers.strict_s3 import StrictS3
from support.command import Command
from support.fork_server import ForkServer
from support.stored import Stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder that the command runs in, which is its user's home."""
    folder = tmp_path / "user"
    folder.mkdir()
    return folder


@pytest.fixture
def command(home: Path, strict_s3: StrictS3, fork_server: ForkServer) -> Command:
    """The command of a user who may do everything on the strict S3 server."""
    return Command(home, strict_s3.environment(), server=fork_server)


@pytest.fixture
def installed(home: Path, strict_s3: StrictS3) -> Command:
    """The same, started as a user starts it."""
    return Command(home, strict_s3.environment())


@pytest.fixture
def through_proxy(home: Path, strict_s3: StrictS3, s3_proxy: FaultyProxy, fork_server: ForkServer) -> Command:
    """The same, with the faulty proxy on the way to the server."""
    return Command(home, strict_s3.environment(endpoint_url=s3_proxy.endpoint_url), server=fork_server)


@pytest.fixture
def stored(s3_client: "S3Client", bucket: str) -> Stored:
    """What is in the test's bucket."""
    return Stored(s3_client, bucket)
