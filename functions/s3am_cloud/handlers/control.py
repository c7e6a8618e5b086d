"""The Lambda function for a job's single steps: accept or refuse, prepare, settle, complete, report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, assert_never

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from s3am_cloud.events import job_of_request
from s3am_cloud.handlers.metrics import Observed, observed
from s3am_cloud.handlers.runtime import Runtime, granted_secrets, load_runtime, locks_of, time_left
from s3am_cloud.handlers.tasks import Complete, Prepare, Settle, do
from s3am_cloud.ingest.accept import accept
from s3am_cloud.ingest.dead_letter import dead_letter_of
from s3am_cloud.jobs.cleanup import kind_of
from s3am_cloud.jobs.locks import ensure_held
from s3am_cloud.jobs.tasks import report_job
from s3am_cloud.model import has_secrets


class Accept(msgspec.Struct, frozen=True, tag="accept", tag_field="action"):
    request: Any
    execution: str
    event: Any = None


class Refuse(msgspec.Struct, frozen=True, tag="refuse", tag_field="action"):
    """`error` and `cause` are what Step Functions reports of a task that failed."""

    request: Any
    execution: str
    event: Any
    error: str
    cause: str


class Report(msgspec.Struct, frozen=True, tag="report", tag_field="action"):
    job: str


Task = Accept | Refuse | Prepare | Complete | Settle | Report


def handler(event: Mapping[str, Any], context: LambdaContext) -> Any:
    """Does the task that `action` names. Errors reach the state machine under their class names."""
    task, runtime = msgspec.convert(event, Task), load_runtime()
    job = _job_of(task)
    with observed(type(task).__name__.lower(), job, context, runtime) as seen:
        return _do(task, runtime, seen, time_left(context))


def _job_of(task: Task) -> str:
    if isinstance(task, Accept | Refuse):
        return job_of_request(task.request, task.event, task.execution)
    return task.job


def _do(task: Task, runtime: Runtime, seen: Observed, seconds_left: Callable[[], float]) -> dict[str, Any]:
    match task:
        case Accept():
            locks = locks_of(runtime.ports)
            granted = granted_secrets()
            job_id, duplicate = accept(task.request, task.execution, runtime.ports, locks, task.event, granted)
            seen.duplicates = int(duplicate)
            return {"job": job_id, "duplicate": duplicate}
        case Refuse():
            letter = dead_letter_of(task.request, task.event, task.execution, (task.error, task.cause), runtime.ports)
            return {"letter": msgspec.json.encode(letter).decode()}
        case Prepare():
            job = runtime.ports.jobs.load(task.job)
            ensure_held(job, task.execution, locks_of(runtime.ports))
            if has_secrets(job):
                return {"job": task.job, "sealed": True}  # the worker's to prepare: its role alone can open them
            ports = seen.counting(runtime.ports_of(task.job))
            return seen.prepared(do(task, ports, runtime.work_bucket, False, seconds_left))
        case Complete() | Settle():
            ports = seen.counting(runtime.ports_of(task.job))
            return do(task, ports, runtime.work_bucket, False, seconds_left)
        case Report():
            found = report_job(task.job, runtime.ports)
            return {"job": task.job, "detail": found, "kind": kind_of(found)}
        case _:
            assert_never(task)
