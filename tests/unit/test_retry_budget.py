"""The tries of a whole run: what finished parts have earned can be spent by others, and no more."""

from __future__ import annotations

from s3am_cloud.adapters.curl.transport.retry import Budget, Retry
from s3am_cloud.limits import PATIENCE_SECONDS, RETRIES_EARNED_PER_PART
from support.fakes import FakeClock


def test_parts_that_share_a_budget_give_up_together() -> None:
    budget = Budget(3)
    retries = [Retry(FakeClock(), budget=budget) for _ in range(4)]
    assert [retry.wait() is None for retry in retries] == [False, False, False, True]


def test_a_part_that_arrives_earns_tries_for_the_others() -> None:
    budget = Budget(0)
    budget.earn()
    retries = [Retry(FakeClock(), budget=budget) for _ in range(RETRIES_EARNED_PER_PART + 1)]
    assert [retry.wait() is None for retry in retries] == [False] * RETRIES_EARNED_PER_PART + [True]


def test_a_part_s_own_limit_holds_within_a_large_budget() -> None:
    retry = Retry(FakeClock(), attempts=3, budget=Budget(1000))
    assert [retry.wait() is None for _ in range(3)] == [False, False, True]


def test_seconds_in_vain_end_a_part_before_its_tries_do() -> None:
    retry = Retry(FakeClock(dice=0.0))
    assert retry.wait(silent=PATIENCE_SECONDS / 2) == 0.0
    assert retry.wait(silent=PATIENCE_SECONDS / 2) is None


def test_waits_that_a_server_asks_for_count_as_time_in_vain() -> None:
    retry = Retry(FakeClock())
    assert retry.wait(at_least=PATIENCE_SECONDS) == PATIENCE_SECONDS
    assert retry.wait() is None


def test_progress_wipes_out_failures_and_seconds() -> None:
    retry = Retry(FakeClock(dice=0.0), attempts=3)
    for _ in range(5):
        assert retry.wait(silent=PATIENCE_SECONDS / 2) is not None
        retry.gained()


def test_a_failure_that_is_only_counted_is_no_retry() -> None:
    retry = Retry(FakeClock(), attempts=2)
    assert not retry.exhausted()
    assert retry.exhausted()
    assert retry.total == 0
