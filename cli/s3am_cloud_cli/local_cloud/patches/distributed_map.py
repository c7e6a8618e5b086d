"""Gap: a Distributed Map ignores MaxConcurrencyPath and ToleratedFailurePercentagePath, and runs on when it has failed
or been stopped.

On AWS the Map Run fails as soon as more children have failed than are tolerated, and the children still running are
ABORTED (Step Functions developer guide, "Setting failure thresholds for Distributed Map states"). The emulator runs
every item first, even after StopExecution.

Patched besides: as many children at a time as this machine can bear, however many the machine asks for, since each is
a process. And a child's history shows which states it enters.
"""

from __future__ import annotations

import contextvars
import copy
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ministack.services import stepfunctions

from s3am_cloud_cli.local_cloud.patches.executions import RUNNING, Execution, is_over

MOST_CHILDREN = max(4, min(16, 4 * (os.cpu_count() or 1)))
COUNTS = ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten")
COUNTS_OF_REDRIVE = ("failuresNotRedrivable", "pendingRedrive")

State = dict[str, Any]


def patch() -> None:
    stepfunctions._run_distributed_map = run_distributed_map


def run_distributed_map(
    state: State, data: object, effective: object, processor: State, execution: Execution, context: State
) -> tuple[object, str | None]:
    """Run the Map state; its output and the next state. Takes the place of the emulator's function of this name."""
    items = _items(state, effective, context)
    run = MapRun(state, effective, processor, execution, context, items)
    results = run.results()
    selected = stepfunctions._apply_result_selector(state, results)
    output = stepfunctions._apply_result_path(state, data, selected)
    return stepfunctions._apply_output_path(state, output, context), stepfunctions._next_or_end(state)


class _Told(dict[str, State]):
    """The states of a child: who gets one of them enters it, as the child's history shows."""

    def __init__(self, states: dict[str, State], child: Execution) -> None:
        super().__init__(states)
        self._child = child

    def get(self, name: str, default: Any = None) -> Any:
        state = super().get(name, default)
        if state:
            entered = {"stateEnteredEventDetails": {"name": name}}
            stepfunctions._add_event(self._child, f"{state['Type']}StateEntered", entered)
        return state


