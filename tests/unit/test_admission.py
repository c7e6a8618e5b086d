"""Giving places up to a server that lets few connections in, and asking for them again."""

from __future__ import annotations

import pytest

from s3am_cloud.adapters.curl.parts.upload import PutTarget, UploadFlow
from s3am_cloud.adapters.curl.transport.admission import AdmissionControl
from s3am_cloud.adapters.curl.transport.context import CurlContext
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.curl.transport.loop import Loop
from s3am_cloud.adapters.curl.transport.pipes import PartEvents
from s3am_cloud.adapters.curl.transport.retry import Retry
from s3am_cloud.adapters.s3.features import Attempt, Features
from s3am_cloud.concurrency import FixedLimit
from s3am_cloud.errors import SourceBusy, StoreUnavailable, TransferError
from s3am_cloud.limits import OVER_CAPACITY_ATTEMPTS, OVER_CAPACITY_SECONDS
from s3am_cloud.model import MovedPart, Part
from support.fakes import FakeClock

FULL = SourceBusy("full")


def test_a_place_is_given_up_at_a_time_and_never_the_last() -> None:
    admission = AdmissionControl(FixedLimit(3), FakeClock())
    places = []
    for number in range(1, 5):
        admission.release_slot(number, FULL)
        places.append(admission.limit)
    assert places == [2, 1, 1, 1]
    assert [number for number, _ in admission.released] == [1, 2, 3, 4]


def test_patience_ends_when_nothing_comes_in() -> None:
    admission = AdmissionControl(FixedLimit(3), FakeClock())
    waits = [admission.wait() for _ in range(OVER_CAPACITY_ATTEMPTS)]
    assert waits[-1] is None
    assert all(wait is not None and wait >= OVER_CAPACITY_SECONDS for wait in waits[:-1])


def test_patience_is_without_end_while_bytes_come_in() -> None:
    admission = AdmissionControl(FixedLimit(3), FakeClock())
    for _ in range(5 * OVER_CAPACITY_ATTEMPTS):
        assert admission.wait() is not None
        admission.gained()


class Busy(FixedLimit):
    """Places that others share, who get on."""

    adapts = True
    bytes = 0
    sent_at = -1.0

    def refused(self, sent_at: float) -> None:
        self.sent_at = sent_at

    def moved(self) -> int:
        return self.bytes


def test_patience_is_without_end_while_others_get_on() -> None:
    places = Busy(3)
    admission = AdmissionControl(places, FakeClock())
    for _ in range(5 * OVER_CAPACITY_ATTEMPTS):
        places.bytes += 1
        assert admission.wait() is not None
    assert None in [admission.wait() for _ in range(OVER_CAPACITY_ATTEMPTS)]


def test_a_busy_server_is_left_alone_for_as_long_as_it_asks_for() -> None:
    """A busy server is left alone for a moment or as long as it asks for."""
    places = Busy(3)
    admission = AdmissionControl(places, FakeClock(dice=0.0))
    admission.yield_slot(1, FULL, sent_at=7.0)
    assert (places.sent_at, admission.limit, list(admission.released)) == (7.0, 3, [(1, FULL)])
    assert (admission.pause(), admission.pause()) == (OVER_CAPACITY_SECONDS, 0.0)
    admission.yield_slot(1, FULL, 7.0, at_least=9.0)
    admission.yield_slot(2, FULL, 7.0)
    assert admission.pause() == 9.0


class FakeEnd:
    """A source of a body, or a PUT, that only remembers."""

    crc = retries = 0
    moved = waits_for_source = sent = False

    def __init__(self) -> None:
        self.calls: list[str] = []

    def start(self, *_: object) -> None:
        self.calls.append("start")

    def stop(self) -> None:
        self.calls.append("stop")

    def resume(self) -> None:
        """Nothing is paused here."""

    def take(self, most: int) -> bytes | None:
        return None

    def change_error(self) -> TransferError | None:
        return None


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> tuple[FakeEnd, FakeEnd]:
    """What the next flow joins."""
    body, put = FakeEnd(), FakeEnd()
    monkeypatch.setattr("s3am_cloud.adapters.curl.parts.upload.StreamedPut", lambda *_: put)
    return body, put


def flow_with(loop: Loop, clock: FakeClock, body: FakeEnd) -> UploadFlow:
    moved: list[MovedPart] = []
    failed: list[TransferError] = []
    attempt = Attempt(Features(aws=True), ("trailer",))
    target = PutTarget(name="s3://b/k", signed=lambda headers: ("", headers), attempt=attempt, commits=False)
    context, events = CurlContext(loop, clock, CurlSettings(ca_file="")), PartEvents(moved.append, failed.append)
    return UploadFlow(context, Retry(clock), Part(1, 0, 9), target, lambda _: body, events)


def test_a_part_that_gave_its_place_back_lets_go_of_both_ends(ends: tuple[FakeEnd, FakeEnd]) -> None:
    clock, (body, put) = FakeClock(), ends
    flow = flow_with(Loop(clock), clock, body)
    flow.start()
    flow.rest()
    flow.start()
    assert body.calls == put.calls == ["start", "stop", "start"]


def test_a_part_that_gave_its_place_back_does_not_begin_by_itself(ends: tuple[FakeEnd, FakeEnd]) -> None:
    """Not even where its PUT had failed a moment before, and was to be repeated."""
    clock, (body, put) = FakeClock(), ends
    loop = Loop(clock)
    flow = flow_with(loop, clock, body)
    flow.start()
    flow.repeat(StoreUnavailable("broken"))
    flow.rest()
    clock.seconds += 100
    loop.turn()
    assert body.calls.count("start") == put.calls.count("start") == 1
