"""Measuring a source's rate: bounded in bytes and in time, one request, and never a failure."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from contract.conftest import HastyClock
from contract.file_servers import FileServer, trusting
from s3am_cloud.adapters.curl.source.rate_probe import CurlRateProbe
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.limits import MIB, SAMPLE_BYTES, SAMPLE_SECONDS
from s3am_cloud.model import PinnedSource, SourceInfo
from s3am_cloud.urls import parse_source
from servers.content import BLOCK, Pattern, pattern
from servers.faults import Fault, IgnoreRanges, Slow, Stall, Status
from servers.faulty_http import FaultyHttp
from servers.http_model import Answer, Request
from servers.processes import free_ports
from support.fakes import FakeClock

BIG = Pattern(1 << 40)
Measure = Callable[..., int | None]


class Ticking(FakeClock):
    """Every look at it takes some time."""

    def __init__(self, step: float = 0.01) -> None:
        super().__init__()
        self._step = step

    def monotonic(self) -> float:
        self.seconds += self._step
        return self.seconds


@pytest.fixture
def measure(http_server: FaultyHttp, curl_settings: CurlSettings) -> Measure:
    """The rate of a TiB that is served with these faults, by a clock that ticks unless another is given."""

    def rate(*faults: Fault, ranges: bool = True, clock: FakeClock | HastyClock | None = None) -> int | None:
        url = http_server.add("/big", BIG, *faults)
        origin = PinnedSource(source=parse_source(url), info=SourceInfo(size=BIG.size, ranges=ranges))
        return CurlRateProbe(curl_settings, clock or Ticking())(origin)

    return rate


def test_a_rate_is_the_bytes_over_the_time_that_they_took(measure: Measure, hasty_clock: HastyClock) -> None:
    found = measure(Slow(bytes_per_second=4 * MIB), clock=hasty_clock)
    assert found is not None
    assert 2 * MIB < found < 6 * MIB


def test_a_sample_is_one_request_for_eight_mebibytes(measure: Measure, http_server: FaultyHttp) -> None:
    assert measure()
    assert [(one.method, one.range) for one in http_server.requests] == [("GET", f"bytes=0-{SAMPLE_BYTES - 1}")]
    assert http_server.bytes_sent("/big") <= SAMPLE_BYTES


def test_a_source_without_ranges_is_read_no_further_than_that(measure: Measure, http_server: FaultyHttp) -> None:
    assert measure(IgnoreRanges(), ranges=False, clock=Ticking(step=0.0001))
    assert [one.range for one in http_server.requests] == [None]
    assert http_server.bytes_sent("/big") <= SAMPLE_BYTES + 16 * BLOCK


def test_a_source_that_falls_silent_is_left_after_a_second(measure: Measure, hasty_clock: HastyClock) -> None:
    began = time.monotonic()
    found = measure(Stall(after=1000), clock=hasty_clock)
    assert SAMPLE_SECONDS <= time.monotonic() - began < SAMPLE_SECONDS + 1.5
    assert found is not None
    assert found <= 1000


def test_a_source_that_never_begins_is_left_when_patience_ends(measure: Measure, curl_settings: CurlSettings) -> None:
    clock = Ticking(step=curl_settings.connect_seconds / 2)
    assert measure(Stall(after=0), clock=clock) is None
    assert clock.seconds <= 3 * curl_settings.connect_seconds


@dataclass(frozen=True, kw_only=True)
class LongExcuse(Fault):
    """Answers 500, with all of the content as its words."""

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        return replace(answer, status=500)


@pytest.mark.parametrize("fault", [Status(status=404), Status(status=503), LongExcuse()])
def test_an_answer_that_is_an_error_has_no_rate_and_raises_nothing(measure: Measure, fault: Fault) -> None:
    assert measure(fault) is None


def test_time_that_does_not_pass_makes_no_rate(measure: Measure) -> None:
    assert measure(clock=FakeClock()) is None


def test_nobody_listening_has_no_rate(curl_settings: CurlSettings) -> None:
    origin = PinnedSource(
        source=parse_source(f"http://127.0.0.1:{free_ports(1)[0]}/x"), info=SourceInfo(size=1 << 30, ranges=True)
    )
    assert CurlRateProbe(curl_settings, Ticking())(origin) is None


def test_an_address_that_is_not_public_is_not_asked(http_server: FaultyHttp, curl_settings: CurlSettings) -> None:
    url = http_server.add("/big", BIG)
    guarded = CurlSettings(ca_file=curl_settings.ca_file, allow_private=False)
    assert (
        CurlRateProbe(guarded, Ticking())(
            PinnedSource(source=parse_source(url), info=SourceInfo(size=BIG.size, ranges=True))
        )
        is None
    )
    assert http_server.requests == []


@pytest.mark.parametrize("scheme", ["ftp", "sftp"])
def test_file_servers_are_measured_too(
    scheme: str, request: pytest.FixtureRequest, curl_settings: CurlSettings
) -> None:
    server: FileServer = request.getfixturevalue(f"{scheme}_server")
    url = server.add("big.bin", pattern(12 * MIB))
    origin = PinnedSource(source=parse_source(url), info=SourceInfo(size=12 * MIB, ranges=True))
    assert CurlRateProbe(trusting(curl_settings, server), Ticking())(origin)
