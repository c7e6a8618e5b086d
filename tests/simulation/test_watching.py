"""Many watch their jobs at once: nobody is ended by the account's limits, and nobody takes them from all others."""

from __future__ import annotations

import pytest

from simulation.watching import Watched, watch_at_once

HALF_AN_HOUR = 1800.0


def everybody_saw_the_end(came: Watched, watchers: int) -> None:
    assert came.failures == {}
    assert len(came.receipts) == watchers


def test_twenty_watch_for_half_an_hour_and_are_never_throttled() -> None:
    came = watch_at_once(20, HALF_AN_HOUR)
    everybody_saw_the_end(came, 20)
    assert came.throttled.total() == 0
    assert set(came.calls) == {"DescribeExecution"}
    assert came.calls.total() < 20 * HALF_AN_HOUR / 10
    assert came.seconds < HALF_AN_HOUR + 20
    assert min(came.looks.values()) > HALF_AN_HOUR / 20


@pytest.mark.parametrize("others", [0.9, 0.99])
def test_throttles_end_no_watch(others: float) -> None:
    """Where others take nearly all that the account may ask for."""
    came = watch_at_once(20, HALF_AN_HOUR, others)
    everybody_saw_the_end(came, 20)
    assert came.throttled.total() > 0


def test_who_watches_a_short_job_hears_of_its_end_soon() -> None:
    came = watch_at_once(1, 10.0)
    everybody_saw_the_end(came, 1)
    assert came.seconds < 13
