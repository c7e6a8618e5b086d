"""The Lambda function that moves a unit's parts. It alone opens secrets: jobs that have any are prepared and completed
here, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from s3am_cloud.handlers.metrics import observed
from s3am_cloud.handlers.runtime import load_runtime
from s3am_cloud.handlers.tasks import Complete, Prepare, do
from s3am_cloud.jobs.tasks import work
from s3am_cloud.model import Unit


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    job: str
    unit: Unit


def handler(event: Mapping[str, Any], context: LambdaContext) -> Any:
    """Does the task that `action` names; without one, returns what is left of the unit.

    Errors reach the state machine under their class names.
    """
    if "action" in event:
        return _task(msgspec.convert(event, Prepare | Complete), context)
    task, runtime = msgspec.convert(event, Event), load_runtime()
    with observed("move", task.job, context, runtime, task.unit) as seen:
        ports = seen.counting(runtime.ports_of(task.job))
        done = work(task.job, task.unit, lambda: context.get_remaining_time_in_millis() / 1000, ports)
        seen.fields.update(first=task.unit.first, last=task.unit.last, done=done.done)
    return msgspec.to_builtins(done)


def _task(task: Prepare | Complete, context: LambdaContext) -> Any:
    runtime = load_runtime()
    with observed(type(task).__name__.lower(), task.job, context, runtime) as seen:
        ports = seen.counting(runtime.ports_of(task.job))
        return seen.prepared(
            do(task, ports, runtime.work_bucket, True, lambda: context.get_remaining_time_in_millis() / 1000)
        )
