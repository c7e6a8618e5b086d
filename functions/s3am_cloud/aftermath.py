"""What comes after: a job that failed is reported and announced, and its upload aborted when nobody resumed it."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from s3am_cloud.errors import NoSuchJob, TransferError, UploadGone, by_name
from s3am_cloud.limits import JOB_KEEP_DAYS, LONGEST_JOB_DAYS
from s3am_cloud.model import Job, Receipt
from s3am_cloud.pipeline import receipt
from s3am_cloud.ports import Clock, Execution, Executions, Outcomes, Ports
from s3am_cloud.steps.abort import abort

SUCCEEDED = "Transfer Succeeded"
FAILED = "Transfer Failed"


def settle(execution: Execution, ports: Ports, executions: Executions, outcomes: Outcomes) -> Receipt | None:
    """Reports and announces a job whose execution failed, timed out or was stopped; its upload stays for a resume."""
    if execution.job is None:
        return None
    before = ports.jobs.report(execution.job)
    if before is not None and before.state != "failed":
        return before  # the object is there: only the announcement failed
    error = failure(execution, executions)
    try:
        report = failed(ports.jobs.load(execution.job), error, ports.clock)
    except NoSuchJob:
        # A request that was refused has no record; whoever sent it is told all the same.
        report = Receipt(state="failed", source="", destination="", job=execution.job, error=error.report())
    ports.jobs.write_report(execution.job, report)
    outcomes.announce(FAILED, detail(report))
    return report


def sweep(ports: Ports) -> list[str]:
    """Aborts the uploads of jobs that nobody resumed in time, and returns those jobs' ids.

    Only uploads that a record of ours names are touched.
    """
    swept = []
    for job in ports.jobs.all():
        if job.upload is not None and _expired(job, ports):
            abort(job.upload, ports.store)
            ports.jobs.forget(job)
            swept.append(job.id)
    return swept


def _expired(job: Job, ports: Ports) -> bool:
    """A job without a report may still be running, for as long as the machine lets it."""
    if job.upload is None or ports.jobs.find(job.upload.target, job.upload.upload_id) != job:
        return False  # a later job goes on with its upload
    ended = ports.jobs.report(job.id) is not None
    keep = timedelta(days=JOB_KEEP_DAYS if ended else JOB_KEEP_DAYS + LONGEST_JOB_DAYS)
    return ports.clock.now() - datetime.fromisoformat(job.created) > keep


def failed(job: Job, error: TransferError, clock: Clock) -> Receipt:
    """The receipt of a job that ended in `error`."""
    return msgspec.structs.replace(
        receipt(job, clock),
        state="failed",
        error=error.report(),
        unfinished_upload=job.upload.upload_id if job.upload and not isinstance(error, UploadGone) else None,
    )


def failure(execution: Execution, executions: Executions) -> TransferError:
    """The named error that ended an execution."""
    found = executions.failure(execution.arn)
    if found is None:
        return by_name("", f"the execution ended as {execution.status}")
    return by_name(found.name, found.message)


def detail(report: Receipt) -> dict[str, object]:
    """An outcome event's detail: the receipt's fields that are known."""
    built: dict[str, object] = msgspec.to_builtins(report)
    return {name: value for name, value in built.items() if value is not None}
