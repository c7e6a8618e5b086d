"""What a job takes of AWS besides its bytes: requests to S3, states and invocations, as its plan has foretold them."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from functional.command import Command, eventually
from s3am_cloud.adapters.jobs import Folder, Jobs
from s3am_cloud.adapters.notices import DocumentNotices
from s3am_cloud.events import Event, job_of_event
from s3am_cloud.forecast import Forecast, Usage, cost, forecast
from s3am_cloud.limits import MIB
from s3am_cloud.model import Job
from s3am_cloud.notices import Claim
from s3am_cloud.pipeline import target
from s3am_cloud.sealed import has_secrets
from s3am_cloud.tallies import Tally, rounded
from s3am_cloud.urls import parse_source
from s3am_cloud_cli import local_cloud as embedded
from s3am_cloud_cli.local_cloud import LocalCloud, aws
from s3am_cloud_cli.local_cloud.state import StateFolder
from s3am_cloud_cli.local_cloud.trail import session_token
from servers.content import Pattern
from servers.faulty_http import FaultyHttp

CONTROL, WORKER, CLIENT, STATES = "control", "worker", "client", "states"
# Nine parts, of which eight workers have two each as far as they go.
LARGE = Pattern(41 * MIB)
# What S3 charges for as it does for PUT, and as for GET (aws.amazon.com/s3/pricing).
WRITES = {
    *("PutObject", "CopyObject", "UploadPart", "CreateMultipartUpload", "CompleteMultipartUpload"),
    *("ListObjects", "ListMultipartUploads", "ListParts"),
}
READS = {"GetObject", "HeadObject", "GetObjectTagging"}
# Of the functions' memory, 512 MiB, for the half second that each task beside the workers' is taken to need.
TASK_GB_SECONDS = 0.25
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
    def foretold(self) -> Forecast:
        assert self.job.plan is not None
        cut = msgspec.structs.replace(self.job.plan, small=self.job.upload is None)
        scheme = parse_source(self.job.request.source).scheme
        return forecast(cut, scheme, by_event=self.job.event is not None, sealed=has_secrets(self.job))

    def number_of(self, operations: set[str]) -> int:
        return sum(number for (_, operation), number in self.requests.items() if operation in operations)


class Office:
    """Starts jobs as users do, and tells what became of them."""

    def __init__(self, cloud: LocalCloud, home: Path) -> None:
        self._cloud, self._home = cloud, home
        self.s3, self.states = aws.client("s3", cloud.endpoint_url), aws.client("stepfunctions", cloud.endpoint_url)
        self.bucket = f"overhead-{uuid.uuid4().hex[:12]}"
        self.s3.create_bucket(Bucket=self.bucket)
        (home / "key").write_bytes(bytes(range(32)))
        known_as = {"AWS_SESSION_TOKEN": session_token(CLIENT)}
        state = {"S3AM_CLOUD_STATE_HOME": str(StateFolder().root.parent)}
        self._command = Command(home, {**embedded.environment(cloud), **state, **known_as})
        self._functions = _functions(cloud)

    def submit(self, jobs: dict[str, tuple[str, ...]]) -> dict[str, str]:
        """The ids of jobs, each for the source and with the options given."""
        started = {
            kind: self._command.start("submit", "--json", *options, source, f"s3://{self.bucket}/{kind}")
            for kind, (source, *options) in jobs.items()
        }
        return {kind: running.result().ended(0).document["job"] for kind, running in started.items()}

    def event(self, kind: str, source: str) -> str:
        """The id of a job that an event asks for, as EventBridge starts it."""
        event = {"id": uuid.uuid4().hex, "source": "overhead"}
        request = {"source": source, "destination": f"s3://{self.bucket}/{kind}"}
        self.states.start_execution(
            stateMachineArn=self._cloud.state_machine_arn,
            name=job_of_event(msgspec.convert(event, Event)),
            input=json.dumps({"request": request, "event": event}),
        )
        return job_of_event(msgspec.convert(event, Event))

    def taken(self, job_id: str) -> Taken:
        """What the job took, once it has succeeded."""
        arn = f"{self._cloud.state_machine_arn.replace(':stateMachine:', ':execution:')}:{job_id}"
        eventually(lambda: self._succeeded(arn), f"the end of {job_id}", 60)
        job = msgspec.json.decode(self._note(f"jobs/{job_id}/job.json"), type=Job)
        events = [event for one in (arn, *self._children(arn)) for event in self._history(one)]
        listed = self.s3.list_objects_v2(Bucket=self._cloud.work_bucket, Prefix=f"jobs/{job_id}/tallies/")
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
        body: bytes = self.s3.get_object(Bucket=self._cloud.work_bucket, Key=name)["Body"].read()
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

    def calls(self) -> Iterator[Json]:
        trail = StateFolder().trail_file
        for file in trail.parent.glob(f"{trail.name}*"):  # it begins a new one now and then
            yield from map(json.loads, file.read_text().splitlines())

    def _names(self, job: Job) -> set[str]:
        """The object, its source, and the documents that the job does not keep under its own id."""
        folder = Folder(self._home / "names" / job.id)
        Jobs(folder).save(job)
        DocumentNotices(folder).claim(target(job), Claim(job=job.id, execution="", asked="", made=""), None)
        source = job.request.source.removeprefix("s3://")
        notes = {f"{self._cloud.work_bucket}/{name}" for name in folder.names("jobs/")}
        return notes | {source, f"{self.bucket}/{target(job).key}"}


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
        case "POST" if key:
            return "CompleteMultipartUpload" if upload else "CreateMultipartUpload"
        case unknown:
            raise KeyError(unknown)


def _is_invocation(event: Json) -> bool:
    return bool(event.get("taskScheduledEventDetails", {}).get("resourceType") == "lambda")


def _functions(cloud: LocalCloud) -> dict[str, str]:
    [stack] = aws.client("cloudformation", cloud.endpoint_url).describe_stacks(StackName=cloud.stack)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return {outputs["ControlName"]: CONTROL, outputs["WorkerName"]: WORKER}


@pytest.fixture(scope="module")
def office(local_cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(local_cloud, tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="module")
def taken(office: Office) -> dict[str, Taken]:
    """What one job of each kind took."""
    for name in ("copied", "copied-parts"):
        office.s3.put_object(Bucket=office.bucket, Key=f"from/{name}", Body=bytes(11 * MIB))
    with FaultyHttp() as server:
        large, small = server.add("/large", LARGE), server.add("/small", b"few")
        parts = ("--part-size", "5MB")
        jobs = office.submit(
            {
                "parts": (large, *parts),
                "small": (small,),
                "small-in-parts": (small, "--expect", "crc64nvme:e8f4428ec65807ab"),
                "copied": (f"s3://{office.bucket}/from/copied",),
                "copied-parts": (f"s3://{office.bucket}/from/copied-parts", *parts),
                "sealed": (large, "--sse-key-file", "key", *parts),
            }
        )
        jobs |= {"by-event": office.event("by-event", small)}
        return {kind: office.taken(job) for kind, job in jobs.items()}


KINDS = ("parts", "small", "small-in-parts", "copied", "copied-parts", "sealed", "by-event")


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_without_a_hitch_takes_exactly_the_requests_states_and_invocations_that_were_forecast(
    kind: str, taken: dict[str, Taken]
) -> None:
    came = taken[kind]
    told = came.foretold
    assert came.receipt["retries"] in {0, None}
    assert came.number_of(WRITES) == told.usage.s3_writes, came.requests
    assert came.number_of(READS) == told.usage.s3_reads, came.requests
    assert {operation for _, operation in came.requests} <= WRITES | READS
    assert came.states.total() == told.usage.transitions, came.states
    assert came.invocations == told.usage.invocations
    assert (came.states["Moved"], came.states["Move"]) == (told.units, told.worker_invocations)
    assert came.states["Announce"] == told.usage.events


@pytest.mark.parametrize("kind", KINDS)
def test_a_receipt_tells_what_all_that_was_counted_costs(kind: str, taken: dict[str, Taken]) -> None:
    came = taken[kind]
    workers = sum(tally.gb_seconds for tally in came.tallies)
    others = (came.invocations - len(came.tallies) + 1) * TASK_GB_SECONDS  # and a page of ListParts
    dollars = cost(
        Usage(
            transitions=came.states.total(),
            invocations=came.invocations,
            gb_seconds=workers + others if came.tallies else came.foretold.usage.gb_seconds,
            s3_writes=came.number_of(WRITES),
            s3_reads=came.number_of(READS),
            kms_requests=came.invocations,
            events=1,
        )
    )
    assert came.receipt["cost_usd"] == rounded(dollars)


def test_what_each_function_asks_s3_for_is_known_by_the_operation(taken: dict[str, Taken]) -> None:
    came = taken["parts"]
    assert came.job.plan is not None
    moves, parts = came.foretold.worker_invocations, came.job.plan.count
    assert parts > moves > 1
    assert came.requests == {
        (CLIENT, "PutObject"): 2,  # the record and the claim
        (CLIENT, "GetObject"): 1,  # another's claim
        (CONTROL, "PutObject"): 2 + 2 + 3,  # the record, twice with the upload's id; units and report
        (CONTROL, "GetObject"): 5 + 4 + moves + 1,  # to prepare; to complete, with all tallies; to report
        (CONTROL, "HeadObject"): 2,  # before and after
        (CONTROL, "ListMultipartUploads"): 1,
        (CONTROL, "CreateMultipartUpload"): 1,
        (CONTROL, "ListParts"): 2,
        (CONTROL, "CompleteMultipartUpload"): 1,
        (CONTROL, "ListObjects"): 1,  # the tallies
        (STATES, "GetObject"): 1,  # the units
        (WORKER, "GetObject"): 3 * moves,
        (WORKER, "ListParts"): moves,
        (WORKER, "UploadPart"): parts,
        (WORKER, "PutObject"): moves,
    }


def test_nothing_was_asked_of_the_jobs_bucket_that_is_not_counted_but_where_it_is(
    office: Office, taken: dict[str, Taken]
) -> None:
    """Each new environment of a function asks for the bucket's region, a sealed job's for both sides anew."""
    calls = Counter(operation(call) for call in office.calls() if call["path"].split("/")[1] == office.bucket)
    invocations = sum(came.invocations for came in taken.values())
    assert 0 < calls.pop("HeadBucket") <= invocations + 2
    counted = sum((came.requests for came in taken.values()), Requests())
    ours = {"HeadObject", "GetObjectTagging", "CopyObject", "UploadPart", "ListParts", "ListMultipartUploads"}
    assert {name: calls[name] for name in ours} == {
        name: sum(n for (_, asked), n in counted.items() if asked == name) for name in ours
    }
