"""Gap: StopExecution marks the execution and stops nothing.

A Map's children go on to the last item, retries go on being tried, and an execution whose task then fails turns from
ABORTED to FAILED. On AWS the children are ABORTED with their parent, and nothing starts after it (Step Functions API
reference, StopExecution; developer guide, "Map Run"). A function that already runs is not killed there either.
"""

from __future__ import annotations

import json
import time
from typing import Any

from ministack.services import stepfunctions

from s3am_cloud_cli.local_cloud.patches.executions import Execution, abort_map_runs, current, is_over

LOOK_SECONDS = 0.1

Answer = tuple[int, dict[str, str], bytes]


def patch() -> None:
    _mend_stop()
    _mend_tasks()
    _mend_waiting()
    _mend_failing()


def _mend_stop() -> None:
    mark = stepfunctions._stop_execution

    def stop(request: dict[str, Any]) -> Answer:
        answer: Answer = mark(request)
        execution = stepfunctions._executions.get(request.get("executionArn"))
        if execution is not None and execution["status"] == "ABORTED":
            abort_map_runs(execution)
        return answer

    stepfunctions._stop_execution = stop


def _mend_tasks() -> None:
    execute, invoke = stepfunctions._execute_task, stepfunctions._invoke_resource

    def execute_in_context(state: Execution, data: object, execution: Execution, context: Execution) -> Any:
        token = current.set(execution)
        try:
            return execute(state, data, execution, context)
        finally:
            current.reset(token)

    def invoke_unless_over(resource: str, data: object) -> Any:
        if is_over(current.get()):
            raise stepfunctions._ExecutionError("States.Runtime", "The execution was stopped")
        return invoke(resource, data)

    stepfunctions._execute_task, stepfunctions._invoke_resource = execute_in_context, invoke_unless_over


def _mend_waiting() -> None:
    wait, find = stepfunctions._scaled_sleep, stepfunctions._find_matching_retrier

    def wait_unless_over(seconds: float) -> None:
        end = time.monotonic() + seconds
        while not is_over(current.get()) and (left := end - time.monotonic()) > 0:
            wait(min(left, LOOK_SECONDS))

    def find_unless_over(retriers: list[dict[str, Any]], error: str, counts: dict[int, int]) -> Any:
        return (None, -1) if is_over(current.get()) else find(retriers, error, counts)

    stepfunctions._scaled_sleep, stepfunctions._find_matching_retrier = wait_unless_over, find_unless_over


def _mend_failing() -> None:
    fail = stepfunctions._fail_execution

    def fail_unless_over(execution: Execution, error: str, cause: str) -> None:
        if not is_over(execution):
            fail(execution, error, json.dumps(cause) if isinstance(cause, dict) else cause)

    stepfunctions._fail_execution = fail_unless_over
