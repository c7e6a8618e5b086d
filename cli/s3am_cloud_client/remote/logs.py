"""What the functions have logged about a job, in CloudWatch Logs: once, or until the job ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.answers import naming
from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import NoSuchJob, StoreBusy
from s3am_cloud_client.remote.client import Remote
from s3am_cloud_client.remote.polls import Polls

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

# Marks a line as metrics for CloudWatch, which every invocation writes beside its log line.
_METRICS = "_aws"
# A request is accepted before its record is written.
_BEFORE = timedelta(minutes=1)
# As long as the stack keeps the letter about a refused event.
_REFUSED = timedelta(days=14)
_decode_fields: Decoder[dict[str, Any]] = Decoder(dict[str, Any])


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a function's log. `time` is when CloudWatch had it, in UTC; `fields` are the rest of what it logged."""

    time: str
    function: str
    message: str
    fields: dict[str, Any] = {}


def lines_of(job_id: str, minutes: int | None, follow: bool, remote: Remote) -> Iterator[LogLine]:
    """The job's lines by time, of the last minutes or all of them; with `follow` also new ones until the job ends.

    Raises NoSuchJob, and what `JobLogs` does.
    """
    since = _beginning(job_id, remote) if minutes is None else remote.clock.now() - timedelta(minutes=minutes)
    logs, polls, running = JobLogs(remote.access, remote.stack.logs), Polls(remote.clock), follow
    while True:
        try:
            running = follow and _runs(job_id, remote)
            yield from logs.fresh(job_id, since)
        except StoreBusy:
            if not follow:
                raise
            polls.slow_down()
            running = True
        if not running:
            return
        polls.wait()


class JobLogs:
    """The log groups of a stack's functions: their names by the functions'."""

    def __init__(self, access: S3Access, groups: Mapping[str, str]) -> None:
        """Raises NoCredentials."""
        self._client: CloudWatchLogsClient = access.boto.client(
            "logs", region_name=access.region, endpoint_url=access.settings.endpoint_url
        )
        self._groups = groups
        self._seen: set[str] = set()

    def fresh(self, job_id: str, since: datetime) -> list[LogLine]:
        """The lines that name the job and were not given before, by time. Raises AccessDenied, StoreUnavailable."""
        every = self._events(job_id, since)
        events = [(function, event) for function, event in every if event["eventId"] not in self._seen]
        found = [
            (event["timestamp"], number, _line(function, event["timestamp"], event["message"]))
            for number, (function, event) in enumerate(events)
        ]
        # Only now: what was asked for in vain is asked for again.
        self._seen.update(event["eventId"] for _, event in events)
        return [line for *_, line in sorted(found, key=lambda item: item[:2]) if line is not None]

    def _events(self, job_id: str, since: datetime) -> Iterator[tuple[str, Any]]:
        pages = self._client.get_paginator("filter_log_events")
        for function, group in self._groups.items():
            with naming(f"log group {group}"):
                for page in pages.paginate(
                    logGroupName=group, filterPattern=f'"{job_id}"', startTime=int(since.timestamp() * 1000)
                ):
                    yield from ((function, event) for event in page["events"])


def _line(function: str, milliseconds: int, message: str) -> LogLine | None:
    """None for metrics. What is not one of our JSON lines, such as a trace, is shown as it is."""
    time = datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
    try:
        fields = _decode_fields(message)
    except msgspec.DecodeError:
        return LogLine(time=time, function=function, message=message.rstrip("\n"))
    if _METRICS in fields:
        return None
    return LogLine(time=time, function=function, message=str(fields.get("message", "")), fields=fields)


def _beginning(job_id: str, remote: Remote) -> datetime:
    """When the job was recorded, or, if its request never was, when its execution started."""
    try:
        return datetime.fromisoformat(remote.jobs.load(job_id).created) - _BEFORE
    except NoSuchJob:
        execution = remote.execution(job_id)
        if execution is not None and execution.started is not None:
            return execution.started - _BEFORE
        if remote.jobs.report(job_id) is None:
            raise
        # The job of a refused event has no record, and the name of its execution is unknown.
        return remote.clock.now() - _REFUSED


def _runs(job_id: str, remote: Remote) -> bool:
    execution = remote.execution(job_id)
    return execution is not None and execution.status == "RUNNING"
