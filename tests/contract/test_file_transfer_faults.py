"""What is done about file servers that are full, break off, change their files, or refuse."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
import msgspec
import pytest

from contract.conftest import HastyClock
from contract.file_servers import FileServer, file_server_case, trusting
from contract.routes import NAME, End, FileEnd, ObjectEnd, PartEnd, Route
from s3am_cloud.adapters.curl import crowd
from s3am_cloud.adapters.curl.easy import CurlSettings
from s3am_cloud.adapters.curl.movers import CurlMovers
from s3am_cloud.adapters.curl.readers import CurlReaders
from s3am_cloud.adapters.curl.source import CurlSource
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.checksum import update
from s3am_cloud.errors import AccessDenied, BadSource, SourceBusy, SourceChanged, SourceNotFound, SourceUnavailable
from s3am_cloud.limits import ATTEMPTS, MIN_PART
from s3am_cloud.model import MovedPart, Origin, Plan, SourceInfo
from s3am_cloud.urls import parse_source
from s3am_cloud_cli import processes
from s3am_cloud_cli.processes import ProcessMovers
from servers.content import pattern
from servers.ftp import START, USER, Drop, FtpServer
from servers.sftp import SftpServer
from unit.fakes import FakeClock

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

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
    return pytest.mark.parametrize("way", ends, indirect=True)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> FileServer:
    """The server of the kind that the test's parameter names, plain FTP where it names none."""
    found: FileServer = request.getfixturevalue(f"{getattr(request, 'param', 'ftp')}_server")
    return found


@pytest.fixture
def settings(server: FileServer, curl_settings: CurlSettings) -> CurlSettings:
    return msgspec.structs.replace(trusting(curl_settings, server), stall_seconds=2)


@pytest.fixture
def way(
    request: pytest.FixtureRequest,
    server: FileServer,
    settings: CurlSettings,
    hasty_clock: HastyClock,
    s3_access: S3Access,
    s3_client: S3Client,
    bucket: str,
    tmp_path: Path,
) -> Route:
    """From the server into the parts of an upload, or where the test's parameter says."""
    store = S3Store(s3_access, FakeClock())
    ends: dict[str, Callable[[], End]] = {
        "parts": lambda: PartEnd(store, s3_client, bucket),
        "object": lambda: ObjectEnd(store, s3_client, bucket),
        "file": lambda: FileEnd(tmp_path / "moved"),
    }
    case = file_server_case(server, settings, hasty_clock)
    return Route(case, CurlMovers(settings, s3_access, hasty_clock), ends[getattr(request, "param", "parts")]())


def cut_for(way: Route) -> Plan:
    return WHOLE if isinstance(way.end, ObjectEnd) else CUT


def move(way: Route, origin: Origin) -> list[MovedPart]:
    return list(way.mover(origin).move(cut_for(way).parts()))


def check(way: Route, moved: list[MovedPart]) -> None:
    assert {part.number: part.crc for part in moved} == {
        part.number: update(0, DATA[part.first : part.last + 1]) for part in cut_for(way).parts()
    }
    assert way.tally.bytes == SIZE
    assert way.end.content(moved) == DATA


def replacing(server: FileServer, data: bytes, modified: int) -> Callable[[], None]:
    def replace() -> None:
        server.add(NAME, data, modified)

    return replace


# --- a server that lets few connections in ---


@for_kinds(*PLAIN)
@pytest.mark.parametrize("refuse", ["connect", "login"])
@pytest.mark.parametrize("limit", [1, 2])
def test_a_limit_of_connections_is_met_by_narrowing(way: Route, server: FtpServer, refuse: str, limit: int) -> None:
    origin = way.put(DATA)
    server.rules.limit, server.rules.refuse = limit, "connect" if refuse == "connect" else "login"
    check(way, move(way, origin))
    assert server.most_at_once == limit
    assert server.refused <= 2 * (4 - limit) + CUT.count, "a refused connection is not asked for again and again"


