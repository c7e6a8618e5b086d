"""Gap: lines that a Lambda function has written come without `eventId` from FilterLogEvents.

Every event that CloudWatch Logs gives has one of its own (CloudWatch Logs API reference, FilteredLogEvent), by which
those who ask again know what they have seen.
"""

from __future__ import annotations

import itertools
from typing import Any

from ministack.services import cloudwatch_logs

_DIGITS = 56  # as many as on AWS


def patch() -> None:
    append, numbers = cloudwatch_logs._append_log_events, itertools.count(1)

    def append_with_ids(stream: Any, events: list[dict[str, Any]]) -> Any:
        return append(
            stream,
            [event if "eventId" in event else event | {"eventId": f"{next(numbers):0{_DIGITS}}"} for event in events],
        )

    cloudwatch_logs._append_log_events = append_with_ids
