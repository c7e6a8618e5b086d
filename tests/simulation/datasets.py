"""A dataset's way through the machine's own definition: the tasks and the units' workers are the product's, over ports
without weight."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import chain, islice, repeat, takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from s3am_cloud.costs.forecast import (
    CHILD_STARTS_PER_SECOND,
    FRAME_SECONDS,
    OVERHEAD_SECONDS,
    Forecast,
    Usage,
    cost,
    gb_of,
)
from s3am_cloud.handlers.tasks import Prepare, Settle, do
from s3am_cloud.jobs.dataset.forecasts import forecast_of_dataset
from s3am_cloud.jobs.dataset.plan import load_plan
from s3am_cloud.jobs.dataset.records import item_ports
from s3am_cloud.jobs.dataset.unit import work_items
from s3am_cloud.jobs.tasks import report_job, work
from s3am_cloud.limits import LAMBDA_SECONDS, LIST_PAGE
from s3am_cloud.model import Dataset, Receipt, TransferRequest, Unit
from s3am_cloud.ports.dataset_files import DatasetUnit, ItemUnit, PartUnit
from s3am_cloud.ports.records import Tally
from s3am_cloud.transfer.pipeline import new_job
from simulation import asl
from simulation.dataset_world import DatasetWorld

JOB, ARN, BUCKET = "dataset-0123456789abcdef", "arn:aws:states:eu-west-1:123456789012:execution:S3am:dataset", "work"
# It starts and ends; each state is entered and left; each task is scheduled, started, and ends.
_OF_AN_EXECUTION, _OF_A_STATE, _OF_A_TASK = 2, 2, 3
# What Report takes for a thousand items, with a third of a vCPU.
_REPORT_SECONDS = 0.1


class Items(msgspec.Struct, frozen=True, kw_only=True):
    """So many objects of each size."""

    name: str
    sizes: tuple[tuple[int, int], ...]
    scheme: str = "https"
    connections: int | None = None

    def all(self) -> Iterator[int]:
        return chain.from_iterable(repeat(size, count) for count, size in self.sizes)

    @property
    def count(self) -> int:
        return sum(count for count, _ in self.sizes)

    @property
    def request(self) -> TransferRequest:
        source = "s3://source/p/" if self.scheme == "s3" else "https://host/list.jsonl"
        given = Dataset(sources=(source,)) if self.scheme == "s3" else Dataset(manifest=source)
        return TransferRequest(
            source=source, destination="s3://bucket/p/", download_slots=self.connections, dataset=given
        )


class DatasetOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a dataset took. `made` are the objects and parts that S3 was sent, and `refused` those it had too many of;
    `prepared` the seconds until its first unit, `largest_payload` in bytes, `longest_history` in events; `told` is
    the forecast."""

    receipt: Receipt
    told: Forecast
    units: int
    rounds: int
    workers: int
    made: int
    refused: int
    prepared: float
    seconds: float
    usage: Usage
    dollars: float
    largest_payload: int
    longest_history: int


