"""What a mover does when the source or the store misbehaves: it goes on, or names what is wrong, and mixes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from contract import sources
from contract.conftest import HastyClock
from contract.routes import NAME, FileEnd, ObjectEnd, PartEnd, Route
from s3am_cloud.adapters.curl.easy import CurlSettings
from s3am_cloud.adapters.curl.movers import CurlMovers
from s3am_cloud.adapters.curl.source import CurlSource
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.checksum import update
from s3am_cloud.errors import (
    AccessDenied,
    BadSource,
    ChecksumMismatch,
    ObjectExists,
    SourceBusy,
    SourceChanged,
    SourceNotFound,
    SourceUnavailable,
    StoreBusy,
    StoreUnavailable,
)
from s3am_cloud.limits import ATTEMPTS, MIN_PART
from s3am_cloud.model import MovedPart, Plan
from servers.content import pattern
from servers.faults import (
    CapRange,
    ContentChanges,
    Fault,
    Gzipped,
    IgnoreConditions,
    IgnoreRanges,
    NoContentRange,
    Reset,
    Status,
    Truncate,
    WrongContentRange,
)
from servers.faulty_http import FaultyHttp
from servers.http_model import Request
from servers.proxy import FaultyProxy
from servers.proxy_rules import (
    GET_OBJECT,
    INTERNAL_ERROR,
    PUT_OBJECT,
    REQUEST_TIMEOUT,
    SLOW_DOWN,
    UPLOAD_PART,
    Action,
    CutReply,
    FlipRequestBit,
    LoseReply,
    ResetBefore,
    Respond,
    upload_part,
)
from servers.strict_s3 import StrictS3
from unit.fakes import FakeClock

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART = MIN_PART
SIZE = PART + 100_000
DATA = pattern(SIZE)
CUT = Plan(size=SIZE, part_size=PART)


@pytest.fixture(scope="module")
def proxy(strict_s3: StrictS3) -> Iterator[FaultyProxy]:
    """One for all tests here: what a client knows of its endpoint takes longer to find out than a part to move."""
    with FaultyProxy(strict_s3.endpoint_url) as server:
        yield server


@pytest.fixture
def s3_proxy(proxy: FaultyProxy) -> FaultyProxy:
    proxy.clear()
    return proxy


@pytest.fixture(scope="module")
def proxied(proxy: FaultyProxy, s3_environment: None, strict_s3: StrictS3) -> S3Access:
    """A way to the strict S3 server through the faulty proxy."""
    return S3Access(S3Settings(endpoint_url=proxy.endpoint_url, region=strict_s3.region))


@pytest.fixture(params=["http-parts", "http-object", "file-parts", "http-file", "s3-file"])
def way(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    hasty_clock: HastyClock,
    curl_settings: CurlSettings,
    s3_proxy: FaultyProxy,
    proxied: S3Access,
    s3_client: S3Client,
    bucket: str,
    http_server: FaultyHttp,
) -> Route:
    start, end = request.param.split("-")
    store = S3Store(proxied, FakeClock())
    case = {
        "http": sources.HttpCase(CurlSource(curl_settings, hasty_clock), http_server),
        "file": sources.FileCase(tmp_path),
        "s3": sources.S3Case(store, s3_client, bucket),
    }[start]
    ends = {
        "parts": PartEnd(store, s3_client, bucket),
        "object": ObjectEnd(store, s3_client, bucket),
        "file": FileEnd(tmp_path / "moved"),
    }
    movers = CurlMovers(curl_settings, proxied, hasty_clock)
    return Route(case, movers, ends[end], slots=1)


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


@from_http("parts", "object", "file")
@pytest.mark.parametrize(
    "fault",
    [
        Truncate(after=70_000, times=2),
        Reset(after=70_000, times=2),
        Status(status=503, times=2),
        Status(status=500, times=2),
        Status(status=429, times=1, retry_after="0"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_get_that_breaks_goes_on_at_the_next_byte(way: Route, http_server: FaultyHttp, fault: Fault) -> None:
    moved = move(way, http_server, fault)
    check(way, moved)
    assert sum(part.retries for part in moved) == fault.times
    assert way.tally.taken_back == 0, "no byte is to be moved twice"


@from_http("parts", "object")
def test_a_source_without_ranges_begins_anew_and_takes_its_progress_back(way: Route, http_server: FaultyHttp) -> None:
    origin = way.put(DATA)
    origin = msgspec.structs.replace(origin, info=msgspec.structs.replace(origin.info, ranges=False))
    http_server.set_faults(f"/{NAME}", IgnoreRanges(), Reset(after=2_000_000, times=1))
    whole = Plan(size=SIZE, part_size=SIZE)
    moved = list(way.mover(origin).move(whole.parts()))
    assert [part.crc for part in moved] == [update(0, DATA)]
    assert way.end.content(moved) == DATA
    assert way.tally.bytes == SIZE
    assert way.tally.taken_back > 0
    assert moved[0].retries == 1


@from_http("parts", "file")
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (IgnoreRanges(), SourceChanged),
        (CapRange(most=1000), SourceChanged),
        (NoContentRange(), SourceChanged),
        (WrongContentRange(shift=1), SourceChanged),
        (WrongContentRange(shift=-1, skip=1), SourceChanged),
        (WrongContentRange(total_shift=1), SourceChanged),
        (ContentChanges(to=pattern(SIZE, 9)), SourceChanged),
        (ContentChanges(to=pattern(SIZE + 1)), SourceChanged),
        (Status(status=416), SourceChanged),
        (Status(status=404), SourceNotFound),
        (Status(status=403), AccessDenied),
        (Status(status=503), SourceBusy),
        (Status(status=500), SourceUnavailable),
        (Reset(after=0), SourceUnavailable),
        (Gzipped(), SourceChanged),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else type(value).__name__,
)
def test_what_a_source_does_wrong_for_good_has_a_name(
    way: Route, http_server: FaultyHttp, fault: Fault, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        move(way, http_server, fault)
    assert caught.type is error


@from_http("parts", "file")
def test_a_server_that_takes_no_notice_of_if_match_is_caught_by_its_own_etag(
    way: Route, http_server: FaultyHttp
) -> None:
    with pytest.raises(SourceChanged, match="ETag"):
        move(way, http_server, IgnoreConditions(), ContentChanges(to=pattern(SIZE, 9), skip=1))


@from_http("parts", "file")
def test_a_version_that_changes_within_a_part_is_never_mixed_in(way: Route, http_server: FaultyHttp) -> None:
    """The connection breaks in the first part, and the other version is what is there when it is taken up again."""
    faults = (Truncate(after=70_000, times=1), IgnoreConditions(), ContentChanges(to=pattern(SIZE, 9), skip=1))
    with pytest.raises(SourceChanged):
        move(way, http_server, *faults)


@from_http("parts")
def test_the_validators_travel_in_every_request(way: Route, http_server: FaultyHttp) -> None:
    move(way, http_server, Truncate(after=70_000, times=1))
    gets = [one for one in http_server.requests if one.range != "bytes=0-0"]
    assert len(gets) == 3
    assert {one.headers.get("if-match") for one in gets} == {'"1"'}
    assert {one.headers.get("accept-encoding") for one in gets} == {"identity"}


@from_http("parts", "file")
def test_a_source_without_a_strong_etag_is_pinned_by_its_date(way: Route, http_server: FaultyHttp) -> None:
    origin = way.put(DATA)
    weak = msgspec.structs.replace(origin.info, etag=None)
    list(way.mover(msgspec.structs.replace(origin, info=weak)).move(CUT.parts()))
    since = {one.headers.get("if-unmodified-since") for one in http_server.requests if one.range != "bytes=0-0"}
    assert since == {"Fri, 02 Jan 2026 03:04:05 GMT"}


@from_http("parts")
def test_an_encoded_answer_of_a_source_without_ranges_is_refused(way: Route, http_server: FaultyHttp) -> None:
    origin = way.put(DATA)
    origin = msgspec.structs.replace(origin, info=msgspec.structs.replace(origin.info, ranges=False))
    http_server.set_faults(f"/{NAME}", IgnoreRanges(), Gzipped())
    with pytest.raises(BadSource):
        list(way.mover(origin).move(Plan(size=SIZE, part_size=SIZE).parts()))


@from_http("parts")
def test_what_was_moved_before_a_failure_stays_moved(way: Route, http_server: FaultyHttp) -> None:
    origin = way.put(DATA)
    second = f"bytes={PART}-{SIZE - 1}"

    def is_second(request: Request) -> bool:
        return request.headers.get("range") == second

    http_server.set_faults(f"/{NAME}", Status(status=404, where=is_second))
    moves = way.mover(origin).move(CUT.parts())
    assert next(moves).number == 1
    with pytest.raises(SourceNotFound):
        next(moves)
    assert isinstance(way.end, PartEnd)
    assert way.end.upload is not None
    assert [part.number for part in way.end.store.parts(way.end.upload)] == [1]


@pytest.mark.parametrize("way", ["http-parts", "file-parts"], indirect=True)
@pytest.mark.parametrize(
    "action",
    [INTERNAL_ERROR, SLOW_DOWN, REQUEST_TIMEOUT, ResetBefore(), LoseReply(), FlipRequestBit(at=1000)],
    ids=lambda action: getattr(action, "code", type(action).__name__),
)
def test_a_put_that_breaks_is_repeated(way: Route, s3_proxy: FaultyProxy, action: Action) -> None:
    origin = way.put(DATA)
    mover = way.mover(origin)
    s3_proxy.add(UPLOAD_PART, action)
    moved = list(mover.move(CUT.parts()))
    check(way, moved)
    assert sum(part.retries for part in moved) == 1


@pytest.mark.parametrize("way", ["http-parts", "file-parts"], indirect=True)
@pytest.mark.parametrize(
    ("action", "error", "tries"),
    [
        (SLOW_DOWN, StoreBusy, ATTEMPTS),
        (INTERNAL_ERROR, StoreUnavailable, ATTEMPTS),
        (FlipRequestBit(at=1000), ChecksumMismatch, ATTEMPTS),
        (Respond(403, "AccessDenied"), AccessDenied, 1),
    ],
    ids=["SlowDown", "InternalError", "FlipRequestBit", "AccessDenied"],
)
def test_a_put_that_goes_on_failing_is_given_up(
    way: Route, s3_proxy: FaultyProxy, action: Action, error: type[Exception], tries: int
) -> None:
    mover, before = way.mover(way.put(DATA)), len(s3_proxy.matching(upload_part(2)))
    s3_proxy.add(upload_part(2), action, times=None)
    with pytest.raises(error):
        list(mover.move([CUT.part(2)]))
    assert len(s3_proxy.matching(upload_part(2))) - before == tries


@from_http("object")
def test_an_object_whose_answer_was_lost_is_told_without_an_etag(way: Route, s3_proxy: FaultyProxy) -> None:
    """Whether the object that is there is this one, the caller finds out by its CRC."""
    mover = way.mover(way.put(DATA))
    s3_proxy.add(PUT_OBJECT, LoseReply())
    moved = list(mover.move(cut_for(way).parts()))
    check(way, moved)
    assert [part.etag for part in moved] == [""]


@from_http("object")
def test_an_object_that_was_there_before_any_try_is_somebody_elses(
    way: Route, s3_proxy: FaultyProxy, s3_client: S3Client
) -> None:
    mover = way.mover(way.put(DATA))
    assert isinstance(way.end, ObjectEnd)
    s3_client.put_object(Bucket=way.end.target.bucket, Key=way.end.target.key, Body=b"theirs")
    s3_proxy.add(PUT_OBJECT, SLOW_DOWN)
    with pytest.raises(ObjectExists):
        list(mover.move(cut_for(way).parts()))


@pytest.mark.parametrize("way", ["s3-file"], indirect=True)
@pytest.mark.parametrize(
    "action",
    [INTERNAL_ERROR, SLOW_DOWN, ResetBefore(), CutReply(after=70_000)],
    ids=lambda action: getattr(action, "code", type(action).__name__),
)
def test_an_object_s_get_that_breaks_goes_on_at_the_next_byte(
    way: Route, s3_proxy: FaultyProxy, action: Action
) -> None:
    mover = way.mover(way.put(DATA))
    s3_proxy.add(GET_OBJECT, action)
    moved = list(mover.move(CUT.parts()))
    check(way, moved)
    assert sum(part.retries for part in moved) == 1
    assert way.tally.taken_back == 0
