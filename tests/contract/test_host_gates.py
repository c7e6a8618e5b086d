"""A run's requests keep to what a server bears: over whole objects, parts and probes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import msgspec

from contract.conftest import HastyClock
from contract.test_object_mover import Moves
from s3am_cloud.adapters.curl.reading.factory import CurlReaders
from s3am_cloud.adapters.curl.source.probe import CurlSource
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.curl.transport.host_gates import HostGates
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.host_limits import HostLimit
from s3am_cloud.model import PinnedSource, SourceInfo
from s3am_cloud.ports.objects import Put, Unfit, WholeObject
from s3am_cloud.urls import S3Url, parse_source
from servers.endless import partial, serving
from support.fakes import FakeClock

MIB = 1 << 20
LIMIT = 2


class Counting:
    """How many requests are answered at once."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer, self._lock, self._now, self.most = answer, threading.Lock(), 0, 0

    def __call__(self, head: bytes) -> bytes:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.02)
        with self._lock:
            self._now -= 1
        return self._answer(head)


def limited(settings: CurlSettings, **limit: float) -> CurlSettings:
    return msgspec.structs.replace(settings, gates=HostGates({"127.0.0.1": msgspec.convert(limit, HostLimit)}))


def small(head: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n0"


def test_whole_objects_keep_to_the_limit_of_their_host(
    curl_settings: CurlSettings, s3_access: S3Access, hasty_clock: HastyClock, bucket: str
) -> None:
    counting = Counting(small)
    with serving(counting) as server:
        moves = Moves(s3_access, limited(curl_settings, connections=LIMIT), hasty_clock)
        url = parse_source(f"http://127.0.0.1:{server.port}/x")
        objects = [WholeObject(number=n, source=url, target=S3Url(bucket, f"x{n}")) for n in range(8)]
        assert all(isinstance(one, Put) for one in moves.copy(*objects).values())
    assert counting.most == LIMIT


def test_ranges_keep_to_the_limit_of_their_host(
    curl_settings: CurlSettings, s3_access: S3Access, hasty_clock: HastyClock
) -> None:
    """However many connections a transfer has for them."""
    size = 8 * MIB

    def answer(head: bytes) -> bytes:
        first, last = head.partition(b"bytes=")[2].split(b"\r\n")[0].split(b"-")
        start, end = int(first), int(last or size - 1)
        return partial(start, end, size) + bytes(end - start + 1)

    counting = Counting(answer)
    with serving(counting) as server:
        origin = PinnedSource(
            source=parse_source(f"http://127.0.0.1:{server.port}/x"), info=SourceInfo(size=size, ranges=True)
        )
        readers = CurlReaders(limited(curl_settings, connections=LIMIT), s3_access, hasty_clock)
        assert sum(map(len, readers(origin, 8, lambda count: None).read())) == size
        assert len(server.messages) > LIMIT
    assert 1 <= counting.most <= LIMIT


def test_a_pause_that_a_server_asks_for_holds_for_all_of_its_items(
    curl_settings: CurlSettings, s3_access: S3Access, hasty_clock: HastyClock, bucket: str
) -> None:
    """And for none of another server."""
    busy = b"HTTP/1.1 429 Too Many\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    asked: list[float] = []

    def answer(head: bytes) -> bytes:
        asked.append(time.monotonic())
        return busy if len(asked) == 1 else small(head)

    ends: dict[int, float] = {}
    with serving(answer) as slow, serving(small) as fast:
        settings = msgspec.structs.replace(
            curl_settings, gates=HostGates({f"127.0.0.1:{slow.port}": HostLimit(connections=1)})
        )
        moves = Moves(s3_access, settings, hasty_clock)

        def wanted(number: int, port: int) -> WholeObject:
            source = parse_source(f"http://127.0.0.1:{port}/x")
            return WholeObject(number=number, source=source, target=S3Url(bucket, f"y{number}"))

        objects = [*(wanted(n, slow.port) for n in range(3)), *(wanted(n, fast.port) for n in range(3, 6))]
        begun = time.monotonic()
        settled = {}
        for one in moves.settling(*objects):
            settled[one.number], ends[one.number] = one, time.monotonic() - begun
    assert isinstance(settled[0], Unfit)
    assert all(isinstance(settled[number], Put) for number in range(1, 6))
    assert asked[1] - asked[0] >= 1.0
    assert max(ends[number] for number in (3, 4, 5)) < 1.0


def test_a_probe_waits_for_its_turn(curl_settings: CurlSettings, clock: FakeClock) -> None:
    gates = HostGates({}, clock)
    with serving(small) as server:
        url = parse_source(f"http://127.0.0.1:{server.port}/x")
        gate = gates.of(url)
        assert gate is not None
        gate.busy(30.0)
        before = clock.monotonic()
        CurlSource(msgspec.structs.replace(curl_settings, gates=gates), clock).probe(url)
        assert clock.monotonic() - before >= 30.0
