"""Servers that let few connections in are met by waiting and narrowing, not by failing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract.conftest import HastyClock
from contract.routes import NAME, Route
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport import admission
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.errors import AccessDenied, SourceBusy
from s3am_cloud.model import Plan
from s3am_cloud.urls import parse_source
from s3am_cloud_client.inprocess import workers
from s3am_cloud_client.inprocess.workers import ProcessMovers
from servers.ftp import Drop, FtpServer
from support.fakes import FakeClock

if TYPE_CHECKING:
    pass

from contract.file_transfer.moving import CUT, DATA, PLAIN, SIZE, check, for_kinds, move, to_ends

# --- a server that lets few connections in ---


@for_kinds(*PLAIN)
@pytest.mark.parametrize("refuse", ["connect", "login"])
@pytest.mark.parametrize("limit", [1, 2])
def test_a_limit_of_connections_is_met_by_narrowing(route: Route, server: FtpServer, refuse: str, limit: int) -> None:
    origin = route.put(DATA)
    server.rules.limit, server.rules.refuse = limit, "connect" if refuse == "connect" else "login"
    check(route, move(route, origin))
    assert server.most_at_once == limit
    assert server.refused <= 2 * (4 - limit) + CUT.count, "a refused connection is not asked for again and again"


@to_ends("file")
def test_no_more_places_are_given_up_than_the_server_lacks(route: Route, server: FtpServer) -> None:
    """libcurl closes a connection after each part, which the server notices when the next one is there already."""
    origin = route.put(DATA)
    server.rules.limit = 2
    server.when_sent(SIZE // 2, lambda: setattr(server, "most_at_once", 0))
    many = Plan(size=SIZE, part_size=1 << 17)
    moved = list(route.mover(origin).move(many.parts()))
    assert route.end.content(moved) == DATA
    assert server.most_at_once == 2


@to_ends("file")
def test_a_limit_is_met_on_the_way_to_a_file_too(route: Route, server: FtpServer) -> None:
    origin = route.put(DATA)
    server.rules.limit = 1
    check(route, move(route, origin))


def test_one_process_shares_the_few_connections_of_a_file_server(
    route: Route,
    server: FtpServer,
    settings: CurlSettings,
    hasty_clock: HastyClock,
    s3_access: S3Access,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "BYTES_WORTH_A_PROCESS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr(workers, "_WorkerPool", None)  # what would start others
    route.movers = ProcessMovers(settings, s3_access, hasty_clock)
    origin = route.put(DATA)
    server.rules.limit = 1
    check(route, move(route, origin))


def test_a_part_that_lost_its_connection_continues_at_the_next_byte(
    route: Route, server: FtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the part is without a connection, somebody else takes the only place: twice, for less than is borne."""
    monkeypatch.setattr(admission, "OVER_CAPACITY_ATTEMPTS", 5)
    origin = route.put(DATA)
    route.slots = 1

    def full() -> None:
        server.rules.limit = 0
        server.when_refused(3, lambda: setattr(server.rules, "limit", 1))

    server.rules.drop = Drop(after=70_000, times=2, control=True)
    server.when_sent(70_000, full)
    server.when_sent(140_000, full)
    moved = move(route, origin)
    check(route, moved)
    assert server.refused == 6
    assert sum(part.retries for part in moved) == 2 + 6
    assert route.tally.taken_back == 0, "no byte is to be moved twice"


def test_a_server_that_stays_full_is_given_up(route: Route, server: FtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "OVER_CAPACITY_ATTEMPTS", 3)
    origin = route.put(DATA)
    server.rules.limit = 0
    with pytest.raises(SourceBusy) as caught:
        move(route, origin)
    assert caught.type is SourceBusy
    assert server.refused == 2 * (4 + 3 - 1)


def test_a_probe_waits_for_a_place(server: FtpServer, curl_settings: CurlSettings) -> None:
    clock = FakeClock()
    url = parse_source(server.add(NAME, DATA))
    server.rules.limit = 0
    server.when_refused(6, lambda: setattr(server.rules, "limit", 1))
    assert CurlSource(curl_settings, clock).probe(url).size == SIZE
    assert len(clock.slept) == 6


def test_a_probe_does_not_wait_for_ever(server: FtpServer, curl_settings: CurlSettings) -> None:
    clock = FakeClock()
    url = parse_source(server.add(NAME, DATA))
    server.rules.limit = 0
    with pytest.raises(SourceBusy) as caught:
        CurlSource(curl_settings, clock).probe(url)
    assert caught.type is SourceBusy
    assert 20 < clock.seconds < 120


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("421 There are too many connected users, please try later.", SourceBusy),
        ("421 Service not available.", SourceBusy),
        ("530 Sorry, no more anonymous users", SourceBusy),
        ("530 The server is full.", SourceBusy),
        ("530 Login incorrect.", AccessDenied),
        ("530 Maximum login attempts exceeded.", AccessDenied),
        ("530 Too many failures with that password.", AccessDenied),
    ],
)
def test_a_full_server_is_told_from_one_that_refuses_the_login(
    server: FtpServer, curl_settings: CurlSettings, words: str, error: type[Exception]
) -> None:
    url = parse_source(server.add(NAME, DATA))
    server.rules.limit, server.rules.refuse, server.rules.words = 0, "login", words
    with pytest.raises(error) as caught:
        CurlSource(curl_settings, FakeClock()).probe(url)
    assert caught.type is error
