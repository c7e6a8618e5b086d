"""The Lambda function that cleans up: it reports executions that failed, and sweeps every hour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from s3am_cloud.handlers.metrics import observed
from s3am_cloud.handlers.runtime import describe, event_bus, load_runtime, state_machine, time_left
from s3am_cloud.jobs.cleanup import settle
from s3am_cloud.jobs.skip import renew_seen
from s3am_cloud.jobs.sweep import sweep


class Change(msgspec.Struct, frozen=True, rename="camel"):
    """What EventBridge reports of an execution that changed its status."""

    execution_arn: str
    state_machine_arn: str


class Event(msgspec.Struct, frozen=True):
    detail: Change | None = None
    action: str | None = None


def handler(event: Mapping[str, Any], context: LambdaContext) -> Any:
    """Reports the job of an execution that failed, timed out or was stopped; sweeps when asked by the schedule."""
    notice, runtime = msgspec.convert(event, Event), load_runtime()
    if notice.detail is None:
        with observed("sweep", None, context, runtime) as seen:
            renew_seen(runtime.ports)
            swept = sweep(runtime.ports, describe, time_left(context))
            seen.fields.update(swept=swept.discarded, unswept=swept.failed, more=swept.more)
        return None
    executions = state_machine(notice.detail.state_machine_arn)
    execution = executions.describe(notice.detail.execution_arn)
    with observed("settle", execution.job, context, runtime) as seen:
        report = settle(execution, runtime.ports, executions, event_bus())
        seen.fields["outcome"] = report.error.name if report and report.error else None
    return None
