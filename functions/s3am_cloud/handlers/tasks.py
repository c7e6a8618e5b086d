"""The tasks that two functions do: the control function, and the worker for jobs that have secrets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from s3am_cloud.jobs.dataset.settle import settle_dataset
from s3am_cloud.jobs.tasks import complete_job, prepare_job
from s3am_cloud.ports.transfer import Ports


class Prepare(msgspec.Struct, frozen=True, tag="prepare", tag_field="action", forbid_unknown_fields=True):
    job: str
    execution: str


class Complete(msgspec.Struct, frozen=True, tag="complete", tag_field="action", forbid_unknown_fields=True):
    job: str


class Settle(msgspec.Struct, frozen=True, tag="settle", tag_field="action", forbid_unknown_fields=True):
    """After a round of a dataset."""

    job: str
    round: int
    execution: str


Task = Prepare | Complete | Settle


def do(task: Task, ports: Ports, work_bucket: str, sealed: bool, seconds_left: Callable[[], float]) -> dict[str, Any]:
    """The answer to the state machine; by `sealed` it chooses the function that completes the job."""
    if isinstance(task, Prepare):
        prepared = prepare_job(task.job, task.execution, work_bucket, ports, seconds_left)
        return {**msgspec.to_builtins(prepared), "sealed": sealed}
    if isinstance(task, Settle):
        settled = settle_dataset(task.job, task.round, work_bucket, ports)
        return {**msgspec.to_builtins(settled), "sealed": sealed}
    complete_job(task.job, ports)
    return {"job": task.job}
