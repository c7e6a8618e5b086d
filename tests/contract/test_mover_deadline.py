"""What a mover does when its time is up: transfers in flight are dropped, and what it told stays true."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from contract.faulty_moves import PART, from_http
from contract.routes import NAME, Route
from s3am_cloud.model import MovedPart, Plan
from s3am_cloud.ports.pace import ShouldStop
from servers.content import pattern
from servers.faults import Slow, Stall
from servers.faulty_http import FaultyHttp

DATA = pattern(4 * PART)
CUT = Plan(size=len(DATA), part_size=PART)
QUICK = (f"bytes=0-{PART - 1}", f"bytes={PART}-")
# The first two parts come at once; the others begin and never end.
STUCK = Stall(after=70_000, where=lambda request: not request.headers.get("range", "").startswith(QUICK))


@pytest.fixture(autouse=True)
def four_slots(way: Route) -> None:
    way.slots = 4


def after(seconds: float) -> ShouldStop:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


@from_http("parts")
def test_parts_in_flight_are_dropped_and_the_next_move_makes_the_whole(way: Route, http_server: FaultyHttp) -> None:
    mover = way.mover(way.put(DATA))
    http_server.set_faults(f"/{NAME}", STUCK)
    moved: list[MovedPart] = []
    for part in mover.move(CUT.parts(), lambda: len(moved) == 2):
        moved.append(part)
    assert sorted(part.number for part in moved) == way.stored() == [1, 2]
    http_server.set_faults(f"/{NAME}")
    moved += mover.move([CUT.part(3), CUT.part(4)])
    assert way.end.content(moved) == DATA


@from_http("parts")
def test_the_connections_of_dropped_parts_are_closed(way: Route, http_server: FaultyHttp) -> None:
    mover = way.mover(way.put(DATA))
    http_server.set_faults(f"/{NAME}", Stall(after=70_000))
    threads = threading.active_count()
    assert list(mover.move(CUT.parts(), after(0.4))) == []
    deadline = time.monotonic() + 5
    while threading.active_count() > threads and time.monotonic() < deadline:
        time.sleep(0.02)
    assert threading.active_count() <= threads, "the server still has somebody to serve"
    assert way.stored() == []


@from_http("parts")
def test_it_is_asked_a_few_times_a_second_however_slow_the_source_is(way: Route, http_server: FaultyHttp) -> None:
    mover = way.mover(way.put(DATA))
    http_server.set_faults(f"/{NAME}", Slow(bytes_per_second=PART / 4))
    asked: list[float] = []

    def should_stop() -> bool:
        asked.append(time.monotonic())
        return asked[-1] - asked[0] > 0.6

    list(mover.move(CUT.parts(), should_stop))
    assert max(later - earlier for earlier, later in itertools.pairwise(asked)) < 0.4
