"""What several patches know about executions: whose child one is, and whether it is over."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from ministack.services import stepfunctions

RUNNING = "RUNNING"

Execution = dict[str, Any]

current: ContextVar[Execution | None] = ContextVar("the execution whose task runs in this context", default=None)


def is_over(execution: Execution | None) -> bool:
    """Whether an execution has ended: by itself, or because the Map Run or the execution that it belongs to has."""
    if execution is None:
        return False
    if execution.get("status", RUNNING) != RUNNING:
        return True
    run = stepfunctions._map_runs.get(execution.get("mapRunArn"))
    return run is not None and (run["status"] != RUNNING or is_over(stepfunctions._executions.get(run["executionArn"])))


def end(execution: Execution, status: str, **details: object) -> None:
    """End an execution from outside, and with it the Map Runs and children that it still has."""
    execution.update(status=status, stopDate=stepfunctions.now_iso(), **details)
    abort_map_runs(execution)


def abort_map_runs(execution: Execution) -> None:
    for run in list(stepfunctions._map_runs.values()):
        if run["executionArn"] == execution["executionArn"] and run["status"] == RUNNING:
            run["_abort"]()
