"""Cancelling a job: nothing of it runs any more, and nothing is left of it in S3."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from s3am_cloud.errors import AccessDenied, NoSuchJob
from s3am_cloud.jobs.cleanup import discard
from s3am_cloud.jobs.locks import latest
from s3am_cloud.limits import JANITOR_SECONDS
from s3am_cloud.model import Receipt, State
from s3am_cloud.ports.executions import Execution
from s3am_cloud.ports.transfer import Ports
from s3am_cloud_client.remote.client import Remote

_LOOK_SECONDS = 0.5
_DONE: set[State] = {"succeeded", "skipped"}


class Cancelled(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `cancel JOB --json` prints. `state` is "succeeded" or "skipped" where the job had ended so before.

    With `later` the stack's next sweep discards the upload, as this user may not.
    """

    job: str
    state: State
    destination: str
    later: bool = False


def cancel_job(job_id: str, remote: Remote, ports: Ports) -> Cancelled:
    """Stops the last job that continues this one, and discards its upload. Repeating is quiet.

    The notice is put up before anything is stopped, so that whoever opens an upload at this moment, or looks at an
    execution that was stopped, knows. Where an execution runs, the stack's janitor does the rest, and sends an event;
    where none does, or the janitor does not answer in time, it is done from here. Raises NoSuchJob.
    """
    last = latest(job_id, remote.jobs)
    execution, report = remote.execution(last), remote.jobs.report(last)
    if execution is not None and execution.job is not None and execution.job != last:
        return cancel_job(execution.job, remote, ports)  # that one only joined it
    _check_known(last, execution, report, remote)
    running = execution is not None and execution.status == "RUNNING"
    if report is not None and not running and report.state in {*_DONE, "cancelled"}:
        return _cancelled(last, report)
    remote.coordination.cancel(last)
    if running and execution is not None:
        with suppress(NoSuchJob):
            remote.machine.stop(execution.arn, f"job {last} was cancelled")
        report = _janitors(last, remote)
        if report is not None:
            return _cancelled(last, report)
    try:
        return _cancelled(last, discard(last, ports))
    except AccessDenied:
        return Cancelled(last, "cancelled", report.destination if report else "", later=True)


def _check_known(job_id: str, execution: Execution | None, report: Receipt | None, remote: Remote) -> None:
    if execution is None and report is None:
        remote.jobs.load(job_id)


def _janitors(job_id: str, remote: Remote) -> Receipt | None:
    """The report that follows upon the stop, None where none comes in time."""
    end = remote.clock.monotonic() + JANITOR_SECONDS
    while remote.clock.monotonic() < end:
        report = remote.jobs.report(job_id)
        if report is not None and report.state in {*_DONE, "cancelled"}:
            return report
        remote.clock.sleep(_LOOK_SECONDS)
    return None


def _cancelled(job_id: str, report: Receipt) -> Cancelled:
    return Cancelled(job_id, report.state, report.destination)
