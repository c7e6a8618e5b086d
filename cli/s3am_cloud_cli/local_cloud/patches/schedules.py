"""Gap: a schedule's input comes with `<aws.scheduler.scheduled-time>` and its like as they are written.

On AWS they are replaced by what they stand for (EventBridge Scheduler user guide, "Adding context attributes"). The
emulator looks once in 10 s for schedules that are due; here it looks once a second.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from ministack.services import eventbridge, scheduler

from s3am_cloud.names import SCHEDULER_SOURCE

LOOK_SECONDS = 1


def patch() -> None:
    invoke = eventbridge._invoke_target

    def invoked(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
        if event.get("Source") == SCHEDULER_SOURCE and "Input" in target:
            target = {**target, "Input": _filled(target["Input"], event, rule)}
        invoke(target, event, rule, view)

    eventbridge._invoke_target = invoked
    scheduler._SCHEDULE_TICK_INTERVAL = LOOK_SECONDS


def _filled(text: str, event: dict[str, Any], schedule: dict[str, Any]) -> str:
    values = {
        "scheduled-time": datetime.fromtimestamp(event["Time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "schedule-arn": schedule.get("Arn", ""),
        "execution-id": str(uuid.uuid4()),
        "attempt-number": "1",
    }
    for name, value in values.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text
