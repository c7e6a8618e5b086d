"""The Lambda function that transfers a unit's parts, or copies its items. It alone opens secrets: jobs that have any
are prepared and completed here, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from s3am_cloud.handlers.metrics import observed
from s3am_cloud.handlers.runtime import load_runtime, time_left
from s3am_cloud.handlers.tasks import Task, do
from s3am_cloud.jobs.dataset.records import item_ports
from s3am_cloud.jobs.dataset.unit import work_items
from s3am_cloud.jobs.tasks import work
from s3am_cloud.model import Unit
from s3am_cloud.ports.dataset_files import ItemUnit, PartUnit


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    job: str
    unit: Unit


class Parts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parts of a large item of a dataset."""

    job: str
    unit: PartUnit


class Items(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whole items of a dataset."""

    job: str
    unit: ItemUnit


def handler(event: Mapping[str, Any], context: LambdaContext) -> Any:
    """Does the task that `action` names; without one, returns what is left of the unit.

    Errors reach the state machine under their class names.
    """
    if "action" in event:
        return _task(msgspec.convert(event, Task), context)
    unit = event.get("unit", {})
    if "file" in unit:
        return _items(msgspec.convert(event, Items), context)
    if "item" in unit:
        return _parts(msgspec.convert(event, Parts), context)
    task, runtime = msgspec.convert(event, Event), load_runtime()
    with observed("move", task.job, context, runtime, task.unit) as seen:
        ports = seen.counting(runtime.ports_of(task.job))
        done = work(task.job, task.unit, time_left(context), ports)
        seen.fields.update(first=task.unit.first, last=task.unit.last, done=done.done)
    return msgspec.to_builtins(done)


def _parts(task: Parts, context: LambdaContext) -> Any:
    runtime, unit = load_runtime(), task.unit
    parts = Unit(0, unit.first, unit.last)
    with observed("move", task.job, context, runtime, Unit(0, unit.u, unit.u)) as seen:
        ports = item_ports(seen.counting(runtime.ports_of(task.job)), task.job)
        done = work(unit.item, parts, time_left(context), ports)
        seen.fields.update(item=unit.item, first=unit.first, last=unit.last, done=done.done)
    rest = msgspec.structs.replace(unit, first=done.unit.first)
    return {"job": task.job, "unit": msgspec.to_builtins(rest), "done": done.done}


def _items(task: Items, context: LambdaContext) -> Any:
    runtime, unit = load_runtime(), task.unit
    with observed("copy", task.job, context, runtime, Unit(0, unit.u, unit.u)) as seen:
        ports = seen.counting(runtime.ports_of(task.job))
        dataset = ports.jobs.load(task.job)
        end = work_items(dataset, unit, time_left(context), ports)
        seen.counts.bytes += end.bytes_moved
        seen.counts.parts += end.counts.copied
        seen.fields.update(unit=unit.u, round=unit.round, done=end.rest is None, **msgspec.to_builtins(end.counts))
    return {"job": task.job, "unit": msgspec.to_builtins(end.rest or unit), "done": end.rest is None}


def _task(task: Task, context: LambdaContext) -> Any:
    runtime = load_runtime()
    with observed(type(task).__name__.lower(), task.job, context, runtime) as seen:
        ports = seen.counting(runtime.ports_of(task.job))
        return seen.prepared(do(task, ports, runtime.work_bucket, True, time_left(context)))
