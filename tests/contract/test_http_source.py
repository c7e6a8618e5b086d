"""Probing HTTP servers as they are: lying, refusing, redirecting, and without ranges."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.errors import (
    AccessDenied,
    BadSource,
    SourceBusy,
    SourceNotFound,
    SourceUnavailable,
)
from s3am_cloud.limits import PROBE_ATTEMPTS
from s3am_cloud.model import Attributes, SourceInfo
from s3am_cloud.urls import parse_source
from servers.content import BLOCK, Pattern, pattern
from servers.faults import (
    BasicAuth,
    Fault,
    Gzipped,
    HeadLies,
    HeadRefused,
    IgnoreRanges,
    NoContentRange,
    NoLength,
    Redirect,
    Reset,
    Status,
    WrongContentRange,
)
from servers.faulty_http import FaultyHttp
from servers.processes import free_ports
from support.fakes import FakeClock

Probe = Callable[..., SourceInfo]
SIZE = 100_000


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def probe(http_server: FaultyHttp, curl_settings: CurlSettings, clock: FakeClock) -> Probe:
    """What a probe finds of 100,000 bytes that are served with these faults."""

    def found(*faults: Fault, etag: str | None = '"e"') -> SourceInfo:
        url = http_server.add("/data", pattern(SIZE), *faults, etag=etag, content_type="text/csv")
        return CurlSource(curl_settings, clock).probe(parse_source(url))

    return found


def test_a_probe_brings_all_validators_and_the_type(probe: Probe) -> None:
    assert probe() == SourceInfo(
        size=SIZE,
        ranges=True,
        etag='"e"',
        last_modified="Fri, 02 Jan 2026 03:04:05 GMT",
        attributes=Attributes(content_type="text/csv"),
    )


def test_a_probe_costs_one_byte(probe: Probe, http_server: FaultyHttp) -> None:
    probe()
    assert [one.method for one in http_server.requests] == ["GET"]
    assert http_server.bytes_sent("/data") == 1


@pytest.mark.parametrize("fault", [HeadRefused(), HeadLies(length=7)])
def test_what_a_server_says_to_head_does_not_matter(probe: Probe, fault: Fault) -> None:
    assert probe(fault).size == SIZE


@pytest.mark.parametrize("advertise", [True, False])
def test_ranges_that_are_only_advertised_are_none(probe: Probe, advertise: bool) -> None:
    info = probe(IgnoreRanges(advertise=advertise))
    assert (info.size, info.ranges) == (SIZE, False)


def test_a_server_without_ranges_is_not_asked_for_all_of_its_content(
    http_server: FaultyHttp, curl_settings: CurlSettings, clock: FakeClock
) -> None:
    url = http_server.add("/big", Pattern(1 << 32), IgnoreRanges())
    assert CurlSource(curl_settings, clock).probe(parse_source(url)).size == 1 << 32
    assert http_server.bytes_sent("/big") < 64 * BLOCK


@pytest.mark.parametrize("chunked", [True, False])
def test_a_size_that_is_not_told_is_unknown(probe: Probe, chunked: bool) -> None:
    info = probe(IgnoreRanges(), NoLength(chunked=chunked))
    assert (info.size, info.ranges) == (None, False)


def test_a_weak_etag_is_kept_but_is_not_strong(probe: Probe) -> None:
    info = probe(etag='W/"e"')
    assert (info.etag, info.strong_etag) == ('W/"e"', None)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Status(status=401), AccessDenied),
        (Status(status=403), AccessDenied),
        (Status(status=404), SourceNotFound),
        (Status(status=410), SourceNotFound),
        (Status(status=400), BadSource),
        (Status(status=429), SourceBusy),
        (Status(status=503), SourceBusy),
        (Status(status=500), SourceUnavailable),
        (Reset(after=0), SourceUnavailable),
        (Gzipped(), BadSource),
        (Redirect(to="/data"), BadSource),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value),
)
def test_what_goes_wrong_has_a_name(probe: Probe, fault: Fault, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        probe(fault)
    assert caught.type is error


@pytest.mark.parametrize("fault", [Status(status=503, times=2), Status(status=500, times=4), Reset(after=0, times=2)])
def test_a_probe_tries_again_after_what_may_pass(probe: Probe, clock: FakeClock, fault: Fault) -> None:
    assert probe(fault).size == SIZE
    assert len(clock.slept) == 2


def test_a_probe_gives_up_soon(probe: Probe, http_server: FaultyHttp) -> None:
    with pytest.raises(SourceBusy):
        probe(Status(status=503))
    assert len(http_server.requests) == PROBE_ATTEMPTS


def test_what_is_denied_is_asked_for_once_more_without_a_range(probe: Probe, http_server: FaultyHttp) -> None:
    with pytest.raises(AccessDenied):
        probe(Status(status=403))
    assert [one.range for one in http_server.requests] == ["bytes=0-0", None]


@pytest.mark.parametrize("fault", [NoContentRange(), WrongContentRange(shift=1)])
def test_a_server_whose_ranges_are_wrong_is_asked_for_all(probe: Probe, fault: Fault) -> None:
    info = probe(fault)
    assert (info.size, info.ranges) == (SIZE, False)


@pytest.mark.parametrize("status", [400, 403, 405, 416, 500, 501])
def test_a_server_that_refuses_any_range_is_asked_for_all(probe: Probe, status: int) -> None:
    info = probe(Status(status=status, where=lambda request: "range" in request.headers))
    assert (info.size, info.ranges) == (SIZE, False)


def test_a_trouble_that_passes_does_not_cost_the_ranges(probe: Probe) -> None:
    info = probe(Status(status=500, times=1))
    assert (info.size, info.ranges) == (SIZE, True)


@pytest.mark.parametrize("status", [201, 203, 204, 205, 207, 226, 299, 300, 302, 304, 305, 399])
def test_what_does_not_come_with_the_content_is_refused(probe: Probe, status: int) -> None:
    with pytest.raises(BadSource, match=str(status)):
        probe(Status(status=status))


def test_an_answer_that_the_file_is_being_prepared_is_waited_for(probe: Probe, clock: FakeClock) -> None:
    assert probe(Status(status=202, retry_after="7", times=1)).size == SIZE
    assert clock.slept == [7.0]
    with pytest.raises(SourceBusy, match="202"):
        probe(Status(status=202))


def test_a_server_that_asks_for_more_patience_than_a_minute_is_given_up(probe: Probe, clock: FakeClock) -> None:
    with pytest.raises(SourceBusy):
        probe(Status(status=503, retry_after="9" * 5000))
    assert clock.seconds <= 60


def test_redirects_are_followed(probe: Probe, http_server: FaultyHttp) -> None:
    http_server.add("/there", pattern(77), etag='"there"')
    info = probe(Redirect(to="/there", hops=3))
    assert (info.size, info.etag) == (77, '"there"')


def test_a_redirect_to_a_local_file_is_refused(probe: Probe) -> None:
    with pytest.raises(BadSource):
        probe(Redirect(to="file:///etc/passwd"))


def test_a_password_in_the_url_is_used_and_never_shown(
    http_server: FaultyHttp, curl_settings: CurlSettings, clock: FakeClock
) -> None:
    http_server.add("/data", pattern(5), BasicAuth(user="ann", password="s3cret"))
    source = CurlSource(curl_settings, clock)
    assert source.probe(parse_source(http_server.url("/data", login="ann:s3cret"))).size == 5
    with pytest.raises(AccessDenied) as caught:
        source.probe(parse_source(http_server.url("/data?token=hidden", login="ann:wr0ng")))
    told = f"{caught.value!r} {caught.value.hint}"
    assert not any(secret in told for secret in ("ann", "wr0ng", "hidden"))


def test_nobody_listening_is_unavailable(curl_settings: CurlSettings, clock: FakeClock) -> None:
    with pytest.raises(SourceUnavailable, match="no connection"):
        CurlSource(curl_settings, clock).probe(parse_source(f"http://127.0.0.1:{free_ports(1)[0]}/data"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]"])
def test_an_address_that_is_not_public_is_refused_whatever_its_spelling(
    http_server: FaultyHttp, curl_settings: CurlSettings, clock: FakeClock, host: str
) -> None:
    guarded = CurlSettings(ca_file=curl_settings.ca_file, allow_private=False)
    http_server.add("/data", b"secret")
    with pytest.raises(BadSource, match="not public"):
        CurlSource(guarded, clock).probe(parse_source(f"http://{host}:{http_server.port}/data"))
    assert http_server.requests == []
