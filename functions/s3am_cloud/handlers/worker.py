"""The Lambda function that moves a unit's parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from s3am_cloud.cloud import work
from s3am_cloud.handlers.world import world
from s3am_cloud.model import Unit


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    job: str
    unit: Unit


def handler(event: Mapping[str, Any], context: LambdaContext) -> Any:
    """Returns what is left of the unit. Errors reach the state machine under their class names."""
    task, here = msgspec.convert(event, Event), world()
    done = work(task.job, task.unit, lambda: context.get_remaining_time_in_millis() / 1000, here.ports)
    here.logger.info("unit moved", job=task.job, first=task.unit.first, last=task.unit.last, done=done.done)
    return msgspec.to_builtins(done)
