"""How many connections a mover has, where nobody has said: as many as are of use, and as the servers bear."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract import sources
from contract.conftest import HastyClock
from contract.crowded_http import CrowdedHttp
from contract.routes import NAME, FileEnd, Route
from contract.test_mover import two_processes
from s3am_cloud import concurrency
from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.curl.movers import CurlMovers
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport import admission
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.errors import SourceBusy
from s3am_cloud.limits import ATTEMPTS, KIB, MIB, MIN_PART, OVER_CAPACITY_ATTEMPTS
from s3am_cloud.model import Plan
from s3am_cloud.ports.transfer import Movers
from s3am_cloud_client.inprocess import workers
from s3am_cloud_client.inprocess.shared_concurrency import Coordinator
from s3am_cloud_client.inprocess.workers import ProcessMovers
from servers.content import pattern
from servers.faults import Reset, Slow, Status
from servers.http_model import Request
from servers.proxy import FaultyProxy
from servers.proxy_rules import SLOW_DOWN, upload_part

RATE = 400_000.0
"""Bytes a second of each request: a part takes 80 ms."""

__all__ = ("two_processes",)


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is found out ten times as fast."""
    monkeypatch.setattr(concurrency, "RATE_SECONDS", 0.1)
    monkeypatch.setattr(concurrency, "SETTLE_SECONDS", 0.05)
    monkeypatch.setattr(concurrency, "RATE_BYTES", 32 * KIB)
    monkeypatch.setattr(admission, "OVER_CAPACITY_SECONDS", 0.06)


@pytest.fixture
def server() -> Iterator[CrowdedHttp]:
    with CrowdedHttp() as http:
        yield http


@pytest.fixture(params=["one process", "two processes"])
def route(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    server: CrowdedHttp,
    s3_access: S3Access,
    curl_settings: CurlSettings,
    hasty_clock: HastyClock,
) -> Route:
    """From the server into a file, over one process or two."""
    movers: Movers = CurlMovers(curl_settings, s3_access, hasty_clock)
    if request.param == "two processes":
        request.getfixturevalue("two_processes")
        movers = ProcessMovers(curl_settings, s3_access, hasty_clock)
    return Route(sources.HttpCase(CurlSource(curl_settings, hasty_clock), server), movers, FileEnd(tmp_path / "moved"))


def move(
    route: Route,
    server: CrowdedHttp,
    slots: int,
    first: int | None,
    most: int = 10**6,
    status: int = 503,
    size: int = 4 * MIB,
    rate: float = RATE,
) -> int:
    """Transfers `size` bytes in parts of 32 KiB; returns how often a part was tried again."""
    data, cut = pattern(size), Plan(size=size, part_size=32 * KIB)
    origin = route.put(data)
    server.set_faults(f"/{NAME}", *server.faults(rate, most, status))
    mover = route.movers(origin, route.end.sink(size), slots, route.tally, first)
    moved = list(mover.move(cut.parts()))
    assert sorted(part.number for part in moved) == list(range(1, cut.count + 1))
    assert route.end.content(moved) == data
    assert route.tally.bytes == size
    return sum(part.retries for part in moved)


