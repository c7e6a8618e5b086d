"""What the janitor's sweeps cost depends on what expires, and not on how much ran."""

from __future__ import annotations

import pytest

from s3am_cloud.limits import JANITOR_RUN_SECONDS
from simulation.sweeping import Month, month_of


def nothing_is_left(came: Month) -> None:
    assert (came.discarded, came.left, came.overdue) == (came.failed, 0, 0)
    assert came.longest < JANITOR_RUN_SECONDS


def test_ten_times_as_many_jobs_of_which_as_many_fail_cost_the_same_sweeps() -> None:
    few, many = month_of(300, failing=0.2), month_of(3000, failing=0.02)
    for came in (few, many):
        nothing_is_left(came)
        assert came.stopped == 0
    assert many.calls_per_discarded == pytest.approx(few.calls_per_discarded, rel=0.05)
    assert many.calls_per_discarded < 25


def test_more_than_a_sweep_can_discard_is_discarded_by_the_next_ones() -> None:
    came = month_of(0, failing=0, burst=1600)
    nothing_is_left(came)
    assert came.stopped > 1


@pytest.mark.stress
def test_a_hundred_thousand_jobs_in_a_month_are_swept() -> None:
    came = month_of(100_000, failing=0.05)
    nothing_is_left(came)
    assert came.stopped == 0
    assert came.calls_per_discarded < 25
