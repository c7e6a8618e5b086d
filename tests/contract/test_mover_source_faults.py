"""What a mover does when the source misbehaves: it goes on, or names what is wrong, and mixes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from contract.routes import NAME, PartEnd, Route
from s3am_cloud.checksums.crc64nvme import update
from s3am_cloud.errors import (
    AccessDenied,
    BadSource,
    SourceBusy,
    SourceChanged,
    SourceNotFound,
    SourceUnavailable,
)
from s3am_cloud.model import Plan
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

if TYPE_CHECKING:
    pass
from contract.faulty_moves import CUT, DATA, PART, SIZE, check, from_http, move


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
def test_a_server_that_ignores_if_match_is_caught_by_its_etag(way: Route, http_server: FaultyHttp) -> None:
    """A server that takes no notice of If-Match is caught by its own ETag."""
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
    second = f"bytes={PART}-"

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
