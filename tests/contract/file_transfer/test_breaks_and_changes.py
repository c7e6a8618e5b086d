"""Connections that break, files that change, and servers that know less than others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract.conftest import HastyClock
from contract.file_servers import FileServer
from contract.routes import NAME, ObjectEnd, Route
from s3am_cloud.adapters.curl.reading.factory import CurlReaders
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.errors import SourceChanged, SourceUnavailable
from s3am_cloud.limits import ATTEMPTS, KIB, WRITE_CHUNKS
from s3am_cloud.model import PinnedSource, SourceInfo
from s3am_cloud.urls import parse_source
from servers.ftp import START, Drop, FtpServer
from servers.sftp import SftpServer
from support.fakes import FakeClock

if TYPE_CHECKING:
    pass

from contract.file_transfer.moving import (
    ALL,
    CUT,
    DATA,
    OTHER,
    PART,
    PLAIN,
    SIZE,
    WHOLE,
    Probe,
    check,
    for_kinds,
    move,
    replacing,
    to_ends,
)

# --- connections that break ---


@for_kinds(*PLAIN)
@pytest.mark.parametrize("control", [False, True], ids=["data", "control"])
def test_an_ftp_connection_that_breaks_goes_on_at_the_next_byte(route: Route, server: FtpServer, control: bool) -> None:
    origin = route.put(DATA)
    server.rules.drop = Drop(after=2_000_000, times=3, control=control)
    moved = move(route, origin)
    check(route, moved)
    assert sum(part.retries for part in moved) == 3
    assert route.tally.taken_back == 0, "no byte is to be moved twice"


@to_ends("parts", "object", "file")
@for_kinds("sftp")
def test_an_sftp_connection_that_breaks_goes_on_at_the_next_byte(route: Route, server: SftpServer) -> None:
    origin = route.put(DATA)
    server.rules.drop_after, server.rules.drops = 2_000_000, 3
    moved = move(route, origin)
    check(route, moved)
    assert sum(part.retries for part in moved) == 3
    assert route.tally.taken_back == 0, "no byte is to be moved twice"


def test_a_server_that_gives_no_byte_is_given_up(route: Route, server: FtpServer) -> None:
    origin = route.put(DATA)
    server.rules.drop = Drop(after=0, times=1000)
    route.slots = 1
    with pytest.raises(SourceUnavailable):
        move(route, origin)
    assert 1000 - server.rules.drop.times == ATTEMPTS


def test_each_part_is_asked_for_once_and_from_its_own_offset(route: Route, server: FtpServer) -> None:
    origin = route.put(DATA)
    route.slots = 2
    check(route, move(route, origin))
    assert len(server.commands("RETR")) == CUT.count + 1  # the probe's look at the last byte
    offsets = [int(line.split()[1]) for line in server.commands("REST")]
    assert sorted(filter(None, offsets)) == [*(part.first for part in CUT.parts() if part.first), SIZE - 1]


# --- files that change ---


@to_ends("parts", "object", "file")
@for_kinds(*ALL)
@pytest.mark.parametrize("at", [1, PART + PART // 2, SIZE - 1], ids=["first byte", "midway", "last byte"])
def test_a_file_replaced_while_it_is_moved_is_not_the_probed_one(route: Route, server: FileServer, at: int) -> None:
    """A file that is replaced while it is moved is never taken for the one that was probed."""
    origin = route.put(DATA)
    route.slots = 1
    server.when_sent(at, replacing(server, OTHER, START + 1000))
    with pytest.raises(SourceChanged):
        move(route, origin)
    if isinstance(route.end, ObjectEnd):
        assert route.end.store.head(route.end.target) is None, "an object of the wrong version was put"


@for_kinds("ftp", "sftp")
def test_a_file_that_became_shorter_is_another_one(route: Route, server: FileServer) -> None:
    origin = route.put(DATA)
    server.add(NAME, DATA[:PART], START + 1)
    with pytest.raises(SourceChanged):
        list(route.mover(origin).move([CUT.part(3)]))


def test_a_file_that_grew_within_its_second_is_another_one(route: Route, server: FtpServer) -> None:
    """Its date tells nothing, and its size is asked for when all parts have been moved."""
    origin = route.put(DATA)
    server.when_sent(SIZE - 1000, replacing(server, DATA + b"more", START + 1))
    with pytest.raises(SourceChanged, match="bytes now"):
        move(route, origin)


def test_the_file_is_asked_for_again_once_and_not_for_each_part(route: Route, server: FtpServer) -> None:
    origin = route.put(DATA)
    before = len(server.sessions)
    check(route, move(route, origin))
    questions = [one for one in server.sessions[before:] if not one.named("RETR")]
    assert len(questions) == 1
    assert len(server.sessions) - before == CUT.count + 1


def test_parts_moved_by_several_runs_are_each_held_to_the_probed_version(route: Route, server: FtpServer) -> None:
    origin = route.put(DATA)
    mover = route.mover(origin)
    list(mover.move([CUT.part(1)]))
    server.add(NAME, OTHER, START + 1000)
    with pytest.raises(SourceChanged):
        next(mover.move([CUT.part(2)]))


# --- servers that know less than others ---


@for_kinds(*ALL)
def test_a_probe_tells_size_and_date(server: FileServer, probe: Probe) -> None:
    assert probe(server.add(NAME, DATA)) == SourceInfo(
        size=SIZE, ranges=True, last_modified="Tue, 14 Nov 2023 22:13:20 GMT"
    )


@for_kinds("ftp")
def test_a_server_without_size_tells_none(server: FtpServer, probe: Probe) -> None:
    server.rules.unknown = frozenset({"SIZE"})
    info = probe(server.add(NAME, DATA))
    assert (info.size, info.ranges) == (None, False)


@for_kinds("ftp")
def test_a_server_without_dates_tells_none(server: FtpServer, probe: Probe) -> None:
    server.rules.unknown = frozenset({"MDTM"})
    assert probe(server.add(NAME, DATA)) == SourceInfo(size=SIZE, ranges=True)


@to_ends("object")
def test_a_server_without_rest_serves_no_ranges_and_is_read_from_the_start(route: Route, server: FtpServer) -> None:
    server.rules.unknown = frozenset({"REST"})
    origin = route.put(DATA)
    assert (origin.info.size, origin.info.ranges) == (SIZE, False)
    check(route, move(route, origin))


@to_ends("object", "file")
def test_without_ranges_a_broken_connection_begins_anew(route: Route, server: FtpServer) -> None:
    """Without REST, a broken connection begins anew and takes its progress back."""
    server.rules.unknown = frozenset({"REST"})
    origin = route.put(DATA)
    server.rules.drop = Drop(after=2_000_000, times=1)
    moved = list(route.mover(origin).move(WHOLE.parts()))
    assert route.end.content(moved) == DATA
    assert route.tally.bytes == SIZE
    # Bytes on their way to a file are counted when they are written, many at once.
    assert 2_000_000 - WRITE_CHUNKS * 16 * KIB < route.tally.taken_back <= 2_000_000


@for_kinds(*PLAIN)
def test_a_server_without_epsv_is_read_by_pasv(route: Route, server: FtpServer) -> None:
    server.rules.unknown = frozenset({"EPSV"})
    check(route, move(route, route.put(DATA)))
    assert server.commands("PASV")


# --- servers that can be read in one go only ---


def read_in_order(origin: PinnedSource, settings: CurlSettings) -> bytes:
    readers = CurlReaders(settings, S3Access(S3Settings()), HastyClock())
    return b"".join(bytes(view) for view in readers(origin, 1, lambda count: None).read())


@for_kinds(*PLAIN)
@pytest.mark.parametrize("unknown", [("REST",), ("SIZE",), ("SIZE", "REST", "MDTM")], ids="-".join)
def test_a_stream_arrives_whole(server: FtpServer, settings: CurlSettings, unknown: tuple[str, ...]) -> None:
    server.rules.unknown = frozenset(unknown)
    url = parse_source(server.add(NAME, DATA))
    info = CurlSource(settings, FakeClock()).probe(url)
    assert not info.ranges
    assert read_in_order(PinnedSource(source=url, info=info), settings) == DATA


@for_kinds(*PLAIN)
@pytest.mark.parametrize("control", [False, True], ids=["data", "control"])
def test_a_stream_of_unknown_size_that_breaks_is_no_shorter_file(
    server: FtpServer, settings: CurlSettings, control: bool
) -> None:
    """A stream of unknown size that breaks is not taken for a shorter file."""
    server.rules.unknown = frozenset({"SIZE"})
    url = parse_source(server.add(NAME, DATA))
    info = CurlSource(settings, FakeClock()).probe(url)
    server.rules.drop = Drop(after=SIZE - 1000, times=100, control=control)
    with pytest.raises(SourceUnavailable):
        read_in_order(PinnedSource(source=url, info=info), settings)


@for_kinds("ftp")
@pytest.mark.parametrize("unknown", [("REST",), ("SIZE",)], ids="-".join)
def test_a_stream_whose_file_was_replaced_midway_is_refused(
    server: FtpServer, settings: CurlSettings, unknown: tuple[str, ...]
) -> None:
    """A stream whose file was replaced midway is not taken for the one that was probed."""
    server.rules.unknown = frozenset(unknown)
    url = parse_source(server.add(NAME, DATA))
    info = CurlSource(settings, FakeClock()).probe(url)
    server.when_sent(SIZE // 2, replacing(server, OTHER, START + 1000))
    with pytest.raises(SourceChanged):
        read_in_order(PinnedSource(source=url, info=info), settings)
