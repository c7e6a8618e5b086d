"""The Lambda function for a job's single steps: accept, prepare, complete, report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from s3am_cloud.cloud import complete_job, prepare_job, report_job
from s3am_cloud.handlers.world import World, world
from s3am_cloud.intake import accept


class Accept(msgspec.Struct, frozen=True, tag="accept", tag_field="action"):
    request: dict[str, Any]
    execution: str
    event: dict[str, Any] | None = None


class Prepare(msgspec.Struct, frozen=True, tag="prepare", tag_field="action"):
    job: str
    execution: str


class Complete(msgspec.Struct, frozen=True, tag="complete", tag_field="action"):
    job: str


class Report(msgspec.Struct, frozen=True, tag="report", tag_field="action"):
    job: str


Task = Accept | Prepare | Complete | Report


def handler(event: Mapping[str, Any], context: LambdaContext) -> Any:
    """Does the task that `action` names. Errors reach the state machine under their class names."""
    task, here = msgspec.convert(event, Task), world()
    answer = _do(task, here)
    here.logger.info(type(task).__name__.lower(), job=answer["job"])
    return answer


def _do(task: Task, here: World) -> dict[str, Any]:
    match task:
        case Accept():
            job_id, duplicate = accept(task.request, task.execution, here.ports)
            return {"job": job_id, "duplicate": duplicate}
        case Prepare():
            answer: dict[str, Any] = msgspec.to_builtins(
                prepare_job(task.job, task.execution, here.work_bucket, here.ports)
            )
            return answer
        case Complete():
            complete_job(task.job, here.ports)
            return {"job": task.job}
        case Report():
            return {"job": task.job, "detail": report_job(task.job, here.ports)}
        case _:
            assert_never(task)
