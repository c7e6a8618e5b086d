"""A place from which jobs are started on the embedded cloud, and where all that they ask AWS for is counted."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from functional.cloud.job_client import JobClient
from s3am_cloud.adapters.records.coordination import DocumentCoordination
from s3am_cloud.adapters.records.jobs import Folder, Jobs
from s3am_cloud.costs.forecast import Forecast
from s3am_cloud.costs.quote import forecast_of
from s3am_cloud.events import Event, job_of_event
from s3am_cloud.expiry import first_look
from s3am_cloud.model import Job
from s3am_cloud.ports.coordination import DestinationLock
from s3am_cloud.ports.records import Tally
from s3am_cloud_cli.local_cloud import LocalCloud, aws
from s3am_cloud_cli.local_cloud.audit_log import session_token
from support.command import eventually
from support.fork_server import ForkServer

CONTROL, WORKER, CLIENT, STATES = "control", "worker", "client", "states"
# What S3 charges for as it does for PUT, and as for GET (aws.amazon.com/s3/pricing).
WRITES = {
    *("PutObject", "CopyObject", "UploadPart", "CreateMultipartUpload", "CompleteMultipartUpload"),
    *("ListObjects", "ListMultipartUploads", "ListParts"),
}
READS = {"GetObject", "HeadObject", "GetObjectTagging"}
FREE = {"DeleteObject"}
Json = dict[str, Any]
Requests = Counter[tuple[str, str]]


@dataclass(frozen=True)
class Taken:
    """What a job took; `requests` are to S3, by who asked and for what."""

    job: Job
    receipt: Json
    requests: Requests
    states: Counter[str]
    invocations: int
    tallies: list[Tally]

    @property
    def forecast_of(self) -> Forecast:
        assert self.job.plan is not None
        return forecast_of(self.job, self.job.plan)

    def number_of(self, operations: set[str]) -> int:
        return sum(number for (_, operation), number in self.requests.items() if operation in operations)


class CountingClient(JobClient):
    """Starts jobs as users do, and counts what they ask AWS for."""

    def __init__(self, cloud: LocalCloud, home: Path, server: ForkServer | None = None) -> None:
        super().__init__(cloud, home, server, {"AWS_SESSION_TOKEN": session_token(CLIENT)})
        self._home, self._functions = home, _functions(cloud)
        self.bucket, self.plans = self.destination, self.plain_source

    def plan(self, jobs: dict[str, tuple[str, ...]]) -> dict[str, Json]:
        """The plans of the same jobs from and to a bucket of their own, so that what they ask for counts for none."""
        started = {
            kind: self.command.start(
                "plan", "--json", *options, source.replace(self.bucket, self.plans), f"s3://{self.plans}/{kind}"
            )
            for kind, (source, *options) in jobs.items()
        }
        return {kind: running.result().ended(0).document for kind, running in started.items()}

    def submit_all(self, jobs: dict[str, tuple[str, ...]]) -> dict[str, str]:
        """The ids of jobs, each for the source and with the options given."""
        started = {
            kind: self.command.start("submit", "--json", *options, source, f"s3://{self.bucket}/{kind}")
            for kind, (source, *options) in jobs.items()
        }
        return {kind: running.result().ended(0).document["job"] for kind, running in started.items()}

    def event(self, kind: str, source: str) -> str:
        """The id of a job that an event asks for, as EventBridge starts it."""
        event = {"id": uuid.uuid4().hex, "source": "overhead"}
        request = {"source": source, "destination": f"s3://{self.bucket}/{kind}"}
        self.states.start_execution(
            stateMachineArn=self.cloud.state_machine_arn,
            name=job_of_event(msgspec.convert(event, Event)),
            input=json.dumps({"request": request, "event": event}),
        )
        return job_of_event(msgspec.convert(event, Event))

    def taken(self, job_id: str) -> Taken:
        """What the job took, once it has succeeded."""
        arn = f"{self.cloud.state_machine_arn.replace(':stateMachine:', ':execution:')}:{job_id}"
        eventually(lambda: self._succeeded(arn), f"the end of {job_id}", 60)
        job = msgspec.json.decode(self._note(f"jobs/{job_id}/job.json"), type=Job)
        events = [event for one in (arn, *self._children(arn)) for event in self._history(one)]
        listed = self.s3.list_objects_v2(Bucket=self.cloud.work_bucket, Prefix=f"jobs/{job_id}/tallies/")
        return Taken(
            job,
            json.loads(self._note(f"jobs/{job_id}/report.json")),
            Counter(self._requests(job)),
            Counter(e["stateEnteredEventDetails"]["name"] for e in events if e["type"].endswith("StateEntered")),
            sum(map(_is_invocation, events)),
            [msgspec.json.decode(self._note(item["Key"]), type=Tally) for item in listed.get("Contents", [])],
        )

    def _succeeded(self, arn: str) -> bool:
        status = self.states.describe_execution(executionArn=arn)["status"]
        assert status in {"RUNNING", "SUCCEEDED"}
        return bool(status == "SUCCEEDED")

    def _note(self, name: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.cloud.work_bucket, Key=name)["Body"].read()
        return body

    def _children(self, arn: str) -> Iterator[str]:
        for run in self.states.list_map_runs(executionArn=arn)["mapRuns"]:
            for page in self.states.get_paginator("list_executions").paginate(mapRunArn=run["mapRunArn"]):
                yield from (child["executionArn"] for child in page["executions"])

    def _history(self, arn: str) -> Iterator[Json]:
        for page in self.states.get_paginator("get_execution_history").paginate(executionArn=arn):
            yield from page["events"]

    def _requests(self, job: Job) -> Iterator[tuple[str, str]]:
        """The requests that were made for the job, and Step Functions' own for its units."""
        names = self._names(job)
        for call in self.calls():
            path = "/".join((call["path"], call["query"].get("prefix", ""))).strip("/")
            if path in names or f"/jobs/{job.id}/" in f"/{path}/":
                yield self._functions.get(call["function"]) or CLIENT, operation(call)
        if job.upload is not None:
            yield STATES, "GetObject"

    def _names(self, job: Job) -> set[str]:
        """The object, its source, and the documents that the job does not keep under its own id."""
        folder = Folder(self._home / "names" / job.id)
        Jobs(folder).save(job)
        if job.upload is not None:
            Jobs(folder).note_expiry(job.id, first_look(job))
        DocumentCoordination(folder).put_lock(
            job.target, DestinationLock(job=job.id, execution="", asked="", made=""), None
        )
        source = job.request.source.removeprefix("s3://")
        notes = {f"{self.cloud.work_bucket}/{name}" for name in folder.names("jobs/")}
        return notes | {source, f"{self.bucket}/{job.target.key}"}


