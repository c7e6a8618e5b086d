"""The contract of Mover, kept on every route."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from contract import sources
from contract.conftest import HastyClock
from contract.file_servers import FileServer, file_server_case, trusting
from contract.routes import NAME, End, FileEnd, ObjectEnd, PartEnd, Route, memory_route
from contract.sources import SourceCase
from s3am_cloud.adapters.curl.movers import CurlMovers
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.checksums.crc64nvme import update
from s3am_cloud.errors import ObjectExists, SourceChanged, SourceNotFound, UploadGone
from s3am_cloud.limits import MIN_PART
from s3am_cloud.model import MovedPart, PinnedSource, Plan
from s3am_cloud.ports.transfer import Movers
from s3am_cloud.urls import FILE_TRANSFER_SCHEMES
from s3am_cloud_client.inprocess import workers
from s3am_cloud_client.inprocess.workers import ProcessMovers
from servers.content import pattern
from servers.faults import Slow
from servers.faulty_http import FaultyHttp
from support.fakes import FakeClock

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART = MIN_PART
SIZES = [0, 1, PART - 1, PART, PART + 1, 2 * PART, 5 * PART // 2]
# Where from, where to, over what.
TO_PARTS = [
    "memory-parts-memory",
    "file-parts-curl",
    "http-parts-curl",
    "ftp-parts-curl",
    "ftps-parts-curl",
    "sftp-parts-curl",
    "s3-parts-curl",
]
TO_OBJECT = ["memory-object-memory", "file-object-curl", "http-object-curl", "ftp-object-curl", "sftp-object-curl"]
TO_FILE = ["memory-file-memory", "s3-file-curl", "http-file-curl", "ftp-file-curl"]
OVER_PROCESSES = ["http-parts-processes", "file-parts-processes", "s3-file-processes"]


@pytest.fixture
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "BYTES_WORTH_A_PROCESS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)


@pytest.fixture
def way(request: pytest.FixtureRequest, tmp_path: Path, curl_settings: CurlSettings, hasty_clock: HastyClock) -> Route:
    """The route that the test's parameter names."""
    start, end, kind = request.param.split("-")
    if kind == "memory":
        return memory_route(end, tmp_path)
    access: S3Access = request.getfixturevalue("s3_access")
    client: S3Client = request.getfixturevalue("s3_client")
    bucket: str = request.getfixturevalue("bucket")
    store = S3Store(access, FakeClock())
    starts: dict[str, Callable[[], SourceCase]] = {
        "file": lambda: sources.FileCase(tmp_path),
        "http": lambda: sources.HttpCase(
            CurlSource(curl_settings, hasty_clock), request.getfixturevalue("http_server")
        ),
        "s3": lambda: sources.S3Case(store, client, bucket),
    }
    if start in FILE_TRANSFER_SCHEMES:
        server: FileServer = request.getfixturevalue(f"{start}_server")
        curl_settings = trusting(curl_settings, server)
        starts[start] = lambda: file_server_case(server, curl_settings, hasty_clock)
    ends: dict[str, Callable[[], End]] = {
        "parts": lambda: PartEnd(store, client, bucket),
        "object": lambda: ObjectEnd(store, client, bucket),
        "file": lambda: FileEnd(tmp_path / "moved"),
    }
    if kind == "processes":
        request.getfixturevalue("two_processes")
    kinds: dict[str, Callable[[CurlSettings, S3Access, HastyClock], Movers]] = {
        "curl": CurlMovers,
        "processes": ProcessMovers,
    }
    return Route(starts[start](), kinds[kind](curl_settings, access, hasty_clock), ends[end]())


def plan(size: int) -> Plan:
    return Plan(size=size, part_size=PART)


def move_whole(way: Route, data: bytes, cut: Plan) -> list[MovedPart]:
    return list(way.mover(way.put(data)).move(cut.parts()))


def check_whole(way: Route, data: bytes, cut: Plan, moved: list[MovedPart]) -> None:
    assert sorted((part.number, part.length, part.crc) for part in moved) == [
        (part.number, part.length, update(0, data[part.first : part.first + part.length])) for part in cut.parts()
    ]
    assert way.tally.bytes == len(data)
    assert way.end.content(moved) == data


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("way", [*TO_PARTS, *TO_FILE], indirect=True)
def test_parts_arrive_with_the_crc_of_their_bytes(way: Route, size: int) -> None:
    data = pattern(size, size)
    check_whole(way, data, plan(size), move_whole(way, data, plan(size)))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("way", TO_OBJECT, indirect=True)
def test_the_only_part_becomes_the_object(way: Route, size: int) -> None:
    data, cut = pattern(size, size), Plan(size=size, part_size=max(1, size))
    check_whole(way, data, cut, move_whole(way, data, cut))


