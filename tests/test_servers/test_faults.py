"""Each fault of the HTTP server does what it says, and nothing else."""

import gzip
import http.client
import threading
import time

import pytest

from servers import faults
from servers.content import pattern
from servers.faults import Fault
from servers.faulty_http import FaultyHttp
from servers.http_client import Reply, ask

DATA = pattern(3_000_000, 1)


def _faulty(server: FaultyHttp, *chosen: Fault, method: str = "GET", **headers: str) -> Reply:
    return ask(server.add("/a", DATA, *chosen), method, **(headers or {"Range": "bytes=10-2000009"}))


def test_ranges_can_be_ignored(http_server: FaultyHttp) -> None:
    reply = _faulty(http_server, faults.IgnoreRanges())
    assert (reply.status, reply.body) == (200, DATA)
    assert "accept-ranges" not in reply.headers
    assert "content-range" not in reply.headers


def test_conditions_can_be_ignored(http_server: FaultyHttp) -> None:
    assert _faulty(http_server, faults.IgnoreConditions(), If_Match='"other"').status == 200


def test_a_range_can_be_capped(http_server: FaultyHttp) -> None:
    reply = _faulty(http_server, faults.CapRange(most=5))
    assert (reply.status, reply.body, reply.headers["content-range"]) == (206, DATA[10:15], "bytes 10-14/3000000")


@pytest.mark.parametrize("chunked", [True, False])
def test_the_length_can_be_left_out(http_server: FaultyHttp, chunked: bool) -> None:
    reply = _faulty(http_server, faults.NoLength(chunked=chunked))
    assert reply.body == DATA[10:2000010]
    assert "content-length" not in reply.headers
    assert reply.headers.get("transfer-encoding") == ("chunked" if chunked else None)


def test_head_can_be_refused_while_get_works(http_server: FaultyHttp) -> None:
    assert _faulty(http_server, faults.HeadRefused(status=403), method="HEAD").status == 403
    assert ask(http_server.url("/a")).status == 200


def test_head_can_lie_about_the_length(http_server: FaultyHttp) -> None:
    assert _faulty(http_server, faults.HeadLies(length=7), method="HEAD").headers["content-length"] == "7"


def test_a_body_can_be_cut_short_in_good_order(http_server: FaultyHttp) -> None:
    reply = _faulty(http_server, faults.Truncate(after=1_500_000))
    assert reply.headers["content-length"] == "2000000"
    assert reply.body == DATA[10:1500010]
    assert not isinstance(reply.error, ConnectionResetError)


def test_a_connection_can_be_reset_behind_a_number_of_bytes(http_server: FaultyHttp) -> None:
    reply = _faulty(http_server, faults.Reset(after=1_500_000))
    assert reply.body == DATA[10:1500010]
    assert isinstance(reply.error, ConnectionResetError)
    assert http_server.bytes_sent("/a") == 1_500_000


def test_a_stalled_answer_goes_on_once_it_is_released(http_server: FaultyHttp) -> None:
    url = http_server.add("/a", DATA, faults.Stall(after=1000))
    replies: list[Reply] = []
    reader = threading.Thread(target=lambda: replies.append(ask(url)))
    reader.start()
    deadline = time.monotonic() + 5
    while http_server.bytes_sent("/a") < 1000 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert (http_server.bytes_sent("/a"), replies) == (1000, [])
    http_server.release()
    reader.join(5)
    assert replies[0].body == DATA


def test_a_stall_can_end_by_itself(http_server: FaultyHttp) -> None:
    started = time.monotonic()
    assert _faulty(http_server, faults.Stall(after=0, seconds=0.2)).body == DATA[10:2000010]
    assert time.monotonic() - started >= 0.2


def test_a_body_can_come_slowly(http_server: FaultyHttp) -> None:
    started = time.monotonic()
    reply = _faulty(http_server, faults.Slow(bytes_per_second=100_000), Range="bytes=0-29999")
    assert reply.body == DATA[:30000]
    assert 0.25 <= time.monotonic() - started < 3