def test_connections_begin_few_and_grow_while_that_is_faster(
    route: Route, server: CrowdedHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than the first parts take on a busy machine, so that the sixth request comes before the number grows.
    monkeypatch.setattr(concurrency, "RATE_SECONDS", 0.3)
    move(route, server, slots=16, first=4)
    assert max(server.at_once[:6]) <= 5, "a connection that ends is counted for a moment more"
    assert server.most_at_once == 16
    assert server.refused == 0


def test_a_server_that_is_too_busy_is_left_at_what_it_bears(route: Route, server: CrowdedHttp) -> None:
    retries = move(route, server, slots=32, first=4, most=8)
    begun = next(index for index, many in enumerate(server.at_once) if many > 8)
    assert max(server.at_once[begun + 24 :]) <= 9, "once it was known, no more were begun"
    assert 0 < server.refused <= 16
    assert retries == server.refused


@pytest.mark.parametrize("route", ["two processes"], indirect=True)
def test_a_process_without_a_place_waits_for_one(
    route: Route, server: CrowdedHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved_when_left: list[int] = []

    class Watched(Coordinator):
        def left(self, index: int) -> None:
            moved_when_left.append(sum(self._counters.moved))
            super().left(index)

    monkeypatch.setattr(workers, "Coordinator", Watched)
    move(route, server, slots=16, first=1, size=MIB)
    assert len(moved_when_left) == 2
    assert min(moved_when_left) > MIB // 2, "no process left early"


@pytest.mark.parametrize("status", [421])
@pytest.mark.parametrize("route", ["one process"], indirect=True)
def test_other_words_for_too_busy_are_understood(route: Route, server: CrowdedHttp, status: int) -> None:
    move(route, server, slots=16, first=8, most=3, status=status, size=MIB)
    assert max(server.at_once[-12:]) <= 4


def test_a_server_that_bears_but_one_gets_one_at_a_time(route: Route, server: CrowdedHttp) -> None:
    """Also where one of two processes has no place, and a part that was refused, until the other one is done."""
    move(route, server, slots=8, first=2, most=1, size=MIB // 4)
    assert server.refused <= 16


def test_an_explicit_number_is_obeyed_from_the_start_and_to_the_end(route: Route, server: CrowdedHttp) -> None:
    # Parts that last, so that on a busy machine too the sixth request comes before the first one ends.
    move(route, server, slots=12, first=None, size=2 * MIB, rate=RATE / 4)
    assert max(server.at_once[:8]) >= 6, "of two processes each has half of them, and the other may come later"
    assert 12 <= server.most_at_once <= 13


@pytest.mark.parametrize("route", ["one process"], indirect=True)
def test_with_an_explicit_number_a_refused_part_tries_again_by_itself(route: Route, server: CrowdedHttp) -> None:
    with pytest.raises(SourceBusy):
        move(route, server, slots=1, first=None, most=0, size=KIB)
    assert server.refused == ATTEMPTS < OVER_CAPACITY_ATTEMPTS


@pytest.mark.parametrize("route", ["one process"], indirect=True)
def test_a_server_that_stays_too_busy_is_given_up(
    route: Route, server: CrowdedHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "OVER_CAPACITY_ATTEMPTS", 3)
    with pytest.raises(SourceBusy) as caught:
        move(route, server, slots=16, first=4, most=0)
    assert caught.type is SourceBusy
    assert server.refused <= 4 + 2 + 1


class PatientClock(SystemClock):
    """Dice that let some bytes come between two tries."""

    def random(self) -> float:
        return 0.2


def test_a_part_that_was_begun_waits_for_a_busy_server(
    tmp_path: Path, server: CrowdedHttp, s3_access: S3Access, curl_settings: CurlSettings
) -> None:
    """It keeps what it has, and is refused more often than a part that is alone would try."""
    size, rate = 10 * MIB, 4_000_000
    data, cut = pattern(size), Plan(size=size, part_size=size // 2)
    case = sources.HttpCase(CurlSource(curl_settings, PatientClock()), server)
    route = Route(case, CurlMovers(curl_settings, s3_access, PatientClock()), FileEnd(tmp_path / "moved"))
    origin = route.put(data)

    def goes_on(request: Request) -> bool:
        first = int(request.headers["range"].removeprefix("bytes=").partition("-")[0])
        return first % cut.part_size > 0

    server.set_faults(
        f"/{NAME}",
        Slow(bytes_per_second=rate),
        Reset(after=50_000, times=1),
        Status(status=503, where=goes_on, times=ATTEMPTS + 1),
    )
    moved = list(route.movers(origin, route.end.sink(size), 8, route.tally, 2).move(cut.parts()))
    assert route.end.content(moved) == data
    assert route.tally.taken_back == 0
    assert sum(part.retries for part in moved) == 1 + ATTEMPTS + 1


@pytest.mark.parametrize("way", ["http-parts", "file-parts"], indirect=True)
def test_parts_that_s3_is_too_busy_for_make_way_and_come_back(way: Route, shared_proxy: FaultyProxy) -> None:
    """More often than a part that fails by itself would be tried."""
    data, cut = pattern(MIN_PART + 10), Plan(size=MIN_PART + 10, part_size=MIN_PART)
    origin = way.put(data)
    mover = way.movers(origin, way.end.sink(len(data)), 8, way.tally, 2)
    shared_proxy.add(upload_part(2), SLOW_DOWN, times=ATTEMPTS + 1)
    moved = list(mover.move(cut.parts()))
    assert way.end.content(moved) == data
    assert way.tally.bytes == len(data)
    assert sum(part.retries for part in moved) == ATTEMPTS + 1 < OVER_CAPACITY_ATTEMPTS
