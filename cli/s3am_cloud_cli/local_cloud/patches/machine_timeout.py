"""Gap: a state machine's TimeoutSeconds is ignored.

On AWS an execution that runs longer ends as TIMED_OUT, with an event of that status on the default bus (Amazon States
Language, top-level fields; Step Functions developer guide, "Step Functions Execution Status Change").
"""

from __future__ import annotations

import contextvars
import json
import threading
from typing import Any

from ministack.services import stepfunctions

from s3am_cloud_cli.local_cloud.patches.executions import RUNNING, end


def patch() -> None:
    run = stepfunctions._run_execution

    def run_in_time(arn: str) -> None:
        timer = _timer(arn)
        try:
            run(arn)
        finally:
            if timer is not None:
                timer.cancel()

    stepfunctions._run_execution = run_in_time


def time_out(arn: str) -> None:
    """End an execution that still runs as TIMED_OUT."""
    execution = stepfunctions._executions.get(arn)
    if execution is None or execution["status"] != RUNNING:
        return
    end(execution, "TIMED_OUT", error="States.Timeout")
    stepfunctions._add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {}})
    stepfunctions._emit_execution_status_event(execution)


def _timer(arn: str) -> threading.Timer | None:
    seconds = _timeout_seconds(stepfunctions._executions.get(arn))
    if seconds is None:
        return None
    timer = threading.Timer(seconds, contextvars.copy_context().run, (time_out, arn))
    timer.daemon = True
    timer.start()
    return timer


def _timeout_seconds(execution: dict[str, Any] | None) -> float | None:
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) if execution else None
    seconds = json.loads(machine["definition"]).get("TimeoutSeconds") if machine else None
    return None if seconds is None else float(seconds)
