"""The contract of OrderedReader, kept for every kind of origin: in order, of one version, within a bound."""

from __future__ import annotations

import hashlib
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from contract import sources
from contract.conftest import HastyClock
from contract.routes import NAME, Tally
from contract.sources import SourceCase
from s3am_cloud.adapters.curl.reading.factory import CurlReaders
from s3am_cloud.adapters.curl.reading.reader import buffers
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.memory.reader import MemoryReaders
from s3am_cloud.adapters.memory.transfer import MemoryStore
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.checksums.digests import Crc
from s3am_cloud.errors import SourceChanged, SourceNotFound, SourceUnavailable
from s3am_cloud.integrity.compute import digest
from s3am_cloud.limits import CURL_BUFFER, MAX_PIECE, MIB
from s3am_cloud.model import PinnedSource, SourceInfo
from s3am_cloud.ports.transfer import OrderedReader, Readers
from s3am_cloud.urls import parse_source
from servers.content import Pattern, pattern
from servers.faults import (
    ContentChanges,
    Fault,
    IgnoreConditions,
    IgnoreRanges,
    Reset,
    Slow,
    Status,
    Truncate,
    WrongContentRange,
)
from servers.faulty_http import FaultyHttp
from servers.http_model import Request
from support.fakes import FakeClock

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PIECE = 256 * 1024
SLOTS = 3
SIZES = [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 5 * PIECE // 2, 9 * PIECE + 1]


@dataclass
class Case:
    """A source with a way to fill it, and what reads it."""

    source: SourceCase
    readers: Readers
    tally: Tally

    def put(self, data: bytes) -> PinnedSource:
        url = self.source.put(NAME, data)
        return PinnedSource(source=url, info=self.source.source.probe(url))

    def reader(self, origin: PinnedSource, slots: int = SLOTS) -> OrderedReader:
        return self.readers(origin, slots, self.tally, PIECE)

    def read(self, origin: PinnedSource) -> bytes:
        return b"".join(bytes(view) for view in self.reader(origin).read())


@pytest.fixture(params=["memory", "file", "http", "s3"])
def case(request: pytest.FixtureRequest, tmp_path: Path, curl_settings: CurlSettings, hasty_clock: HastyClock) -> Case:
    """Every kind of origin in turn."""
    if request.param == "memory":
        memory = sources.MemoryCase()
        return Case(memory, MemoryReaders(memory.source, MemoryStore()), Tally())
    if request.param == "file":
        access = S3Access(S3Settings())
        return Case(sources.FileCase(tmp_path), CurlReaders(curl_settings, access, hasty_clock), Tally())
    if request.param == "http":
        case: Case = request.getfixturevalue("http_case")
        return case
    access = request.getfixturevalue("s3_access")
    client: S3Client = request.getfixturevalue("s3_client")
    stored = sources.S3Case(S3Store(access, FakeClock()), client, request.getfixturevalue("bucket"))
    return Case(stored, CurlReaders(curl_settings, access, hasty_clock), Tally())


@pytest.fixture
def http_case(http_server: FaultyHttp, curl_settings: CurlSettings, hasty_clock: HastyClock) -> Case:
    source = sources.HttpCase(CurlSource(curl_settings, hasty_clock), http_server)
    return Case(source, CurlReaders(curl_settings, S3Access(S3Settings()), hasty_clock), Tally())


Served = Callable[..., PinnedSource]


@pytest.fixture
def served(http_case: Case, http_server: FaultyHttp) -> Served:
    """An origin of several pieces over HTTP whose reading, not its probe, meets these faults."""

    def serve(data: bytes, *faults: Fault, ranges: bool = True) -> PinnedSource:
        url = http_server.add("/served", data, *faults, etag='"e"')
        return PinnedSource(source=parse_source(url), info=SourceInfo(size=len(data), ranges=ranges, etag='"e"'))

    return serve


@pytest.mark.parametrize("size", SIZES)
def test_all_bytes_come_in_order(case: Case, size: int) -> None:
    data = pattern(size, size)
    assert case.read(case.put(data)) == data
    assert case.tally.bytes == size


@pytest.mark.parametrize("size", SIZES)
def test_the_pieces_of_a_whole_are_its_bytes_whatever_their_order(case: Case, size: int) -> None:
    data = pattern(size, size)
    seen = {}
    for part, crc in case.reader(case.put(data)).digests(lambda: Crc("crc32")):
        assert crc.hexdigest() == f"{zlib.crc32(data[part.first : part.first + part.length]):08x}"
        seen[part.first] = part.length
    ends = [first + seen[first] for first in sorted(seen)]
    assert [0, *ends][: len(seen)] == sorted(seen)
    assert [0, *ends][-1] == size
    assert case.tally.bytes == size


@pytest.mark.parametrize("size", SIZES)
def test_a_digest_is_that_of_the_whole_by_either_way_of_reading(case: Case, size: int) -> None:
    data = pattern(size, size + 1)
    origin = case.put(data)
    assert digest("sha256", case.reader(origin)) == hashlib.sha256(data).hexdigest()
    assert digest("CRC32", case.reader(origin)) == f"{zlib.crc32(data):08x}"


def test_another_version_than_the_pinned_one_is_refused(case: Case) -> None:
    origin = case.put(pattern(2 * PIECE))
    case.put(pattern(2 * PIECE, 1))
    with pytest.raises(SourceChanged):
        case.read(origin)
    reader = case.reader(origin)
    with pytest.raises(SourceChanged):
        digest("crc32", reader)


def test_more_slots_than_pieces_and_a_single_one_do_as_well(case: Case) -> None:
    data = pattern(3 * PIECE + 5)
    origin = case.put(data)
    for slots in (1, 40):
        assert b"".join(bytes(view) for view in case.reader(origin, slots).read()) == data


def test_a_file_that_grows_while_it_is_read_is_noticed(
    tmp_path: Path, curl_settings: CurlSettings, hasty_clock: HastyClock
) -> None:
    files = Case(sources.FileCase(tmp_path), CurlReaders(curl_settings, S3Access(S3Settings()), hasty_clock), Tally())
    origin = files.put(pattern(2 * MIB))
    reading = files.reader(origin).read()
    next(reading)
    with (tmp_path / NAME).open("ab") as file:
        file.write(b"more")
    with pytest.raises(SourceChanged):
        for _ in reading:
            pass


@pytest.mark.parametrize("fault", [Truncate(after=PIECE // 2, times=2), Reset(after=PIECE // 3, times=3)])
def test_a_broken_connection_goes_on_at_the_next_byte(
    http_case: Case, served: Served, http_server: FaultyHttp, fault: Fault
) -> None:
    data = pattern(6 * PIECE)
    assert http_case.read(served(data, fault)) == data
    assert http_case.tally.bytes == len(data)
    assert http_case.tally.taken_back == 0
    # What a reset drops in flight is asked for anew, and nothing else.
    assert http_server.bytes_sent("/served") < len(data) + PIECE


def test_a_busy_source_is_asked_again(http_case: Case, served: Served) -> None:
    data = pattern(4 * PIECE)
    assert http_case.read(served(data, Status(status=503, times=3))) == data


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Status(status=404, skip=2), SourceNotFound),
        (Status(status=500, skip=2), SourceUnavailable),
        (ContentChanges(to=b"other", skip=2), SourceChanged),
        (WrongContentRange(shift=1, skip=2), SourceChanged),
        (IgnoreRanges(skip=2), SourceChanged),
    ],
)
@pytest.mark.parametrize("algorithm", ["md5", "crc32c"])
def test_what_can_not_be_mended_ends_the_reading_by_its_name(
    http_case: Case, served: Served, fault: Fault, error: type[Exception], algorithm: str
) -> None:
    reader = http_case.reader(served(pattern(6 * PIECE), fault))
    with pytest.raises(error):
        digest(algorithm, reader)


def test_other_content_is_noticed_without_conditional_requests(http_case: Case, served: Served) -> None:
    """Other content is noticed even where the server takes no conditions."""
    faults = (IgnoreConditions(), ContentChanges(to=pattern(6 * PIECE, 1), skip=2))
    origin = served(pattern(6 * PIECE), *faults)
    with pytest.raises(SourceChanged):
        http_case.read(origin)


def test_no_more_is_fetched_ahead_than_the_buffers_hold(
    http_case: Case, served: Served, http_server: FaultyHttp
) -> None:
    count, size = buffers(SLOTS, PIECE)
    assert (count, size) == (2 * SLOTS, PIECE)
    reading = http_case.reader(served(pattern(20 * PIECE))).read()
    for wanted in range(3):
        next(reading)
        assert http_case.tally.bytes <= (count + wanted) * PIECE
        assert len(http_server.requests) <= count + wanted


def _asks_for_the_start(request: Request) -> bool:
    return request.headers.get("range", "").startswith("bytes=0-")


def test_a_slow_range_does_not_keep_the_other_connections_idle(
    http_case: Case, served: Served, http_server: FaultyHttp
) -> None:
    reading = http_case.reader(
        served(pattern(20 * PIECE), Slow(bytes_per_second=2 * PIECE, where=_asks_for_the_start))
    ).read()
    next(reading)
    assert http_case.tally.bytes == 2 * SLOTS * PIECE


def test_several_connections_read_at_once(http_case: Case, served: Served, http_server: FaultyHttp) -> None:
    origin = served(pattern(6 * PIECE), Slow(bytes_per_second=2 * MIB))
    http_case.read(origin)
    assert http_server.most_at_once == SLOTS


def test_a_source_without_ranges_is_read_through_one_bounded_buffer(http_case: Case, served: Served) -> None:
    data = pattern(2 * MAX_PIECE + 1)
    origin = served(data, IgnoreRanges(), ranges=False)
    views = 0
    whole = hashlib.sha256()
    for view in http_case.reader(origin).read():
        assert len(view) <= MAX_PIECE
        whole.update(view)
        views += 1
    assert whole.digest() == hashlib.sha256(data).digest()
    assert views >= 3
    assert digest("crc32", http_case.reader(origin)) == f"{zlib.crc32(data):08x}"


def test_a_source_without_ranges_that_breaks_unseen_begins_anew(http_case: Case, served: Served) -> None:
    """A source without ranges that breaks begins anew as long as nobody saw a byte."""
    data = pattern(MIB)
    assert http_case.read(served(data, IgnoreRanges(), Truncate(after=PIECE, times=1), ranges=False)) == data
    assert http_case.tally.bytes == len(data)
    assert http_case.tally.taken_back > 0


def test_a_source_without_ranges_that_breaks_later_is_given_up(http_case: Case, served: Served) -> None:
    faults = (IgnoreRanges(), Truncate(after=MAX_PIECE + 4 * CURL_BUFFER, times=1))
    origin = served(pattern(2 * MAX_PIECE), *faults, ranges=False)
    with pytest.raises(SourceUnavailable):
        http_case.read(origin)


def test_a_crc_of_a_source_without_ranges_that_breaks_begins_anew(http_case: Case, served: Served) -> None:
    data = pattern(MIB)
    origin = served(data, IgnoreRanges(), Truncate(after=PIECE, times=1), ranges=False)
    assert digest("crc32", http_case.reader(origin)) == f"{zlib.crc32(data):08x}"


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel is asked by way of /proc")
def test_a_reader_that_is_left_early_lets_its_connections_go(http_case: Case, http_server: FaultyHttp) -> None:
    url = http_server.add("/large", Pattern(100 * MIB), etag='"e"')
    reader = http_case.reader(
        PinnedSource(source=parse_source(url), info=SourceInfo(size=100 * MIB, ranges=True, etag='"e"'))
    )
    reading = reader.read()
    next(reading)
    assert _open_to(http_server.port) == SLOTS
    reading.close()  # type: ignore[attr-defined]  # it is a generator
    assert _open_to(http_server.port) == 0


def _open_to(port: int) -> int:
    """How many established connections have that port at their far end."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == "01" for row in rows)