def test_content_can_change_after_some_requests(http_server: FaultyHttp) -> None:
    url = http_server.add("/a", DATA, faults.ContentChanges(to=b"other", etag='"second"', skip=1))
    assert (ask(url).headers["etag"], ask(url, "HEAD").headers["etag"]) == ('"first"', '"first"')
    assert ask(url, Range="bytes=0-1", If_Match='"first"').status == 412
    assert (ask(url).body, ask(url, "HEAD").headers["etag"]) == (b"other", '"second"')


def test_a_content_range_can_be_wrong(http_server: FaultyHttp) -> None:
    reply = _faulty(http_server, faults.WrongContentRange(shift=1, total_shift=-1))
    assert (reply.status, reply.headers["content-range"]) == (206, "bytes 11-2000010/2999999")
    assert reply.body == DATA[10:2000010]


def test_a_content_range_can_be_missing(http_server: FaultyHttp) -> None:
    reply = _faulty(http_server, faults.NoContentRange())
    assert (reply.status, reply.headers.get("content-range")) == (206, None)


@pytest.mark.parametrize("status", [403, 404, 410, 429, 500, 503])
def test_a_status_can_be_given_once_and_then_no_more(http_server: FaultyHttp, status: int) -> None:
    reply = _faulty(http_server, faults.Status(status=status, retry_after="3", skip=0, times=1))
    assert (reply.status, reply.headers["retry-after"]) == (status, "3")
    assert ask(http_server.url("/a")).status == 200


def test_a_fault_counts_only_matching_requests_and_lets_skipped_ones_pass(http_server: FaultyHttp) -> None:
    """A fault lets the skipped requests pass and only counts those that match."""
    hit = faults.Status(status=500, skip=1, times=1, where=lambda request: "range" in request.headers)
    url = http_server.add("/a", DATA, hit)
    asked: list[dict[str, str]] = [{"Range": "bytes=0-1"}, {}, {"Range": "bytes=0-1"}, {"Range": "bytes=0-1"}]
    assert [ask(url, **headers).status for headers in asked] == [206, 200, 500, 206]


def test_a_redirect_goes_over_as_many_hops_as_asked_for(http_server: FaultyHttp) -> None:
    http_server.add("/goal", DATA)
    url = http_server.add("/a", b"", faults.Redirect(to="/goal", hops=3))
    places = []
    for _ in range(3):
        places.append(ask(url).headers["location"])
        url = http_server.url(places[-1])
    assert places == ["/a?hop=1", "/a?hop=2", "/goal"]


def test_a_redirect_to_its_own_path_is_a_loop(http_server: FaultyHttp) -> None:
    url = http_server.add("/a", b"", faults.Redirect(to="/a", status=307))
    assert (ask(url).status, ask(url).headers["location"]) == (307, "/a")


def test_an_answer_can_be_compressed(http_server: FaultyHttp) -> None:
    reply = _faulty(http_server, faults.Gzipped())
    assert (reply.status, reply.headers["content-encoding"]) == (200, "gzip")
    assert gzip.decompress(reply.body) == DATA


def test_one_bit_can_be_wrong(http_server: FaultyHttp) -> None:
    reply = _faulty(http_server, faults.FlipBit(at=1_200_000, bit=3))
    wrong = [at for at, byte in enumerate(reply.body) if byte != DATA[10 + at]]
    assert wrong == [1_199_990]
    assert reply.body[1_199_990] == DATA[1_200_000] ^ 8


def test_a_password_can_be_asked_for(http_server: FaultyHttp) -> None:
    assert _faulty(http_server, faults.BasicAuth(user="u", password="p")).status == 401
    assert ask(http_server.url("/a"), Authorization="Basic dTpw").status == 200
    assert http_server.url("/a", login="u:p").startswith("http://u:p@127.0.0.1:")


def test_faults_combine(http_server: FaultyHttp) -> None:
    reply = _faulty(http_server, faults.IgnoreRanges(), faults.NoLength(), faults.Truncate(after=5))
    assert (reply.status, reply.body) == (200, DATA[:5])
    assert isinstance(reply.error, http.client.IncompleteRead)