class MapRun:
    """One Map Run: its children, what became of them, and the record that DescribeMapRun shows."""

    def __init__(
        self, state: State, effective: object, processor: State, execution: Execution, context: State, items: list[Any]
    ) -> None:
        self._state, self._effective, self._processor, self._context = state, effective, processor, context
        self._items = items
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._results: list[object] = [None] * len(items)
        self._running: list[Execution] = []
        self._fault: Exception | None = None
        self._test_case = execution.get("testCase")
        self._limit = _number(state, "MaxConcurrency", effective, context)
        self._percentage = _number(state, "ToleratedFailurePercentage", effective, context)
        self._tolerated = _tolerated_failures(state, effective, context, len(items))
        self.record = self._new_record(execution)
        stepfunctions._map_runs[self.record["mapRunArn"]] = self.record

    def results(self) -> list[object]:
        """Run all items; the children's outputs. Fails as soon as more failed than are tolerated."""
        workers = max(1, min(self._limit or MOST_CHILDREN, MOST_CHILDREN, len(self._items)))
        pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="map")
        for index in range(len(self._items)):
            pool.submit(contextvars.copy_context().run, self._run_child, index)
        pool.shutdown(wait=False)
        if self._items and self.record["status"] == RUNNING:
            self._ended.wait()
        self._end("SUCCEEDED")
        if self.record["status"] == "SUCCEEDED":
            return self._results
        if self._fault is not None:
            raise self._fault
        raise stepfunctions._ExecutionError(
            "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"
        )

    def abort(self) -> None:
        self._end("ABORTED")

    def _run_child(self, index: int) -> None:
        context = copy.deepcopy(self._context)
        context["Map"] = {"Item": {"Index": index, "Value": self._items[index]}}
        try:
            child = self._start_child(context)
        except Exception as fault:  # an ItemSelector that can't be resolved fails the state, not a child
            self._fault = fault
            self._end("FAILED")
            return
        if child is None:
            return
        try:
            output = stepfunctions._run_sub_machine(
                _Told(self._processor.get("States", {}), child),
                self._processor.get("StartAt"),
                json.loads(child["input"]),
                child,
                context,
            )
        except stepfunctions._ExecutionError as error:
            self._finish(child, "FAILED", error=error.error, cause=error.cause)
        except Exception as error:  # the emulator's own: the child fails with it, as an error of a state does
            self._finish(child, "FAILED", error="States.Runtime", cause=str(error))
        else:
            self._results[index] = output
            self._finish(child, "SUCCEEDED", output=json.dumps(output))

    def _start_child(self, context: State) -> Execution | None:
        """A new child that runs, or None when nothing more is to start."""
        selector = self._state.get("ItemSelector") or self._state.get("Parameters")
        item = context["Map"]["Item"]["Value"]
        data = stepfunctions._resolve_params_obj(selector, self._effective, context) if selector else item
        child = self._new_child(json.dumps(data))
        with self._lock:
            if self.record["status"] != RUNNING:
                return None
            stepfunctions._executions[child["executionArn"]] = child
            self._running.append(child)
            self._move("pending", "running")
        return child

    def _finish(self, child: Execution, status: str, **details: object) -> None:
        with self._lock:
            if child["status"] != RUNNING:
                return
            child.update(status=status, stopDate=stepfunctions.now_iso(), **details)
            self._running.remove(child)
            self._move("running", status.lower())
            counts = self.record["itemCounts"]
            exceeded = counts["failed"] > self._tolerated
            done = not counts["pending"] and not counts["running"]
        if exceeded:
            self._end("FAILED")
        if done:
            self._ended.set()

    def _end(self, status: str) -> None:
        """End the Map Run, unless it has ended. What runs or waits is aborted; a function at work runs to its end."""
        with self._lock:
            if self.record["status"] != RUNNING:
                return
            now = stepfunctions.now_iso()
            self.record.update(status=status, stopDate=now)
            for child in self._running:
                child.update(status="ABORTED", stopDate=now)
            for before in ("running", "pending"):
                self._move(before, "aborted", self.record["itemCounts"][before])
            self._running.clear()
        self._ended.set()

    def _move(self, before: str, after: str, number: int = 1) -> None:
        for counts in (self.record["itemCounts"], self.record["executionCounts"]):
            counts[before] -= number
            counts[after] += number

    def _new_record(self, execution: Execution) -> dict[str, Any]:
        _, _, _, region, account, _, machine, *_ = execution["stateMachineArn"].split(":")
        label = self._state.get("Label") or stepfunctions.new_uuid()
        counts = dict.fromkeys(COUNTS + COUNTS_OF_REDRIVE, 0) | dict.fromkeys(("pending", "total"), len(self._items))
        return {
            "mapRunArn": f"arn:aws:states:{region}:{account}:mapRun:{machine}/{label}:{stepfunctions.new_uuid()}",
            "executionArn": execution["executionArn"],
            "status": "ABORTED" if is_over(execution) else RUNNING,
            "startDate": stepfunctions.now_iso(),
            "maxConcurrency": self._limit,
            "toleratedFailurePercentage": float(self._percentage),
            "toleratedFailureCount": int(self._state.get("ToleratedFailureCount") or 0),
            "itemCounts": counts,
            "executionCounts": dict(counts),
            "redriveCount": 0,
            "_stateMachineArn": f"arn:aws:states:{region}:{account}:stateMachine:{machine}/{label}",
            "_abort": self.abort,
        }

    def _new_child(self, data: str) -> Execution:
        machine, name = self.record["_stateMachineArn"], stepfunctions.new_uuid()
        return {
            "executionArn": f"{machine.replace(':stateMachine:', ':execution:')}:{name}",
            "stateMachineArn": machine,
            "name": name,
            "status": RUNNING,
            "startDate": stepfunctions.now_iso(),
            "stopDate": None,
            "input": data,
            "inputDetails": {"included": True},
            "output": None,
            "outputDetails": {"included": True},
            "mapRunArn": self.record["mapRunArn"],
            "events": [],
            "testCase": self._test_case,
            "mockAttempts": {},
        }


def _items(state: State, effective: object, context: State) -> list[Any]:
    if state.get("ItemReader"):
        items = stepfunctions._read_map_items(state["ItemReader"], effective, context)
    else:
        items = stepfunctions._resolve_path_or_ctx(state.get("ItemsPath", "$"), effective, context)
    return items if isinstance(items, list) else [items]


def _number(state: State, field: str, effective: object, context: State) -> int:
    """A field's value, given as it is or as a path into the state's input; 0 when it is not there."""
    path = state.get(f"{field}Path")
    value = stepfunctions._resolve_path_or_ctx(path, effective, context) if path else state.get(field)
    return int(value or 0)


def _tolerated_failures(state: State, effective: object, context: State, items: int) -> float:
    limits = []
    if "ToleratedFailureCount" in state or "ToleratedFailureCountPath" in state:
        limits.append(float(_number(state, "ToleratedFailureCount", effective, context)))
    if "ToleratedFailurePercentage" in state or "ToleratedFailurePercentagePath" in state:
        limits.append(_number(state, "ToleratedFailurePercentage", effective, context) * items / 100)
    return min(limits, default=0.0)
