"""What an invocation reports: log lines that carry the job's id, metrics, and a worker's note for the receipt.

Metrics are written to the log in CloudWatch's embedded format. Their dimensions are the stack (`service`) and the
function, or the stack and the error's name, and never the job, since CloudWatch charges for each combination
(costs/prices.py): about 12 of them, and one for each kind of error. The job's id is beside them as a plain field.

URLs reach the log in error messages only, and there in their displayable form.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final

import msgspec
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from s3am_cloud import names
from s3am_cloud.errors import TransferError
from s3am_cloud.handlers.environment import Environment
from s3am_cloud.handlers.runtime import Runtime
from s3am_cloud.jobs.metering import Counts, counted
from s3am_cloud.model import Unit
from s3am_cloud.ports.records import Tally
from s3am_cloud.ports.transfer import Ports

_MIB_PER_GIB: Final = 1024


class Observed(msgspec.Struct):
    """One invocation. `fields` go into its last log line."""

    counts: Counts
    fields: dict[str, object]
    duplicates: int = 0
    skipped: int = 0

    def prepared(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The answer of a task, of which is noted whether there was anything to do."""
        self.skipped = int(answer.get("skipped", False))
        return answer

    def counting(self, ports: Ports) -> Ports:
        """The ports to give to the story: what they move is counted."""
        return counted(ports, self.counts)


class _Ended(msgspec.Struct, frozen=True):
    """How an invocation ended."""

    job: str | None
    counts: Counts
    seconds: float
    failure: Exception | None
    duplicates: int
    skipped: int

    @property
    def error(self) -> str | None:
        return None if self.failure is None else type(self.failure).__name__


@contextmanager
def observed(
    task: str, job: str | None, context: LambdaContext, runtime: Runtime, unit: Unit | None = None
) -> Iterator[Observed]:
    """In the end, be it good or bad, the invocation is logged and measured.

    With a `unit` it is a worker's, and is noted beside the job's record as well.
    """
    clock, seen = runtime.ports.clock, Observed(Counts(), {})
    began = clock.monotonic()
    failure: Exception | None = None
    with runtime.logger.append_context_keys(**_keys(job, context)):
        try:
            yield seen
        except Exception as error:
            failure = error
            raise
        finally:
            took = round(clock.monotonic() - began, 3)
            ended = _Ended(job, seen.counts, took, failure, seen.duplicates, seen.skipped)
            _log(task, ended, seen.fields, runtime)
            _measure(ended, context.function_name, _noted(ended, unit, context, runtime.ports) if unit else None)


def _keys(job: str | None, context: LambdaContext) -> dict[str, str]:
    return {"request": context.aws_request_id} | ({"job": job} if job else {})


def _log(task: str, ended: _Ended, fields: dict[str, object], runtime: Runtime) -> None:
    logged = {**fields, **msgspec.to_builtins(ended.counts), "seconds": ended.seconds}
    if ended.failure is None:
        runtime.logger.info(task, **logged)
        return
    # What is not ours may say anything.
    reason = ended.failure.message if isinstance(ended.failure, TransferError) else None
    runtime.logger.warning(f"{task} failed", error=ended.error, reason=reason, **logged)


def _noted(ended: _Ended, unit: Unit, context: LambdaContext, ports: Ports) -> float | None:
    """Notes what a worker's invocation took, and returns the age of its job. Its parts are moved, come what may."""
    if ended.job is None:
        return None
    with suppress(TransferError):
        ports.jobs.write_tally(ended.job, f"{unit.first}-{context.aws_request_id}", _tally(ended, unit, context))
        return (ports.clock.now() - datetime.fromisoformat(ports.jobs.load(ended.job).created)).total_seconds()
    return None


def _tally(ended: _Ended, unit: Unit, context: LambdaContext) -> Tally:
    return Tally(
        first=unit.first,
        bytes=ended.counts.bytes,
        parts=ended.counts.parts,
        retries=ended.counts.retries,
        seconds=ended.seconds,
        gb_seconds=round(ended.seconds * int(context.memory_limit_in_mb) / _MIB_PER_GIB, 3),
        error=ended.error,
    )


def _measure(ended: _Ended, function: str, job_age: float | None) -> None:
    metrics = _metrics(ended.job)
    metrics.add_dimension(names.FUNCTION_DIMENSION, function)
    metrics.add_metric(names.INVOCATIONS, MetricUnit.Count, 1)
    metrics.add_metric(names.DURATION, MetricUnit.Seconds, ended.seconds)
    for name, unit, value in (
        (names.BYTES_MOVED, MetricUnit.Bytes, ended.counts.bytes),
        (names.PARTS_MOVED, MetricUnit.Count, ended.counts.parts),
        (names.RETRIES, MetricUnit.Count, ended.counts.retries),
        (names.JOB_AGE, MetricUnit.Seconds, job_age),
        (names.DUPLICATES, MetricUnit.Count, ended.duplicates),
        (names.SKIPPED, MetricUnit.Count, ended.skipped),
    ):
        if value:
            metrics.add_metric(name, unit, value)
    metrics.flush_metrics()
    if ended.error is not None:
        failure = _metrics(ended.job)
        failure.add_dimension(names.ERROR_DIMENSION, ended.error)
        failure.add_metric(names.FAILURES, MetricUnit.Count, 1)
        failure.flush_metrics()


def _metrics(job: str | None) -> EphemeralMetrics:
    metrics = EphemeralMetrics(namespace=names.METRICS_NAMESPACE, service=Environment(os.environ).service)
    if job is not None:
        metrics.add_metadata("job", job)
    return metrics
