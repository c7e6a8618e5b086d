"""The Lambda function for a job's single steps: accept or refuse, prepare, complete, report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from s3am_cloud.events import job_of_request
from s3am_cloud.handlers.metrics import Observed, observed
from s3am_cloud.handlers.runtime import World, desk_of, granted_secrets, world
from s3am_cloud.handlers.tasks import Complete, Prepare, do
from s3am_cloud.ingest.accept import accept
from s3am_cloud.ingest.dead_letter import refuse
from s3am_cloud.jobs.locks import hold
from s3am_cloud.jobs.sealing import has_secrets
from s3am_cloud.jobs.tasks import report_job


class Accept(msgspec.Struct, frozen=True, tag="accept", tag_field="action"):
    request: Any
    execution: str
    event: Any = None


class Refuse(msgspec.Struct, frozen=True, tag="refuse", tag_field="action"):
    """`error` and `cause` are what Step Functions tells of a task that failed."""

    request: Any
    execution: str
    event: Any
    error: str
    cause: str


class Report(msgspec.Struct, frozen=True, tag="report", tag_field="action"):
    job: str


Task = Accept | Refuse | Prepare | Complete | Report


def handler(event: Mapping[str, Any], context: LambdaContext) -> Any:
    """Does the task that `action` names. Errors reach the state machine under their class names."""
    task, here = msgspec.convert(event, Task), world()
    job = _job_of(task)
    with observed(type(task).__name__.lower(), job, context, here) as seen:
        return _do(task, here, seen)


def _job_of(task: Task) -> str:
    if isinstance(task, Accept | Refuse):
        return job_of_request(task.request, task.event, task.execution)
    return task.job


def _do(task: Task, here: World, seen: Observed) -> dict[str, Any]:
    match task:
        case Accept():
            desk = desk_of(here.ports)
            granted = granted_secrets()
            job_id, duplicate = accept(task.request, task.execution, here.ports, desk, task.event, granted)
            seen.duplicates = int(duplicate)
            return {"job": job_id, "duplicate": duplicate}
        case Refuse():
            letter = refuse(task.request, task.event, task.execution, (task.error, task.cause), here.ports)
            return {"letter": msgspec.json.encode(letter).decode()}
        case Prepare():
            job = here.ports.jobs.load(task.job)
            hold(job, task.execution, desk_of(here.ports))
            if has_secrets(job):
                return {"job": task.job, "sealed": True}  # the worker's to prepare: its role alone can open them
            return seen.prepared(do(task, seen.counting(here.ports_of(task.job)), here.work_bucket, sealed=False))
        case Complete():
            return do(task, seen.counting(here.ports_of(task.job)), here.work_bucket, sealed=False)
        case Report():
            return {"job": task.job, "detail": report_job(task.job, here.ports)}
        case _:
            assert_never(task)
