"""Requests to one server wait for their turn, and those to others do not wait with them."""

from __future__ import annotations

import pickle
from itertools import pairwise

import pytest

from s3am_cloud.adapters.curl.transport.host_gates import HostGates
from s3am_cloud.errors import Usage
from s3am_cloud.host_limits import HostLimit, limit_name, most_connections
from s3am_cloud.limits import HOST_BACKOFF_CAP_SECONDS, HOST_BACKOFF_SECONDS
from s3am_cloud.urls import parse_source
from s3am_cloud_client import Logins, UploadOptions
from s3am_cloud_client.hosts_file import host_limit
from support.fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


HOST, OTHER = parse_source("https://host/a"), parse_source("https://other/a")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("host=4", "host"),
        ("host:8080=4", "host:8080"),
        ("https://host=4", "https://host:443"),
        ("127.0.0.1=4", "127.0.0.1"),
    ],
)
def test_a_limit_is_found_by_its_host(text: str, name: str) -> None:
    assert host_limit(text) == (name, HostLimit(connections=4))


@pytest.mark.parametrize("text", ["host", "host=", "host=0", "host=-1", "host=x", "=4", "https://host/path=4"])
def test_a_limit_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Usage):
        host_limit(text)


@pytest.mark.parametrize("url", ["https://host/a", "http://host:8080/a", "ftp://ann:x@HOST/a"])
def test_a_limit_of_a_host_holds_for_all_of_its_ports(url: str) -> None:
    assert limit_name({"host": HostLimit()}, parse_source(url)) == "host"
    assert limit_name({"host:443": HostLimit(), "host": HostLimit()}, HOST) == "host:443"
    assert limit_name({"sub.host": HostLimit()}, parse_source(url)) is None


def test_the_least_number_of_connections_counts() -> None:
    limits = {"host": HostLimit(connections=3)}
    assert [most_connections(limits, HOST, asked) for asked in (None, 2, 8)] == [3, 2, 3]
    assert most_connections(limits, OTHER, None) is None
    options = UploadOptions(logins=Logins.given(host_limits=["host=3"]))
    assert options.request("https://host/a", "s3://b/k").download_slots == 3
    assert options.request("https://other/a", "s3://b/k").download_slots is None


def test_no_more_requests_than_its_limit_pass_at_once(clock: FakeClock) -> None:
    gates = HostGates({"host": HostLimit(connections=2)}, clock)
    gate = gates.of(HOST)
    assert gate is not None
    assert [gate.wait() > 0 for _ in range(4)] == [False, False, True, True]
    gate.leave()
    assert gate.wait() == 0
    other = gates.of(OTHER)
    assert other is not None
    assert [other.wait() for _ in range(100)] == [0.0] * 100


def test_requests_keep_the_distance_that_their_rate_asks_for(clock: FakeClock) -> None:
    gate = HostGates({"host": HostLimit(requests_per_second=4)}, clock).of(HOST)
    assert gate is not None
    sent = []
    for _ in range(5):
        with gate.passed():
            sent.append(clock.monotonic())
    assert [round(later - earlier, 6) for earlier, later in pairwise(sent)] == [0.25] * 4


def test_what_a_busy_server_asks_for_holds_for_all_and_for_no_other(clock: FakeClock) -> None:
    gates = HostGates({}, clock)
    one, same, other = gates.of(HOST), gates.of(parse_source("https://host/b")), gates.of(OTHER)
    assert one is not None
    assert other is not None
    assert one is same
    one.busy(30.0)
    assert one.wait() == 30.0
    assert other.wait() == 0.0


def test_pauses_grow_where_a_busy_server_names_none(clock: FakeClock) -> None:
    """Until it sends content again."""
    gate = HostGates({}, clock).of(HOST)
    assert gate is not None
    waits = []
    for _ in range(8):
        gate.busy(0.0)
        waits.append(gate.wait())
        clock.sleep(waits[-1])
    assert waits[:3] == pytest.approx([HOST_BACKOFF_SECONDS, 2 * HOST_BACKOFF_SECONDS, 4 * HOST_BACKOFF_SECONDS])
    assert waits[-1] == pytest.approx(HOST_BACKOFF_CAP_SECONDS)
    gate.answered()
    gate.busy(0.0)
    assert gate.wait() == pytest.approx(HOST_BACKOFF_SECONDS)


def test_objects_in_s3_and_files_have_no_gate() -> None:
    gates = HostGates({"bucket": HostLimit(connections=1)})
    assert [gates.of(parse_source(url)) for url in ("s3://bucket/a", "/bucket/a")] == [None, None]


def test_gates_reach_other_processes_with_their_limits() -> None:
    gates = pickle.loads(pickle.dumps(HostGates({"host": HostLimit(connections=1)})))
    assert gates.limits(HOST)
    assert not gates.limits(OTHER)
