"""When to try again, and when to give up."""

from __future__ import annotations

from s3am_cloud.limits import (
    ATTEMPTS,
    BACKOFF_BASE_SECONDS,
    BACKOFF_CAP_SECONDS,
    RETRIES_EARNED_PER_PART,
    RETRY_BUDGET,
)
from s3am_cloud.ports import Clock


class Budget:
    """The tries that all parts of a run have together; every part that arrives adds some."""

    def __init__(self, tries: int = RETRY_BUDGET) -> None:
        self._left = tries

    def earn(self) -> None:
        self._left += RETRIES_EARNED_PER_PART

    def spend(self) -> bool:
        """Whether there was a try left."""
        self._left -= 1
        return self._left >= 0


class Retry:
    """Counts failures in a row; a byte gained in between wipes them out.

    Waits have full jitter: anything from zero up to a bound that doubles, so that many workers which fail together do
    not come back together.
    """

    def __init__(self, clock: Clock, attempts: int = ATTEMPTS, budget: Budget | None = None) -> None:
        self._clock = clock
        self._attempts = attempts
        self._budget = budget
        self._failures = 0
        self.total = 0

    def gained(self) -> None:
        self._failures = 0

    def wait(self, at_least: float = 0.0) -> float | None:
        """Seconds to wait before the next try, None where it is time to give up."""
        self._failures += 1
        if self._failures >= self._attempts or not (self._budget is None or self._budget.spend()):
            return None
        self.total += 1
        bound: float = min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2**self._failures)
        return max(at_least, self._clock.random() * bound)
