"""The HTTP server of the tests where nothing is wrong with it."""

import http.client
import ssl
import threading
import time
from pathlib import Path

import pytest

from servers import faults
from servers.certificates import make_certificate
from servers.content import Pattern, pattern
from servers.faulty_http import FaultyHttp
from servers.http_client import ask

DATA = pattern(3_000_000, 1)
SINCE = "Thu, 01 Jan 2026 00:00:00 GMT"
EXACT = "Fri, 02 Jan 2026 03:04:05 GMT"


def test_a_whole_resource_is_served_with_its_validators(http_server: FaultyHttp) -> None:
    reply = ask(http_server.add("/a", DATA, content_type="text/x-test"))
    assert (reply.status, reply.body) == (200, DATA)
    assert reply.headers["content-length"] == "3000000"
    assert reply.headers["etag"] == '"first"'
    assert reply.headers["last-modified"] == EXACT
    assert reply.headers["content-type"] == "text/x-test"
    assert reply.headers["accept-ranges"] == "bytes"


def test_head_gives_the_same_head_and_no_body(http_server: FaultyHttp) -> None:
    reply = ask(http_server.add("/a", DATA), "HEAD")
    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"", "3000000")
    assert http_server.bytes_sent("/a") == 0


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-0", 0, 0), ("bytes=5-9", 5, 9), ("bytes=2999990-", 2999990, 2999999), ("bytes=-4", 2999996, 2999999)],
)
def test_a_range_is_answered_206_with_just_its_bytes(
    http_server: FaultyHttp, asked: str, first: int, last: int
) -> None:
    reply = ask(http_server.add("/a", DATA), Range=asked)
    assert (reply.status, reply.body) == (206, DATA[first : last + 1])
    assert reply.headers["content-range"] == f"bytes {first}-{last}/3000000"


def test_a_range_past_the_end_is_answered_416(http_server: FaultyHttp) -> None:
    reply = ask(http_server.add("/a", b"abc"), Range="bytes=3-9")
    assert (reply.status, reply.headers["content-range"]) == (416, "bytes */3")


def test_content_need_not_be_held_to_be_served(http_server: FaultyHttp) -> None:
    reply = ask(http_server.add("/huge", Pattern(10 << 40, 5)), Range="bytes=9999999999999-10000000000009")
    assert reply.body == Pattern(10 << 40, 5).read(9999999999999, 11)


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("If_Match", '"first"', 206),
        ("If_Match", '"x", "first"', 206),
        ("If_Match", "*", 206),
        ("If_Match", '"other"', 412),
        ("If_Unmodified_Since", EXACT, 206),
        ("If_Unmodified_Since", SINCE, 412),
        ("If_Range", '"first"', 206),
        ("If_Range", '"other"', 200),
        ("If_Range", EXACT, 206),
        ("If_Range", SINCE, 200),
    ],
)
def test_conditions_are_honoured(http_server: FaultyHttp, header: str, value: str, status: int) -> None:
    reply = ask(http_server.add("/a", DATA), Range="bytes=0-9", **{header: value})
    assert reply.status == status


@pytest.mark.parametrize(("header", "status"), [("If_Match", 412), ("If_Range", 200)])
def test_a_weak_etag_never_satisfies_a_strong_comparison(http_server: FaultyHttp, header: str, status: int) -> None:
    reply = ask(http_server.add("/a", DATA, etag='W/"first"'), Range="bytes=0-9", **{header: 'W/"first"'})
    assert reply.status == status


def test_an_unknown_path_is_answered_404(http_server: FaultyHttp) -> None:
    url = http_server.add("/a", DATA)
    http_server.remove("/a")
    assert ask(url).status == 404


def test_a_connection_is_kept_and_every_request_recorded(http_server: FaultyHttp) -> None:
    http_server.add("/a b", DATA)
    connection = http.client.HTTPConnection("127.0.0.1", http_server.port, timeout=10)
    for first in (0, 100):
        connection.request("GET", "/a%20b?x=1", headers={"Range": f"bytes={first}-{first + 9}", "X-Test": "yes"})
        assert connection.getresponse().read() == DATA[first : first + 10]
    connection.close()
    assert http_server.connections == 1
    one, two = http_server.requests_for("/a b")
    assert (one.method, one.path, one.query, one.range) == ("GET", "/a%20b", "x=1", "bytes=0-9")
    assert (one.status, one.bytes_sent, one.headers["x-test"]) == (206, 10, "yes")
    assert two.range == "bytes=100-109"
    assert http_server.bytes_sent("/a b") == 20


def test_requests_are_served_side_by_side(http_server: FaultyHttp) -> None:
    url = http_server.add("/a", DATA, faults.Stall(after=10))
    readers = [threading.Thread(target=ask, args=(url,)) for _ in range(3)]
    for reader in readers:
        reader.start()
    deadline = time.monotonic() + 5
    while http_server.most_at_once < 3 and time.monotonic() < deadline:
        time.sleep(0.005)
    http_server.release()
    for reader in readers:
        reader.join(5)
    assert http_server.most_at_once == 3


def test_a_server_that_ends_ends_its_connections() -> None:
    with FaultyHttp() as server:
        server.add("/a", b"abc")
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        connection.request("GET", "/a")
        connection.getresponse().read()
        kept = connection.sock
    assert kept.recv(1) == b""
    connection.close()


def test_it_speaks_tls_to_those_who_trust_its_certificate_only(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with FaultyHttp(certificate) as server:
        url = server.add("/a", DATA)
        assert url.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=certificate.file)
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=5, context=trusting)
        connection.request("GET", "/a")
        assert connection.getresponse().read() == DATA
        connection.close()
        stranger = http.client.HTTPSConnection(
            "127.0.0.1", server.port, timeout=5, context=ssl.create_default_context()
        )
        with pytest.raises(ssl.SSLCertVerificationError):
            stranger.request("GET", "/a")
        stranger.close()


def test_a_mistake_of_the_server_itself_is_not_hidden() -> None:
    server = FaultyHttp()
    server.__enter__()
    url = server.add("/a", b"abc", faults.Fault(where=lambda _: bool(1 / 0)))
    with pytest.raises(http.client.RemoteDisconnected):
        ask(url)
    with pytest.raises(ExceptionGroup):
        server.__exit__()
