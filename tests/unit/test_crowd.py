"""Giving places up to a server that lets few connections in, and asking for them again."""

from __future__ import annotations

from s3am_cloud.adapters.curl.parts.upload import PutTarget, UploadFlow
from s3am_cloud.adapters.curl.store.put import StreamedPut
from s3am_cloud.adapters.curl.transport.admission import AdmissionControl
from s3am_cloud.adapters.curl.transport.loop import Loop
from s3am_cloud.adapters.curl.transport.retry import Retry
from s3am_cloud.adapters.s3.features import Attempt, Features
from s3am_cloud.concurrency import FixedLimit
from s3am_cloud.errors import SourceBusy, StoreUnavailable, TransferError
from s3am_cloud.limits import CROWD_ATTEMPTS, CROWD_SECONDS
from s3am_cloud.model import MovedPart, Part
from support.fakes import FakeClock

FULL = SourceBusy("full")


def test_a_place_is_given_up_at_a_time_and_never_the_last() -> None:
    crowd = AdmissionControl(FixedLimit(3), FakeClock())
    places = []
    for number in range(1, 5):
        crowd.release_slot(number, FULL)
        places.append(crowd.places)
    assert places == [2, 1, 1, 1]
    assert [number for number, _ in crowd.given_back] == [1, 2, 3, 4]


def test_patience_ends_when_nothing_comes_in() -> None:
    crowd = AdmissionControl(FixedLimit(3), FakeClock())
    waits = [crowd.wait() for _ in range(CROWD_ATTEMPTS)]
    assert waits[-1] is None
    assert all(wait is not None and wait >= CROWD_SECONDS for wait in waits[:-1])


def test_patience_is_without_end_while_bytes_come_in() -> None:
    crowd = AdmissionControl(FixedLimit(3), FakeClock())
    for _ in range(5 * CROWD_ATTEMPTS):
        assert crowd.wait() is not None
        crowd.gained()


class Busy(FixedLimit):
    """Places that others share, who get on."""

    adapts = True
    bytes = 0
    asked = -1.0

    def refused(self, asked: float) -> None:
        self.asked = asked

    def moved(self) -> int:
        return self.bytes


def test_patience_is_without_end_while_others_get_on() -> None:
    places = Busy(3)
    crowd = AdmissionControl(places, FakeClock())
    for _ in range(5 * CROWD_ATTEMPTS):
        places.bytes += 1
        assert crowd.wait() is not None
    assert None in [crowd.wait() for _ in range(CROWD_ATTEMPTS)]


def test_a_busy_server_is_left_alone_for_a_moment_or_as_long_as_it_asks_for() -> None:
    places = Busy(3)
    crowd = AdmissionControl(places, FakeClock(dice=0.0))
    crowd.yield_slot(1, FULL, asked=7.0)
    assert (places.asked, crowd.places, list(crowd.given_back)) == (7.0, 3, [(1, FULL)])
    assert (crowd.pause(), crowd.pause()) == (CROWD_SECONDS, 0.0)
    crowd.yield_slot(1, FULL, 7.0, at_least=9.0)
    crowd.yield_slot(2, FULL, 7.0)
    assert crowd.pause() == 9.0


class FakeEnd:
    """A giver, or a put, that only remembers."""

    crc = 0
    moved = waits_for_source = sent = False

    def __init__(self) -> None:
        self.calls: list[str] = []

    def start(self) -> None:
        self.calls.append("start")

    def stop(self) -> None:
        self.calls.append("stop")

    def resume(self) -> None:
        """Nothing is paused here."""

    def take(self, most: int) -> bytes | None:
        return None

    def check(self) -> TransferError | None:
        return None


class FakePut(FakeEnd, StreamedPut):
    """Called by the same names as a real one."""

    waits_for_source = sent = False

    def start(self, framed: bool = True, sums: object = None, expects: bool = True) -> None:
        self.calls.append("start")


def flow_with(loop: Loop, clock: FakeClock) -> tuple[UploadFlow, FakeEnd, FakePut]:
    moved: list[MovedPart] = []
    failed: list[TransferError] = []
    target = PutTarget(name="s3://b/k", attempt=Attempt(Features(aws=True), ("trailer",)), commits=False)
    flow = UploadFlow(loop, clock, Retry(clock), Part(1, 0, 9), target, 30, moved.append, failed.append)
    flow.giver, flow.put = giver, put = FakeEnd(), FakePut()
    return flow, giver, put


def test_a_part_that_gave_its_place_back_lets_go_of_both_ends() -> None:
    clock = FakeClock()
    flow, giver, put = flow_with(Loop(clock), clock)
    flow.start()
    flow.rest()
    flow.start()
    assert giver.calls == put.calls == ["start", "stop", "start"]


def test_a_part_that_gave_its_place_back_does_not_begin_by_itself() -> None:
    """Not even where its PUT had failed a moment before, and was to be repeated."""
    clock = FakeClock()
    loop = Loop(clock)
    flow, giver, put = flow_with(loop, clock)
    flow.start()
    flow.repeat(StoreUnavailable("broken"))
    flow.rest()
    clock.seconds += 100
    loop.turn()
    assert giver.calls.count("start") == put.calls.count("start") == 1
