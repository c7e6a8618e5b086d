"""Sources whose answers never end, or come too slowly: each is an error by name, soon, and fills no memory."""

from __future__ import annotations

import threading

import msgspec
import pytest

from contract.conftest import HastyClock
from contract.faulty_moves import DATA, from_http, move
from contract.routes import NAME, Route
from s3am_cloud.adapters.curl.reading.reader import CurlReader, ReaderContext
from s3am_cloud.adapters.curl.source import ftp
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings, Response
from s3am_cloud.errors import BadSource, SourceNotFound, SourceUnavailable
from s3am_cloud.limits import ATTEMPTS, MAX_HEAD, RETRY_BUDGET
from s3am_cloud.model import PinnedSource, SourceInfo
from s3am_cloud.urls import parse_source
from servers import endless
from servers.endless import Endless, serving
from servers.faults import IgnoreRanges, NoLength, Slow, Truncate
from servers.faulty_http import FaultyHttp


@pytest.fixture
def source(curl_settings: CurlSettings, hasty_clock: HastyClock) -> CurlSource:
    return CurlSource(msgspec.structs.replace(curl_settings, stall_seconds=1), hasty_clock)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (endless.REFUSAL, SourceNotFound),
        (endless.REDIRECT, BadSource),
        (endless.HEADERS, BadSource),
        (endless.INTERIM, BadSource),
    ],
    ids=["a refusal's text", "a redirect's body", "headers", "100 Continue"],
)
def test_a_probe_ends_though_the_answer_does_not(answer: Endless, error: type[Exception], source: CurlSource) -> None:
    with serving(lambda _: answer) as server, pytest.raises(error) as caught:
        source.probe(parse_source(server.url()))
    assert caught.type is error


@pytest.mark.parametrize("command", ["USER", "SIZE", "MDTM"])
def test_an_ftp_reply_without_an_end_is_an_error(command: str, source: CurlSource) -> None:
    with serving(endless.ftp({command: endless.REPLY}), b"\r\n", b"220 hello\r\n") as server, pytest.raises(BadSource):
        source.probe(parse_source(server.url("ftp")))
    assert len(server.messages) < 10


def test_an_ftp_greeting_without_an_end_is_an_error(source: CurlSource) -> None:
    greeting = Endless(b"", b"220-" + b"x" * 60 + b"\r\n")
    with serving(endless.ftp({}), b"\r\n", greeting) as server, pytest.raises(BadSource, match="goes on and on"):
        source.probe(parse_source(server.url("ftp")))


@pytest.mark.parametrize("line", [b"x" * 70 + b"\r\n", b"\n", b"x" * 4096], ids=["lines", "empty lines", "one line"])
def test_an_ssh_server_that_never_comes_to_its_greeting_is_an_error(
    line: bytes, curl_settings: CurlSettings, hasty_clock: HastyClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libcurl does not return from reading what comes before it."""
    monkeypatch.setattr(ftp, "SSH_GREETING_SECONDS", -0.7)
    settings = msgspec.structs.replace(curl_settings, connect_seconds=1)
    with serving(endless.ftp({}), greeting=Endless(b"", line)) as server:
        with pytest.raises(BadSource, match="no SSH greeting"):
            CurlSource(settings, hasty_clock).probe(parse_source(server.url("sftp")))
        assert server.accepted == 1
    watching = [one for one in threading.enumerate() if one.name == "ssh greeting"]
    for thread in watching:
        thread.join(5)
    assert not any(thread.is_alive() for thread in watching)


def test_a_silent_ftp_server_is_given_up_when_a_connection_would_be(source: CurlSource) -> None:
    """libcurl alone would wait for each reply for two minutes."""
    answer = endless.ftp({"SIZE": endless.SILENCE})
    with serving(answer, b"\r\n", b"220 hello\r\n") as server, pytest.raises(SourceUnavailable):
        source.probe(parse_source(server.url("ftp")))


@from_http("parts", "file")
def test_a_connection_below_the_least_rate_is_given_up(way: Route, http_server: FaultyHttp) -> None:
    settings = {"least_rate": 10_000_000, "least_rate_seconds": 0.4}
    way.movers._settings = msgspec.structs.replace(way.movers._settings, **settings)  # type: ignore[attr-defined]
    with pytest.raises(SourceUnavailable, match="10,000,000 bytes a second"):
        move(way, http_server, Slow(bytes_per_second=1_000_000))
    slow = [one for one in http_server.requests if one.range != "bytes=0-0"]
    assert len(slow) == 2, "another connection may be faster, and gets one chance"


def _stream(url: str, settings: CurlSettings, clock: HastyClock, info: SourceInfo) -> bytes:
    context = ReaderContext(settings, clock)
    origin = PinnedSource(source=parse_source(url), info=info)
    reader = CurlReader(context, origin, lambda: (url, {}), 1, lambda count: None)
    return b"".join(map(bytes, reader.read()))


def test_a_stream_that_always_breaks_early_is_given_up(
    http_server: FaultyHttp, curl_settings: CurlSettings, hasty_clock: HastyClock
) -> None:
    """A stream that always breaks early is not asked for again and again."""
    url = http_server.add("/x.bin", DATA, IgnoreRanges(), NoLength(), Truncate(after=1_000_000))
    with pytest.raises(SourceUnavailable):
        _stream(url, curl_settings, hasty_clock, SourceInfo(size=None, ranges=False))
    assert len(http_server.requests) <= ATTEMPTS


def test_ranges_that_bring_a_byte_each_are_given_up_within_the_budget(
    http_server: FaultyHttp, curl_settings: CurlSettings, hasty_clock: HastyClock
) -> None:
    url = http_server.add(f"/{NAME}", DATA, Truncate(after=1))
    with pytest.raises(SourceUnavailable):
        _stream(url, curl_settings, hasty_clock, SourceInfo(size=len(DATA), ranges=True))
    assert len(http_server.requests) <= ATTEMPTS


def test_ranges_that_bring_little_are_repeated_within_the_budget(
    http_server: FaultyHttp, curl_settings: CurlSettings, hasty_clock: HastyClock
) -> None:
    """Ranges that bring a little each are asked for as long as the budget lasts."""
    url = http_server.add(f"/{NAME}", DATA, Truncate(after=100_000))
    assert _stream(url, curl_settings, hasty_clock, SourceInfo(size=len(DATA), ranges=True)) == DATA
    assert ATTEMPTS < len(http_server.requests) < RETRY_BUDGET


def test_a_head_is_kept_up_to_its_limit() -> None:
    response = Response()
    for _ in range(MAX_HEAD // 10 + 1):
        response.take_line(b"a: 45678\r\n")
    assert response.endless
    assert len(response.headers) <= MAX_HEAD // 10 + 1
