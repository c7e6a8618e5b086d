"""A job's log as people read it, once or until the job ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3am_cloud.command_lines import command_line
from s3am_cloud.errors import Interrupted
from s3am_cloud_cli.console.output import Console
from s3am_cloud_client import Job

if TYPE_CHECKING:
    from s3am_cloud_client.results import LogLine

# What is the same in all lines of a job, or said elsewhere in the line.
_NOT_SHOWN = {"level", "location", "message", "timestamp", "service", "job", "xray_trace_id"}


def show_logs(job: Job, minutes: int | None, follow: bool, console: Console) -> None:
    """Raises NoSuchJob; Interrupted for Ctrl-C while following."""
    try:
        for line in job.logs(minutes, follow):
            console.result(line, line_text(line))
    except KeyboardInterrupt:
        if not follow:
            raise
        raise Interrupted(
            f"stopped following; job {job.id} continues in the cloud",
            f"continue with {command_line('logs', '--follow', job.id)}",
        ) from None


def line_text(line: LogLine) -> list[str]:
    """A line, and those of a trace below it, so far to the right that none looks like one of the log."""
    fields = " ".join(f"{name}={value}" for name, value in line.fields.items() if name not in _NOT_SHOWN)
    level = line.fields.get("level", "INFO")
    first, *more = line.message.split("\n")
    return [f"{line.time} {line.function:<7} {level:<7} {first}  {fields}".rstrip(), *(f"    {each}" for each in more)]
