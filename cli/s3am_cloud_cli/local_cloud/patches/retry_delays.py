"""Gap: MaxDelaySeconds and JitterStrategy of a Retry are ignored.

The delay is IntervalSeconds x BackoffRate^n, at most MaxDelaySeconds; with FULL jitter it is a random time between 0
and that (Amazon States Language, "Errors", retriers). The emulator's own bound of 60 s stays.
"""

from __future__ import annotations

import random
from typing import Any

from ministack.services import stepfunctions

Retrier = dict[str, Any]


def patch() -> None:
    find = stepfunctions._find_matching_retrier

    def find_with_delay(retriers: list[Retrier], error: str, counts: dict[int, int]) -> tuple[Retrier | None, int]:
        retrier, index = find(retriers, error, counts)
        if retrier is None:
            return None, index
        return {**retrier, "IntervalSeconds": delay(retrier, counts.get(index, 0)), "BackoffRate": 1.0}, index

    stepfunctions._find_matching_retrier = find_with_delay


def delay(retrier: Retrier, attempts: int) -> float:
    """Seconds to wait before the next attempt, when `attempts` retries were made already."""
    grown = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** attempts
    seconds = float(min(grown, retrier.get("MaxDelaySeconds", grown)))
    return random.uniform(0, seconds) if retrier.get("JitterStrategy") == "FULL" else seconds  # noqa: S311