class DatasetSimulation:
    def __init__(self, items: Items, folder: Path) -> None:
        self._items, self._world = items, DatasetWorld(items.all, folder)
        self._invocations = self._transitions = self._units = self._rounds = self._workers = 0
        self._busy = self._prepared = 0.0
        self._largest = self._longest = 0

    def run(self) -> DatasetOutcome:
        world = self._world
        world.jobs.add(new_job(self._items.request, JOB, world.clock))
        self._walk(asl.states(), {"job": JOB})
        receipt = world.jobs.report(JOB)
        assert receipt is not None
        usage = Usage(
            transitions=self._transitions,
            invocations=self._invocations,
            gb_seconds=gb_of(self._busy),
            s3_writes=world.bill.writes,
            s3_reads=world.bill.reads,
            kms_requests=self._invocations,
            events=1,
        )
        return DatasetOutcome(
            receipt=receipt,
            told=forecast_of_dataset(world.jobs.load(JOB), load_plan(JOB, world.files)),
            units=self._units,
            rounds=self._rounds,
            workers=self._workers,
            made=world.requests.objects,
            refused=world.requests.refused,
            prepared=self._prepared,
            seconds=world.clock.seconds + FRAME_SECONDS,
            usage=usage,
            dollars=cost(usage),
            largest_payload=self._largest,
            longest_history=self._longest,
        )

    def _walk(self, states: asl.Json, data: dict[str, Any]) -> None:
        """The parent execution."""
        name: str | None = asl.start()
        events = _OF_AN_EXECUTION
        while name is not None:
            self._transitions += 1
            self._weigh(data)
            is_task = states[name]["Type"] == "Task"
            events += _OF_A_STATE + (_OF_A_TASK if is_task or states[name]["Type"] == "Map" else 0)
            data = self._entered(name, data)
            self._weigh(data)
            name = asl.following(states[name], data)
        self._longest = max(self._longest, events)

    def _entered(self, name: str, data: dict[str, Any]) -> dict[str, Any]:
        match name:
            case "Prepare":
                answer = self._invoked(Prepare(job=JOB, execution=ARN))
                self._prepared = self._world.clock.seconds
                return answer
            case "Settle":
                return self._invoked(Settle(job=JOB, round=data["round"], execution=ARN))
            case "Report":
                return {"job": JOB, "detail": self._reported(), "kind": "Dataset Succeeded"}
            case "Transfer":
                self._rounds += 1
                self._map(data["round"], data["concurrency"])
        return data

    def _invoked(self, task: Prepare | Settle) -> dict[str, Any]:
        clock = self._world.clock
        began = clock.seconds
        self._invocations += 1
        clock.seconds += OVERHEAD_SECONDS
        answer = do(task, self._world.ports, BUCKET, False, lambda: began + LAMBDA_SECONDS - clock.seconds)
        self._busy += clock.seconds - began
        return answer

    def _reported(self) -> dict[str, object]:
        clock = self._world.clock
        began = clock.seconds
        self._invocations += 1
        clock.seconds += OVERHEAD_SECONDS + self._items.count / LIST_PAGE * _REPORT_SECONDS
        found = report_job(JOB, self._world.ports)
        self._busy += clock.seconds - began
        return found

    def _map(self, round_number: int, concurrency: int) -> None:
        """Each unit when a worker is free, as fast as Step Functions starts them."""
        clock = self._world.clock
        began = next_start = clock.seconds
        working: list[float] = []
        ended = began
        for unit in list(self._world.files.units(JOB, round_number)):
            next_start += 1 / CHILD_STARTS_PER_SECOND
            free = heapq.heappop(working) if len(working) >= concurrency else began
            next_start = max(next_start, free)
            end = self._child(unit, next_start)
            heapq.heappush(working, end)
            ended = max(ended, end)
            self._units += 1
            self._workers = max(self._workers, len(working))
        clock.seconds = ended

    def _child(self, unit: DatasetUnit, began: float) -> float:
        """The second at which its last invocation has ended."""
        clock = self._world.clock
        clock.seconds, events = began, _OF_AN_EXECUTION
        left: DatasetUnit | None = unit
        while left is not None:
            self._weigh({"job": JOB, "unit": msgspec.to_builtins(left)})
            at = clock.seconds
            clock.seconds += OVERHEAD_SECONDS
            done, left = left, self._worked(left, at + LAMBDA_SECONDS)
            answer = {"job": JOB, "unit": msgspec.to_builtins(left or done), "done": left is None}
            self._weigh(answer)
            self._busy += clock.seconds - at
            self._invocations += 1
            entered = _entered_by_a_child(left is None)
            self._transitions += entered
            events += _OF_A_STATE * entered + _OF_A_TASK
        self._longest = max(self._longest, events)
        return clock.seconds

    def _worked(self, unit: DatasetUnit, deadline: float) -> DatasetUnit | None:
        world = self._world

        def seconds_left() -> float:
            return deadline - world.clock.seconds

        world.jobs.write_tally(JOB, f"{unit.u}-{self._invocations}", Tally(first=unit.u))
        if isinstance(unit, PartUnit):
            worked = work(unit.item, Unit(0, unit.first, unit.last), seconds_left, item_ports(world.ports, JOB))
            return None if worked.done else msgspec.structs.replace(unit, first=worked.unit.first)
        assert isinstance(unit, ItemUnit)
        dataset = world.jobs.load(JOB)
        with world.in_lanes():
            return work_items(dataset, unit, seconds_left, world.ports).rest

    def _weigh(self, data: object) -> None:
        self._largest = max(self._largest, len(msgspec.json.encode(data)))


def _entered_by_a_child(is_done: bool) -> int:
    """How many states, until it is done or a worker is invoked again."""
    entered = asl.path(asl.child_states(), "Move", {"done": is_done}, {})
    return len(list(takewhile(lambda state: is_done or state != "Move", islice(entered, 1, None)))) + 1


def simulate(items: Items) -> DatasetOutcome:
    with TemporaryDirectory(prefix="s3am-cloud-simulated-") as folder:
        return DatasetSimulation(items, Path(folder)).run()
