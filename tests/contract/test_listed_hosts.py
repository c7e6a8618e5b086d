"""A stack may name the hosts where sources are: no function asks any other, whatever leads to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from contract.conftest import HastyClock
from contract.guarded import PRIVATE, PUBLIC, Trap, move, resolve, take_for_public, trap
from s3am_cloud.errors import BadSource
from s3am_cloud.handlers import runtime
from s3am_cloud.handlers.environment import Environment
from s3am_cloud.handlers.runtime import ports_of
from s3am_cloud.model import SourceInfo
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.urls import parse_source
from servers.faults import Redirect
from servers.faulty_http import FaultyHttp

if TYPE_CHECKING:
    pass

DATA = b"0123456789"


@pytest.fixture
def there() -> Iterator[Trap]:
    with trap(PRIVATE) as made:
        yield made


def probe(ports: Ports, url: str) -> SourceInfo:
    return ports.source.probe(parse_source(url))


@pytest.fixture(scope="module")
def listed(function_environment: Mapping[str, str]) -> Ports:
    """What a function of a stack has whose AllowedHosts are these."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime, "SystemClock", HastyClock)
        return ports_of(
            Environment({**function_environment, "S3AM_CLOUD_ALLOWED_HOSTS": "data.example.org,*.example.com"})
        )


@pytest.fixture
def named(http_server: FaultyHttp, monkeypatch: pytest.MonkeyPatch) -> FaultyHttp:
    """A server by many names."""
    take_for_public(monkeypatch)
    hosts = ("data.example.org", "a.b.example.com", "example.com", "evil.example.net")
    resolve(monkeypatch, *(f"{host}:{http_server.port}:{PUBLIC}" for host in hosts))
    http_server.add("/x", DATA)
    return http_server


def at(server: FaultyHttp, host: str, path: str = "/x") -> str:
    return server.url(path).replace(PUBLIC, host)


@pytest.mark.parametrize(
    "host", ["data.example.org", "DATA.example.org", "a.b.example.com", "me:secret@data.example.org"]
)
def test_sources_may_be_at_the_hosts_that_the_stack_lists(
    host: str, listed: Ports, named: FaultyHttp, tmp_path: Path
) -> None:
    assert probe(listed, at(named, host)).size == len(DATA)
    assert len(move(listed, at(named, host), tmp_path)) == 1


@pytest.mark.parametrize("host", ["example.com", "evil.example.net", PUBLIC, "data.example.org%40evil.example.net"])
def test_sources_at_other_hosts_are_refused_before_a_connection_is_made(
    host: str, listed: Ports, named: FaultyHttp, tmp_path: Path
) -> None:
    for attempt in (lambda: probe(listed, at(named, host)), lambda: move(listed, at(named, host), tmp_path)):
        with pytest.raises(BadSource) as caught:
            attempt()
        assert "AllowedHosts" in caught.value.hint
        assert "secret" not in caught.value.message
    assert named.connections == 0


@pytest.mark.parametrize("scheme", ["ftp", "ftps", "sftp", "https"])
def test_servers_of_every_kind_are_held_to_the_list(scheme: str, listed: Ports, there: Trap, tmp_path: Path) -> None:
    url = f"{scheme}://{PRIVATE}:{there.port}/x"
    for attempt in (lambda: probe(listed, url), lambda: move(listed, url, tmp_path)):
        with pytest.raises(BadSource, match="does not fetch"):
            attempt()
    assert not there.sprung


@pytest.mark.parametrize(
    "to",
    [
        "http://evil.example.net:{port}/y",
        "//evil.example.net:{port}/y",
        " //evil.example.net:{port}/y",
        "http://data.example.org@evil.example.net:{port}/y",
        "http://data.example.org%2F@evil.example.net:{port}/y",
        "http://evil%2Eexample.net:{port}/y",
        "hTTp://EVIL.example.net.:{port}/y",
        "http:///evil.example.net:{port}/y",
        "http:/evil.example.net:{port}/y",
        "http://data.example.org\\@evil.example.net:{port}/y",
        "http:\\\\evil.example.net:{port}/y",
    ],
)
def test_a_redirect_to_a_host_that_is_not_listed_is_not_followed(
    to: str, listed: Ports, named: FaultyHttp, tmp_path: Path
) -> None:
    named.add("/y", DATA)
    named.add("/x", b"", Redirect(to=to.format(port=named.port)))
    url = at(named, "data.example.org")
    for attempt in (lambda: probe(listed, url), lambda: move(listed, url, tmp_path)):
        with pytest.raises(BadSource) as caught:
            attempt()
        assert "does not fetch" in caught.value.message or "can't be read" in caught.value.message
    assert {one.path for one in named.requests} == {"/x"}


@pytest.mark.parametrize("to", ["/y", "y", "./y?at=12:30", "?hop=9", "http://a.b.example.com:{port}/y"])
def test_a_redirect_that_stays_or_leads_to_a_listed_host_is_followed(to: str, listed: Ports, named: FaultyHttp) -> None:
    named.add("/y", DATA)
    named.add("/x", DATA, Redirect(to=to.format(port=named.port), where=lambda request: not request.query))
    assert probe(listed, at(named, "data.example.org")).size == len(DATA)
