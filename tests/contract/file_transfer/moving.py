"""What the tests of file servers move, and what they hold it to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from contract.file_servers import FileServer
from contract.routes import NAME, ObjectEnd, Route
from s3am_cloud.checksums.crc64nvme import update
from s3am_cloud.limits import MIN_PART
from s3am_cloud.model import MovedPart, PinnedSource, Plan, SourceInfo
from servers.content import pattern

if TYPE_CHECKING:
    pass

PART = MIN_PART
SIZE = 3 * PART + 100_000
DATA = pattern(SIZE)
OTHER = pattern(SIZE, 9)
CUT = Plan(size=SIZE, part_size=PART)
WHOLE = Plan(size=SIZE, part_size=SIZE)
PLAIN = ["ftp", "ftps"]
ALL = ["ftp", "ftps", "sftp"]


def for_kinds(*kinds: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("server", kinds, indirect=True)


def to_ends(*ends: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("route", ends, indirect=True)


Probe = Callable[[str], SourceInfo]


def cut_for(route: Route) -> Plan:
    return WHOLE if isinstance(route.end, ObjectEnd) else CUT


def move(route: Route, origin: PinnedSource) -> list[MovedPart]:
    return list(route.mover(origin).move(cut_for(route).parts()))


def check(route: Route, moved: list[MovedPart]) -> None:
    assert {part.number: part.crc for part in moved} == {
        part.number: update(0, DATA[part.first : part.last + 1]) for part in cut_for(route).parts()
    }
    assert route.tally.bytes == SIZE
    assert route.end.content(moved) == DATA


def replacing(server: FileServer, data: bytes, modified: int) -> Callable[[], None]:
    def replace() -> None:
        server.add(NAME, data, modified)

    return replace
