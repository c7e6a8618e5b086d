"""The tries of a whole run: what finished parts have earned can be spent by others, and no more."""

from __future__ import annotations

from s3am_cloud.adapters.curl.retry import Budget, Retry
from s3am_cloud.limits import RETRIES_EARNED_PER_PART
from unit.fakes import FakeClock


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
