"""When to try again, and when to give up."""

from __future__ import annotations

from s3am_cloud.limits import (
    ATTEMPTS,
    BACKOFF_BASE_SECONDS,
    BACKOFF_CAP_SECONDS,
    PATIENCE_SECONDS,
    RETRIES_EARNED_PER_PART,
    RETRY_BUDGET,
)
from s3am_cloud.ports.transfer import Clock

_SLOW_CONNECTIONS = 2


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
    """Counts failures in a row, and the seconds that passed in vain; progress in between resets both.

    Waits have full jitter: anything from zero up to a bound that doubles, so that many workers which fail together do
    not come back together.
    """

    def __init__(
        self,
        clock: Clock,
        attempts: int = ATTEMPTS,
        budget: Budget | None = None,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._clock = clock
        self._attempts, self._budget, self._patience = attempts, budget, patience
        self._failures = 0
        self.silent = 0.0
        # Connections in a row that were too slow, however much they brought.
        self.slow = 0
        self.total = 0

    def gained(self) -> None:
        """There was progress that will be kept whatever happens to the connection."""
        self._failures, self.silent = 0, 0.0

    def exhausted(self, silent: float = 0.0) -> bool:
        """Counts a failure, at whose end nothing had come for `silent` seconds. True when it is time to give up."""
        self._failures += 1
        self.silent += silent
        if self._failures >= self._attempts or self.silent >= self._patience:
            return True
        return not (self._budget is None or self._budget.spend())

    def too_slow(self) -> bool:
        """Counts a connection that was. The second in a row shows that it is not the connection's fault."""
        self.slow += 1
        return self.slow >= _SLOW_CONNECTIONS

    def wait(self, at_least: float = 0.0, silent: float = 0.0) -> float | None:
        """Seconds to wait before the next try, None where it is time to give up. It counts a failure."""
        if self.exhausted(silent):
            return None
        self.total += 1
        bound: float = min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2**self._failures)
        wait = max(at_least, self._clock.random() * bound)
        self.silent += wait
        return wait