def operation(call: Json) -> str:
    """The name of the S3 operation that was recorded. Raises KeyError for one that no job asks for."""
    key, query = "/" in call["path"].strip("/"), call["query"]
    upload = "uploadId" in query
    match call["method"]:
        case "HEAD":
            return "HeadObject" if key else "HeadBucket"
        case "GET" if key:
            return "ListParts" if upload else "GetObjectTagging" if "tagging" in query else "GetObject"
        case "GET":
            return "ListMultipartUploads" if "uploads" in query else "ListObjects"
        case "PUT" if key:
            copies = "x-amz-copy-source" in call["headers"]
            return "UploadPart" if upload else "CopyObject" if copies else "PutObject"
        case "DELETE" if key:
            return "DeleteObject"
        case "POST" if key:
            return "CompleteMultipartUpload" if upload else "CreateMultipartUpload"
        case unknown:
            raise KeyError(unknown)


def _is_invocation(event: Json) -> bool:
    return bool(event.get("taskScheduledEventDetails", {}).get("resourceType") == "lambda")


def _functions(cloud: LocalCloud) -> dict[str, str]:
    [stack] = aws.client("cloudformation", cloud).describe_stacks(StackName=cloud.stack)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return {outputs["ControlName"]: CONTROL, outputs["WorkerName"]: WORKER}
