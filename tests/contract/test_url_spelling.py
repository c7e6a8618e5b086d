"""What servers are asked for when names are odd, paths absolute, or answers lead elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from contract.conftest import HastyClock
from contract.file_servers import trusting
from contract.routes import NAME, FileEnd, Route
from contract.sources import HttpCase
from s3am_cloud.adapters.curl.movers import CurlMovers
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.errors import AccessDenied, BadSource
from s3am_cloud.limits import MAX_REDIRECTS, MIN_PART
from s3am_cloud.model import PinnedSource, Plan
from s3am_cloud.urls import parse_source
from servers.content import pattern
from servers.faults import BasicAuth, Redirect
from servers.faulty_http import FaultyHttp
from servers.ftp import FtpServer
from servers.sftp import SftpServer
from support.fakes import FakeClock

ODD = "Mäuse & co/a b+c?d#e%41;f=[1].bin"
DATA = pattern(5 * MIN_PART // 2)


@pytest.fixture
def other_server() -> Iterator[FaultyHttp]:
    with FaultyHttp() as server:
        yield server


def size(url: str, settings: CurlSettings) -> int | None:
    return CurlSource(settings, FakeClock()).probe(parse_source(url)).size


@pytest.mark.parametrize("kind", ["ftp", "sftp"])
def test_an_odd_name_is_found_when_it_is_percent_encoded(
    kind: str, request: pytest.FixtureRequest, curl_settings: CurlSettings
) -> None:
    server: FtpServer | SftpServer = request.getfixturevalue(f"{kind}_server")
    assert size(server.add(ODD, pattern(77)), trusting(curl_settings, server)) == 77


@pytest.mark.parametrize("kind", ["ftp", "sftp"])
def test_characters_beyond_ascii_and_a_plus_are_taken_as_written(
    kind: str, request: pytest.FixtureRequest, curl_settings: CurlSettings
) -> None:
    """Characters beyond ASCII may be written as they are and a plus is a plus."""
    server: FtpServer | SftpServer = request.getfixturevalue(f"{kind}_server")
    url = server.add("Mäuse+日本.bin", pattern(77))
    plain = url.replace("M%C3%A4use%2B%E6%97%A5%E6%9C%AC", "Mäuse+日本")
    assert plain != url
    assert size(plain, trusting(curl_settings, server)) == 77


def test_a_web_server_gets_the_path_and_the_query_as_written(
    http_server: FaultyHttp, curl_settings: CurlSettings
) -> None:
    """A web server is asked for the path and the query as they are written."""
    http_server.add("/a b/Mäuse", pattern(77))
    root = http_server.url("")
    assert size(f"{root}/a%20b/Mäuse?x=1+2&y=%2B#top", curl_settings) == 77
    assert [(one.path, one.query) for one in http_server.requests] == [("/a%20b/M%C3%A4use", "x=1+2&y=%2B")]


def test_a_path_is_taken_from_home_and_one_with_two_slashes_from_the_root(
    ftp_server: FtpServer, curl_settings: CurlSettings
) -> None:
    ftp_server.add("data", pattern(77))
    assert size(ftp_server.url("data"), curl_settings) == 77
    assert size(ftp_server.url("/home/data"), curl_settings) == 77


def test_an_sftp_path_is_from_the_root_and_after_a_tilde_from_home(
    sftp_server: SftpServer, curl_settings: CurlSettings
) -> None:
    """An SFTP path is taken from the root and one after a tilde from home."""
    sftp_server.add("data", pattern(77))
    settings = trusting(curl_settings, sftp_server)
    assert size(sftp_server.url("/~/data"), settings) == 77
    assert size(sftp_server.url("/home/data"), settings) == 77


def test_a_password_with_reserved_characters_is_percent_encoded(
    http_server: FaultyHttp, curl_settings: CurlSettings
) -> None:
    http_server.add("/data", pattern(5), BasicAuth(user="a@b", password="p/w:d é"))
    assert size(http_server.url("/data", login="a%40b:p%2Fw%3Ad%20%C3%A9"), curl_settings) == 5


def test_ten_redirects_are_followed_and_eleven_are_not(http_server: FaultyHttp, curl_settings: CurlSettings) -> None:
    http_server.add("/there", pattern(77))
    url = http_server.add("/here", b"", Redirect(to="/there", hops=MAX_REDIRECTS))
    assert size(url, curl_settings) == 77
    http_server.set_faults("/here", Redirect(to="/there", hops=MAX_REDIRECTS + 1))
    with pytest.raises(BadSource, match="redirects"):
        size(url, curl_settings)


@pytest.mark.parametrize("kind", ["ftp", "sftp"])
def test_a_web_server_can_t_send_us_to_a_server_of_another_kind(
    kind: str, request: pytest.FixtureRequest, http_server: FaultyHttp, curl_settings: CurlSettings
) -> None:
    server: FtpServer | SftpServer = request.getfixturevalue(f"{kind}_server")
    server.add(NAME, pattern(77))
    url = http_server.add("/here", b"", Redirect(to=server.url(f"/home/{NAME}")))
    with pytest.raises(BadSource):
        size(url, trusting(curl_settings, server))


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ann password s3cret\n")
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.usefixtures("netrc")
def test_a_web_login_is_looked_up_only_where_the_user_wants_that(
    http_server: FaultyHttp, curl_settings: CurlSettings
) -> None:
    url = http_server.add("/data", pattern(5), BasicAuth(user="ann", password="s3cret"))
    with pytest.raises(AccessDenied):
        size(url, curl_settings)
    assert size(url, msgspec.structs.replace(curl_settings, netrc=True)) == 5


def test_a_password_never_goes_to_another_host(
    http_server: FaultyHttp, other_server: FaultyHttp, curl_settings: CurlSettings, tmp_path: Path
) -> None:
    """By the probe as little as by the mover."""
    http_server.add(f"/{NAME}", b"", Redirect(to=other_server.add("/there", DATA)))
    case = HttpCase(CurlSource(curl_settings, HastyClock()), http_server)
    way = Route(case, CurlMovers(curl_settings, S3Access(S3Settings()), HastyClock()), FileEnd(tmp_path / "moved"))
    url = parse_source(http_server.url(f"/{NAME}", login="ann:s3cret"))
    origin = PinnedSource(source=url, info=case.source.probe(url))
    moved = list(way.mover(origin).move(Plan(size=len(DATA), part_size=MIN_PART).parts()))
    assert way.end.content(moved) == DATA
    assert len(other_server.requests) == 1 + 3
    assert all("authorization" in one.headers for one in http_server.requests)
    assert not any("authorization" in one.headers for one in other_server.requests)
