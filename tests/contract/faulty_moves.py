"""Moves of a little more than one part, over routes that can be told to fail."""

from __future__ import annotations

import pytest

from contract.routes import NAME, ObjectEnd, Route
from s3am_cloud.checksums.crc64nvme import update
from s3am_cloud.limits import MIN_PART
from s3am_cloud.model import MovedPart, Plan
from servers.content import pattern
from servers.faults import Fault
from servers.faulty_http import FaultyHttp

PART = MIN_PART
SIZE = PART + 100_000
DATA = pattern(SIZE)
CUT = Plan(size=SIZE, part_size=PART)


def from_http(*ends: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("way", [f"http-{end}" for end in ends], indirect=True)


def cut_for(way: Route) -> Plan:
    return Plan(size=SIZE, part_size=SIZE) if isinstance(way.end, ObjectEnd) else CUT


def move(way: Route, server: FaultyHttp, *faults: Fault) -> list[MovedPart]:
    """Moves DATA from a server that serves it well until it is probed, and with these faults from then on."""
    origin = way.put(DATA)
    server.set_faults(f"/{NAME}", *faults)
    return list(way.mover(origin).move(cut_for(way).parts()))


def check(way: Route, moved: list[MovedPart]) -> None:
    assert {part.number: part.crc for part in moved} == {
        part.number: update(0, DATA[part.first : part.last + 1]) for part in cut_for(way).parts()
    }
    assert way.tally.bytes == SIZE
    assert way.end.content(moved) == DATA
