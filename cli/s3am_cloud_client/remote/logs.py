"""What the functions have logged about a job, in CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.answers import naming
from s3am_cloud.decoders import Decoder

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

# What is the same in all lines of a job, or said elsewhere in the line.
_NOT_SHOWN = {"level", "location", "message", "timestamp", "service", "job", "xray_trace_id"}
# Marks a line as metrics for CloudWatch, which every invocation writes beside its log line.
_METRICS = "_aws"
_decode_fields: Decoder[dict[str, Any]] = Decoder(dict[str, Any])


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a function's log. `time` is when CloudWatch had it, in UTC; `fields` are what the function told."""

    time: str
    function: str
    message: str
    fields: dict[str, Any] = {}


class JobLogs:
    """The log groups of a stack's functions: their names by the functions'."""

    def __init__(self, access: S3Access, groups: Mapping[str, str]) -> None:
        """Raises NoCredentials."""
        self._client: CloudWatchLogsClient = access.boto.client(
            "logs", region_name=access.region, endpoint_url=access.settings.endpoint_url
        )
        self._groups = groups
        self._seen: set[str] = set()

    def fresh(self, job_id: str, since: datetime) -> list[Line]:
        """The lines that name the job and were not given before, by time. Raises AccessDenied, StoreUnavailable."""
        found = [
            (event["timestamp"], number, _line(function, event["timestamp"], event["message"]))
            for number, (function, event) in enumerate(self._events(job_id, since))
        ]
        return [line for *_, line in sorted(found, key=lambda item: item[:2]) if line is not None]

    def _events(self, job_id: str, since: datetime) -> Iterator[tuple[str, Any]]:
        pages = self._client.get_paginator("filter_log_events")
        for function, group in self._groups.items():
            with naming(f"log group {group}"):
                for page in pages.paginate(
                    logGroupName=group, filterPattern=f'"{job_id}"', startTime=int(since.timestamp() * 1000)
                ):
                    yield from ((function, event) for event in page["events"] if self._is_new(event["eventId"]))

    def _is_new(self, event_id: str) -> bool:
        new = event_id not in self._seen
        self._seen.add(event_id)
        return new


def _line(function: str, milliseconds: int, message: str) -> Line | None:
    """None for metrics. What is not one of our JSON lines, such as a trace, is shown as it is."""
    time = datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
    try:
        fields = _decode_fields(message)
    except msgspec.DecodeError:
        return Line(time=time, function=function, message=message.rstrip("\n"))
    if _METRICS in fields:
        return None
    return Line(time=time, function=function, message=str(fields.get("message", "")), fields=fields)


def line_text(line: Line) -> list[str]:
    """A line, and those of a trace below it, so far to the right that none looks like one of the log."""
    fields = " ".join(f"{name}={value}" for name, value in line.fields.items() if name not in _NOT_SHOWN)
    level = line.fields.get("level", "INFO")
    first, *more = line.message.split("\n")
    return [f"{line.time} {line.function:<7} {level:<7} {first}  {fields}".rstrip(), *(f"    {each}" for each in more)]