@to_ends("file")
def test_no_more_places_are_given_up_than_the_server_lacks(way: Route, server: FtpServer) -> None:
    """libcurl closes a connection after each part, which the server notices when the next one is there already."""
    origin = way.put(DATA)
    server.rules.limit = 2
    server.when_sent(SIZE // 2, lambda: setattr(server, "most_at_once", 0))
    many = Plan(size=SIZE, part_size=1 << 17)
    moved = list(way.mover(origin).move(many.parts()))
    assert way.end.content(moved) == DATA
    assert server.most_at_once == 2


@to_ends("file")
def test_a_limit_is_met_on_the_way_to_a_file_too(way: Route, server: FtpServer) -> None:
    origin = way.put(DATA)
    server.rules.limit = 1
    check(way, move(way, origin))


def test_more_processes_do_not_run_into_each_others_limit(
    way: Route,
    server: FtpServer,
    settings: CurlSettings,
    hasty_clock: HastyClock,
    s3_access: S3Access,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(processes, "BYTES_WORTH_A_PROCESS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    way.movers = ProcessMovers(settings, s3_access, hasty_clock)
    origin = way.put(DATA)
    server.rules.limit = 1
    check(way, move(way, origin))


def test_a_part_that_lost_its_connection_midway_waits_for_a_place_and_goes_on_at_the_next_byte(
    way: Route, server: FtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the part is without a connection, somebody else takes the only place: twice, for less than is borne."""
    monkeypatch.setattr(crowd, "CROWD_ATTEMPTS", 5)
    origin = way.put(DATA)
    way.slots = 1

    def full() -> None:
        server.rules.limit = 0
        server.when_refused(3, lambda: setattr(server.rules, "limit", 1))

    server.rules.drop = Drop(after=70_000, times=2, control=True)
    server.when_sent(70_000, full)
    server.when_sent(140_000, full)
    moved = move(way, origin)
    check(way, moved)
    assert server.refused == 6
    assert sum(part.retries for part in moved) == 2 + 6
    assert way.tally.taken_back == 0, "no byte is to be moved twice"


def test_a_server_that_stays_full_is_given_up(way: Route, server: FtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "CROWD_ATTEMPTS", 3)
    origin = way.put(DATA)
    server.rules.limit = 0
    with pytest.raises(SourceBusy) as caught:
        move(way, origin)
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


# --- connections that break ---


@for_kinds(*PLAIN)
@pytest.mark.parametrize("control", [False, True], ids=["data", "control"])
def test_an_ftp_connection_that_breaks_goes_on_at_the_next_byte(way: Route, server: FtpServer, control: bool) -> None:
    origin = way.put(DATA)
    server.rules.drop = Drop(after=2_000_000, times=3, control=control)
    moved = move(way, origin)
    check(way, moved)
    assert sum(part.retries for part in moved) == 3
    assert way.tally.taken_back == 0, "no byte is to be moved twice"


@to_ends("parts", "object", "file")
@for_kinds("sftp")
def test_an_sftp_connection_that_breaks_goes_on_at_the_next_byte(way: Route, server: SftpServer) -> None:
    origin = way.put(DATA)
    server.rules.drop_after, server.rules.drops = 2_000_000, 3
    moved = move(way, origin)
    check(way, moved)
    assert sum(part.retries for part in moved) == 3
    assert way.tally.taken_back == 0, "no byte is to be moved twice"


def test_a_server_that_gives_no_byte_is_given_up(way: Route, server: FtpServer) -> None:
    origin = way.put(DATA)
    server.rules.drop = Drop(after=0, times=1000)
    way.slots = 1
    with pytest.raises(SourceUnavailable):
        move(way, origin)
    assert 1000 - server.rules.drop.times == ATTEMPTS


def test_each_part_is_asked_for_once_and_from_its_own_offset(way: Route, server: FtpServer) -> None:
    origin = way.put(DATA)
    way.slots = 2
    check(way, move(way, origin))
    assert len(server.commands("RETR")) == CUT.count
    offsets = [int(line.split()[1]) for line in server.commands("REST")]
    assert sorted(filter(None, offsets)) == [part.first for part in CUT.parts() if part.first]


# --- files that change ---


@to_ends("parts", "object", "file")
@for_kinds(*ALL)
@pytest.mark.parametrize("at", [1, PART + PART // 2, SIZE - 1], ids=["first byte", "midway", "last byte"])
def test_a_file_that_is_replaced_while_it_is_moved_is_never_taken_for_the_one_that_was_probed(
    way: Route, server: FileServer, at: int
) -> None:
    origin = way.put(DATA)
    way.slots = 1
    server.when_sent(at, replacing(server, OTHER, START + 1000))
    with pytest.raises(SourceChanged):
        move(way, origin)
    if isinstance(way.end, ObjectEnd):
        assert way.end.store.head(way.end.target) is None, "an object of the wrong version was put"


@for_kinds("ftp", "sftp")
def test_a_file_that_became_shorter_is_another_one(way: Route, server: FileServer) -> None:
    origin = way.put(DATA)
    server.add(NAME, DATA[:PART], START + 1)
    with pytest.raises(SourceChanged):
        list(way.mover(origin).move([CUT.part(3)]))


def test_a_file_that_grew_within_its_second_is_another_one(way: Route, server: FtpServer) -> None:
    """Its date tells nothing, and its size is asked for when all parts have been moved."""
    origin = way.put(DATA)
    server.when_sent(SIZE - 1000, replacing(server, DATA + b"more", START + 1))
    with pytest.raises(SourceChanged, match="bytes now"):
        move(way, origin)


def test_the_file_is_asked_for_again_once_and_not_for_each_part(way: Route, server: FtpServer) -> None:
    origin = way.put(DATA)
    before = len(server.sessions)
    check(way, move(way, origin))
    questions = [one for one in server.sessions[before:] if not one.named("RETR")]
    assert len(questions) == 1
    assert len(server.sessions) - before == CUT.count + 1


def test_parts_moved_by_several_runs_are_each_held_to_the_probed_version(way: Route, server: FtpServer) -> None:
    origin = way.put(DATA)
    mover = way.mover(origin)
    list(mover.move([CUT.part(1)]))
    server.add(NAME, OTHER, START + 1000)
    with pytest.raises(SourceChanged):
        next(mover.move([CUT.part(2)]))


# --- servers that know less than others ---


@pytest.fixture
def probe(server: FileServer, settings: CurlSettings) -> Callable[[str], SourceInfo]:
    return lambda url: CurlSource(settings, FakeClock()).probe(parse_source(url))


Probe = Callable[[str], SourceInfo]


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
def test_a_server_without_rest_serves_no_ranges_and_is_read_from_the_start(way: Route, server: FtpServer) -> None:
    server.rules.unknown = frozenset({"REST"})
    origin = way.put(DATA)
    assert (origin.info.size, origin.info.ranges) == (SIZE, False)
    check(way, move(way, origin))


@to_ends("object", "file")
def test_without_rest_a_broken_connection_begins_anew_and_takes_its_progress_back(
    way: Route, server: FtpServer
) -> None:
    server.rules.unknown = frozenset({"REST"})
    origin = way.put(DATA)
    server.rules.drop = Drop(after=2_000_000, times=1)
    moved = list(way.mover(origin).move(WHOLE.parts()))
    assert way.end.content(moved) == DATA
    assert (way.tally.bytes, way.tally.taken_back) == (SIZE, 2_000_000)


@for_kinds(*PLAIN)
def test_a_server_without_epsv_is_read_by_pasv(way: Route, server: FtpServer) -> None:
    server.rules.unknown = frozenset({"EPSV"})
    check(way, move(way, way.put(DATA)))
    assert server.commands("PASV")


# --- what is refused ---


@for_kinds(*ALL)
@pytest.mark.parametrize("name", ["missing", "no/such/folder"])
def test_what_is_not_there_is_not_found(server: FileServer, probe: Probe, name: str) -> None:
    with pytest.raises(SourceNotFound):
        probe(server.url(f"/~/{name}" if isinstance(server, SftpServer) else name))


@for_kinds("ftp")
def test_a_file_that_may_not_be_read_is_denied(server: FtpServer, probe: Probe) -> None:
    url = server.add(NAME, DATA)
    server.rules.denied = frozenset({NAME})
    with pytest.raises(AccessDenied):
        probe(url)


@for_kinds(*ALL)
def test_a_folder_is_no_source(server: FileServer, probe: Probe) -> None:
    with pytest.raises(BadSource, match="folder"):
        probe(server.url("/home/"))


@for_kinds(*ALL)
def test_a_wrong_password_is_refused_and_never_shown(server: FileServer, probe: Probe) -> None:
    server.add(NAME, DATA)
    with pytest.raises(AccessDenied) as caught:
        probe(server.url(f"/home/{NAME}", login=f"{USER}:wr0ng"))
    told = f"{caught.value!r} {caught.value.hint}"
    assert "wr0ng" not in told
    assert USER not in told


@for_kinds("ftps")
def test_a_certificate_that_nobody_vouches_for_is_refused(server: FtpServer, curl_settings: CurlSettings) -> None:
    with pytest.raises(BadSource, match="certificate"):
        CurlSource(curl_settings, FakeClock()).probe(parse_source(server.add(NAME, DATA)))
    assert server.commands("PASS") == []


# --- whom an SFTP client trusts, and as whom it comes ---


@for_kinds("sftp")
def test_an_unknown_ssh_server_is_refused_with_a_way_out(server: SftpServer, probe: Probe) -> None:
    url = server.add(NAME, DATA)
    server.know()
    with pytest.raises(BadSource, match="not in known_hosts") as caught:
        probe(url)
    assert "S3AM_CLOUD_SSH_KNOWN_HOSTS" in caught.value.hint
    assert server.logins == []


@for_kinds("sftp")
def test_without_a_known_hosts_file_no_ssh_server_is_known(server: SftpServer, probe: Probe) -> None:
    url = server.add(NAME, DATA)
    server.known_hosts.unlink()
    with pytest.raises(BadSource, match="not in known_hosts"):
        probe(url)


@for_kinds("sftp")
@pytest.mark.parametrize(
    ("kind", "words"), [("ssh-ed25519", "another server"), ("ecdsa-sha2-nistp256", "of the kind that known_hosts has")]
)
def test_an_ssh_server_with_another_key_than_it_had_is_refused(
    server: SftpServer, probe: Probe, kind: str, words: str
) -> None:
    url = server.add(NAME, DATA)
    server.know(asyncssh.generate_private_key(kind))
    with pytest.raises(BadSource, match=words):
        probe(url)
    assert server.logins == []


@for_kinds("sftp")
def test_the_users_own_known_hosts_and_key_are_used_where_none_are_named(
    server: SftpServer, curl_settings: CurlSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add(NAME, DATA)
    folder = tmp_path / "somebody" / ".ssh"
    folder.mkdir(parents=True)
    for path in (server.known_hosts, server.client_key):
        os.link(path, folder / path.name)
    monkeypatch.setenv("HOME", str(folder.parent))
    url = parse_source(server.url(f"/home/{NAME}", login=USER))
    assert CurlSource(curl_settings, FakeClock()).probe(url).size == SIZE
    assert set(server.logins) == {"key"}


@for_kinds("sftp")
def test_a_key_may_be_named(server: SftpServer, settings: CurlSettings) -> None:
    server.add(NAME, DATA)
    named = msgspec.structs.replace(settings, ssh_key=str(server.client_key))
    assert CurlSource(named, FakeClock()).probe(parse_source(server.url(f"/home/{NAME}", login=USER))).size == SIZE
    assert set(server.logins) == {"key"}


# --- logins from ~/.netrc ---


@pytest.fixture
def netrc(server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text('machine 127.0.0.1\nlogin ann\npassword "s3cret/@:é"\n')
    monkeypatch.setenv("HOME", str(tmp_path))


@for_kinds(*ALL)
@pytest.mark.usefixtures("netrc")
def test_a_login_is_looked_up_where_the_user_wants_that_and_the_url_has_none(
    server: FileServer, settings: CurlSettings, way: Route, s3_access: S3Access
) -> None:
    server.add(NAME, DATA)
    path = f"/home/{NAME}"
    url = parse_source(server.url(path, login=None))
    with pytest.raises(AccessDenied):
        CurlSource(settings, FakeClock()).probe(url)
    asking = msgspec.structs.replace(settings, netrc=True)
    info = CurlSource(asking, FakeClock()).probe(url)
    assert info.size == SIZE
    way.movers = CurlMovers(asking, s3_access, HastyClock())
    check(way, move(way, Origin(url=url.url, info=info)))


@for_kinds("ftp")
@pytest.mark.usefixtures("netrc")
def test_a_login_in_the_url_counts_more_than_one_that_is_looked_up(server: FtpServer, settings: CurlSettings) -> None:
    server.add(NAME, DATA)
    asking = msgspec.structs.replace(settings, netrc=True)
    with pytest.raises(AccessDenied):
        CurlSource(asking, FakeClock()).probe(parse_source(server.url(NAME, login=f"{USER}:wr0ng")))


# --- servers that can be read in one go only ---


def read_in_order(origin: Origin, settings: CurlSettings) -> bytes:
    readers = CurlReaders(settings, S3Access(S3Settings()), HastyClock())
    return b"".join(bytes(view) for view in readers(origin, 1, lambda count: None).read())


@for_kinds(*PLAIN)
@pytest.mark.parametrize("unknown", [{"REST"}, {"SIZE"}, {"SIZE", "REST", "MDTM"}], ids="-".join)
def test_a_stream_arrives_whole(server: FtpServer, settings: CurlSettings, unknown: set[str]) -> None:
    server.rules.unknown = frozenset(unknown)
    url = parse_source(server.add(NAME, DATA))
    info = CurlSource(settings, FakeClock()).probe(url)
    assert not info.ranges
    assert read_in_order(Origin(url=url.url, info=info), settings) == DATA


@for_kinds(*PLAIN)
@pytest.mark.parametrize("control", [False, True], ids=["data", "control"])
def test_a_stream_of_unknown_size_that_breaks_is_not_taken_for_a_shorter_file(
    server: FtpServer, settings: CurlSettings, control: bool
) -> None:
    server.rules.unknown = frozenset({"SIZE"})
    url = parse_source(server.add(NAME, DATA))
    info = CurlSource(settings, FakeClock()).probe(url)
    server.rules.drop = Drop(after=SIZE - 1000, times=100, control=control)
    with pytest.raises(SourceUnavailable):
        read_in_order(Origin(url=url.url, info=info), settings)


@for_kinds("ftp")
@pytest.mark.parametrize("unknown", [{"REST"}, {"SIZE"}], ids="-".join)
def test_a_stream_whose_file_was_replaced_midway_is_not_taken_for_the_one_that_was_probed(
    server: FtpServer, settings: CurlSettings, unknown: set[str]
) -> None:
    server.rules.unknown = frozenset(unknown)
    url = parse_source(server.add(NAME, DATA))
    info = CurlSource(settings, FakeClock()).probe(url)
    server.when_sent(SIZE // 2, replacing(server, OTHER, START + 1000))
    with pytest.raises(SourceChanged):
        read_in_order(Origin(url=url.url, info=info), settings)
