"""What every test gets: an environment without anybody's AWS settings, and servers of its own."""

import gc
import os
import signal
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from s3am_cloud.ingest.file import read_ingest
from s3am_cloud.names import DEFAULT_STACK
from s3am_cloud_cli import local_cloud as embedded
from s3am_cloud_cli.local_cloud import LocalCloud
from s3am_cloud_cli.local_cloud.build import build, fingerprint
from servers.certificates import make_certificate
from servers.faulty_http import FaultyHttp
from servers.ftp import FtpServer
from servers.proxy import FaultyProxy
from servers.sftp import SftpServer
from servers.strict_s3 import StrictS3
from support.fork_server import ForkServer
from support.turns import after_the_first, one_at_a_time

# How long an example takes says how busy the machine is, and nothing of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

INGEST = Path(__file__).with_name("ingest.toml")

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


# Files whose few tests take long come first, so that no worker is left alone with one at the end.
_LONGEST_FIRST = ("functional/cloud", "integrity", "local_cloud", "published", "functional", "infra", "contract")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """One worker compiles every test, and the others find that done. What is loaded then stays, so that the garbage
    collector need not look through it."""
    gc.disable()
    try:
        with after_the_first("collection"):
            return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _rank(item.path.relative_to(INGEST.parent).as_posix()))


def _rank(path: str) -> int:
    ranks = (rank for rank, folder in enumerate(_LONGEST_FIRST) if path.startswith(f"{folder}/"))
    return next(ranks, len(_LONGEST_FIRST))


@pytest.fixture(scope="session", autouse=True)
def isolated_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of the machine's AWS settings or of its user's own embedded cloud reaches a test.

    It holds for the session, so that servers which outlive a test see the same; a test may set its own on top of it.
    """
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "S3AM_"))]:
            patch.delenv(name)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            empty = home / name.lower()
            empty.touch()
            patch.setenv(name, str(empty))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("S3AM_CLOUD_STATE_HOME", str(home / "state"))
        _reach_loopback_directly(patch)
        yield


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_is_heard() -> None:
    """Whoever runs the tests in the background of a script has SIGINT ignored, and all that they start inherits it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _reach_loopback_directly(patch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        others = os.environ.get(name)
        patch.setenv(name, ",".join(filter(None, (others, "127.0.0.1", "localhost"))))


@pytest.fixture(scope="session")
def fork_server(isolated_environment: None) -> Iterator[ForkServer]:
    """What runs of the command are forked from, where their start is not what a test is about."""
    with closing(ForkServer()) as server:
        yield server


@pytest.fixture(scope="session")
def strict_s3(isolated_environment: None) -> Iterator[StrictS3]:
    """One strict S3 server for all tests that ask for it; each takes a bucket of its own."""
    with StrictS3() as server:
        yield server


@pytest.fixture
def bucket(strict_s3: StrictS3) -> str:
    """A new, empty bucket on the strict S3 server."""
    return strict_s3.bucket()


@pytest.fixture(scope="session")
def s3_client(strict_s3: StrictS3) -> "S3Client":
    """A client of the strict S3 server that may do everything and retries nothing."""
    return strict_s3.client()


@pytest.fixture
def s3_proxy(strict_s3: StrictS3) -> Iterator[FaultyProxy]:
    """A proxy in front of the strict S3 server, without rules yet."""
    with FaultyProxy(strict_s3.endpoint_url) as proxy:
        yield proxy


@pytest.fixture
def http_server() -> Iterator[FaultyHttp]:
    """An HTTP server that serves nothing yet."""
    with FaultyHttp() as server:
        yield server


@pytest.fixture
def ftp_server(tmp_path: Path) -> Iterator[FtpServer]:
    """An FTP server without files yet."""
    with FtpServer(tmp_path / "ftp") as server:
        yield server


@pytest.fixture
def ftps_server(tmp_path: Path) -> Iterator[FtpServer]:
    """The same under TLS from the first byte on, with a certificate that nobody trusts unless told to."""
    with FtpServer(tmp_path / "ftps", make_certificate(tmp_path)) as server:
        yield server


@pytest.fixture
def ftpes_server(tmp_path: Path) -> Iterator[FtpServer]:
    """The same with TLS that begins with AUTH, without which nobody is let in."""
    with FtpServer(tmp_path / "ftpes", make_certificate(tmp_path), explicit=True) as server:
        yield server


@pytest.fixture
def sftp_server(tmp_path: Path) -> Iterator[SftpServer]:
    """An SFTP server without files yet."""
    with SftpServer(tmp_path / "sftp", tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def local_cloud(isolated_environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """One embedded cloud with the real stack for all tests that ask for it."""
    comes_in = read_ingest(INGEST)
    with one_at_a_time("build"):
        key = fingerprint(DEFAULT_STACK, comes_in)
        build(DEFAULT_STACK, comes_in, key, tmp_path_factory.mktemp("build") / "log", lambda step: None)
    try:
        yield embedded.up(on_step=lambda step: None, ingest=comes_in)
    finally:
        embedded.down()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the strict S3 server's log beside the failure of a test that used it."""
    report = yield
    server = item.funcargs.get("strict_s3") if isinstance(item, pytest.Function) else None
    if report.failed and isinstance(server, StrictS3):
        report.sections.append(("strict S3 server's log", server.log_tail()))
    return report