@pytest.mark.parametrize("way", OVER_PROCESSES, indirect=True)
def test_processes_share_the_parts_and_lose_none(way: Route) -> None:
    data = pattern(7 * PART // 2)
    check_whole(way, data, plan(len(data)), move_whole(way, data, plan(len(data))))


@pytest.mark.parametrize("way", [*TO_PARTS, "http-parts-processes"], indirect=True)
def test_any_parts_can_be_moved_in_any_order(way: Route) -> None:
    data = pattern(5 * PART // 2)
    cut, origin = plan(len(data)), way.put(data)
    mover = way.mover(origin)
    assert {part.number for part in mover.move([cut.part(3), cut.part(1)])} == {1, 3}
    assert isinstance(way.end, PartEnd)
    assert way.end.upload is not None
    there = list(way.end.store.parts(way.end.upload))
    assert [(part.number, part.length) for part in there] == [(1, PART), (3, PART // 2)]
    assert way.tally.bytes == PART + PART // 2


@pytest.mark.parametrize("way", TO_FILE, indirect=True)
def test_parts_of_a_file_are_written_at_their_own_places_only(way: Route) -> None:
    data = pattern(5 * PART // 2)
    cut, origin = plan(len(data)), way.put(data)
    moved = list(way.mover(origin).move([cut.part(2)]))
    assert way.end.content(moved) == bytes(PART) + data[PART : 2 * PART] + bytes(PART // 2)


@pytest.mark.parametrize("way", [*TO_PARTS, *TO_FILE], indirect=True)
def test_no_parts_are_nothing_to_do(way: Route) -> None:
    assert list(way.mover(way.put(pattern(10))).move([])) == []
    assert way.tally.bytes == 0


@pytest.mark.parametrize("way", TO_PARTS, indirect=True)
def test_a_moved_part_has_the_etag_that_the_store_lists(way: Route) -> None:
    moved = move_whole(way, pattern(PART + 9), plan(PART + 9))
    assert isinstance(way.end, PartEnd)
    assert way.end.upload is not None
    assert {part.number: part.etag for part in moved} == {
        part.number: part.etag for part in way.end.store.parts(way.end.upload)
    }


@pytest.mark.parametrize("way", [*TO_PARTS, *TO_OBJECT, *TO_FILE, "http-parts-processes"], indirect=True)
def test_another_version_of_the_source_is_refused(way: Route) -> None:
    size = PART + 1
    origin = way.put(pattern(size, 1))
    way.case.put(NAME, pattern(size, 2))
    cut = Plan(size=size, part_size=size) if isinstance(way.end, ObjectEnd) else plan(size)
    with pytest.raises(SourceChanged):
        list(way.mover(origin).move(cut.parts()))


@pytest.mark.parametrize("way", [*TO_PARTS, *TO_OBJECT, *TO_FILE], indirect=True)
def test_a_source_that_is_not_there_is_not_found(way: Route) -> None:
    origin = way.put(pattern(10))
    gone = PinnedSource(source=way.case.missing(), info=origin.info)
    with pytest.raises(SourceNotFound):
        list(way.mover(gone).move(plan(10).parts()))


@pytest.mark.parametrize("way", [*TO_PARTS, "http-parts-processes"], indirect=True)
def test_an_upload_that_is_gone_ends_the_move(way: Route) -> None:
    origin = way.put(pattern(PART + 1))
    mover = way.mover(origin)
    assert isinstance(way.end, PartEnd)
    assert way.end.upload is not None
    way.end.store.abort(way.end.upload)
    with pytest.raises(UploadGone):
        list(mover.move(plan(PART + 1).parts()))


@pytest.mark.parametrize("way", TO_OBJECT, indirect=True)
def test_an_object_that_came_to_exist_is_not_replaced(way: Route) -> None:
    data = pattern(1000, 1)
    list(way.mover(way.put(data)).move(plan(1000).parts()))
    with pytest.raises(ObjectExists):
        list(way.mover(way.put(pattern(1000, 2))).move(plan(1000).parts()))
    assert way.end.content([]) == data


@pytest.mark.parametrize("way", TO_OBJECT, indirect=True)
def test_an_object_is_replaced_where_that_is_wanted(way: Route) -> None:
    list(way.mover(way.put(pattern(1000, 1))).move(plan(1000).parts()))
    assert isinstance(way.end, ObjectEnd)
    way.end.overwrite = True
    list(way.mover(way.put(pattern(1000, 2))).move(plan(1000).parts()))
    assert way.end.content([]) == pattern(1000, 2)


@pytest.mark.parametrize("way", [*TO_PARTS, "http-parts-processes"], indirect=True)
def test_a_mover_whose_time_is_up_ends_and_tells_no_part_that_is_not_there(way: Route) -> None:
    way.slots = 1
    data = pattern(5 * PART // 2)
    mover = way.mover(way.put(data))
    moved = list(mover.move(plan(len(data)).parts(), lambda: True))
    assert len(moved) < 3
    assert {part.number for part in moved} <= set(way.stored())


@pytest.mark.parametrize("way", ["http-parts-curl", "http-file-curl"], indirect=True)
def test_no_more_parts_are_in_flight_than_there_are_slots(way: Route, http_server: FaultyHttp) -> None:
    way.slots = 2
    data = pattern(4 * PART)
    origin = way.put(data)
    http_server.set_faults(f"/{NAME}", Slow(bytes_per_second=PART * 10))
    list(way.mover(origin).move(plan(len(data)).parts()))
    assert http_server.most_at_once == 2


@pytest.mark.parametrize("way", ["http-parts-curl"], indirect=True)
def test_each_byte_is_asked_for_once(way: Route, http_server: FaultyHttp) -> None:
    data = pattern(5 * PART // 2)
    move_whole(way, data, plan(len(data)))
    asked = sorted(one.range or "" for one in http_server.requests if one.range != "bytes=0-0")
    parts = plan(len(data)).parts()
    # The last one has no end: a server with more bytes than it said would send them.
    ends = (part.last if part.last + 1 < len(data) else "" for part in plan(len(data)).parts())
    assert asked == sorted(f"bytes={part.first}-{end}" for part, end in zip(parts, ends, strict=True))
    assert http_server.bytes_sent(f"/{NAME}") == len(data) + 1
