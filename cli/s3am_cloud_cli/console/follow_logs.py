"""Showing a job's log, once or until the job ends."""

from __future__ import annotations

from datetime import datetime, timedelta

from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.command_lines import command_line
from s3am_cloud.errors import Interrupted, NoSuchJob
from s3am_cloud.limits import POLL_SECONDS
from s3am_cloud_cli.console.output import Console
from s3am_cloud_client.remote.client import Remote
from s3am_cloud_client.remote.logs import JobLogs, line_text

# A request is accepted before its record is written.
_BEFORE = timedelta(minutes=1)
# As long as the stack keeps the letter about a refused event.
_REFUSED = timedelta(days=14)


def show_logs(job: str, remote: Remote, access: S3Access, minutes: int | None, follow: bool, console: Console) -> None:
    """Raises NoSuchJob; Interrupted for Ctrl-C while following."""
    since = _beginning(job, remote) if minutes is None else remote.clock.now() - timedelta(minutes=minutes)
    logs = JobLogs(access, remote.stack.logs)
    try:
        while True:
            running = follow and _runs(job, remote)
            for line in logs.fresh(job, since):
                console.result(line, line_text(line))
            if not running:
                return
            remote.clock.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        if not follow:
            raise
        raise Interrupted(
            f"stopped following; job {job} continues in the cloud",
            f"continue with {command_line('logs', '--follow', job)}",
        ) from None


def _beginning(job: str, remote: Remote) -> datetime:
    """When the job was recorded, or, if its request never was, when its execution started."""
    try:
        return datetime.fromisoformat(remote.jobs.load(job).created) - _BEFORE
    except NoSuchJob:
        execution = remote.execution(job)
        if execution is not None and execution.started is not None:
            return execution.started - _BEFORE
        if remote.jobs.report(job) is None:
            raise
        return remote.clock.now() - _REFUSED  # an event's, which has no record, and whose execution nobody can name


def _runs(job: str, remote: Remote) -> bool:
    execution = remote.execution(job)
    return execution is not None and execution.status == "RUNNING"
