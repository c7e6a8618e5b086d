"""When a connection is too slow: by its bytes over a window, by its beginning, by what comes before its content."""

from __future__ import annotations

from s3am_cloud.adapters.curl.transport.rate_watch import RateWatch
from s3am_cloud.limits import MAX_IGNORED


def faults(rate: float, seconds: int, *, paused: bool = False, burst: int = 0) -> list[str | None]:
    """Of a connection that brings `burst` bytes at once and then `rate` a second, looked at once a second."""
    watch = RateWatch(0.0, 60, 1024, 60)
    return [watch.fault(now, burst + int(rate * now) + 1, 0, paused) for now in map(float, range(1, seconds))]


def test_a_byte_a_second_is_given_up_after_a_window() -> None:
    found = faults(1, 62)
    assert found[:59] == [None] * 59
    assert "1,024 bytes a second" in (found[-1] or "")


def test_the_least_rate_itself_is_enough() -> None:
    assert set(faults(1024, 600)) == {None}


def test_a_burst_does_not_make_up_for_the_minute_after_it() -> None:
    found = faults(1, 122, burst=10_000_000)
    assert found[-1] is not None


def test_time_spent_paused_does_not_count() -> None:
    assert set(faults(0, 600, paused=True)) == {None}


def test_any_rate_is_enough_where_none_is_asked_for() -> None:
    watch = RateWatch(0.0, 60, 0, 60)
    assert {watch.fault(float(now), 1, 1, False) for now in range(1, 600)} == {None}


def test_content_has_to_begin_in_time() -> None:
    watch = RateWatch(0.0, 60, 1024, 60)
    assert watch.fault(59.0, 0, 1000, False) is None
    assert watch.fault(60.0, 0, 1000, False) == "no content came within 60 s"


def test_what_comes_before_the_content_has_a_limit() -> None:
    watch = RateWatch(0.0, 60, 1024, 60)
    assert "goes on and on" in (watch.fault(1.0, 0, MAX_IGNORED + 1, False) or "")


def test_a_connection_is_fast_when_its_first_bytes_no_longer_count() -> None:
    watch = RateWatch(0.0, 60, 1024, 60)
    for now in range(1, 120):
        assert watch.fault(float(now), 10_000_000 * now, 0, False) is None
        assert not watch.fast
    assert watch.fault(120.0, 1_200_000_000, 0, False) is None
    assert watch.fast


def test_a_burst_before_a_drip_is_never_fast() -> None:
    watch = RateWatch(0.0, 60, 1024, 60)
    found = [watch.fault(float(now), 1 << 20, 0, False) for now in range(1, 63)]
    assert found[-1] is not None
    assert not watch.fast


def test_what_begins_late_may_not_be_slow_as_well() -> None:
    """The window began before the content did."""
    watch = RateWatch(0.0, 60, 1024, 60)
    waited = [watch.fault(float(now), 0, 0, False) for now in range(45)]
    found = [watch.fault(float(now), now, 0, False) for now in range(45, 70)]
    assert set(waited) == {None}
    assert next(at for at, fault in enumerate(found, 45) if fault) < 70
