"""The same story told by the state machine: each function is one task, safe to repeat, and exchanges small values.

accept → prepare → (work on units, in parallel) → complete → report; settle when the execution failed
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import takewhile
from urllib.parse import parse_qsl, urlsplit

import msgspec

from s3am_cloud.errors import BadRequest, BadSource, ChecksumMismatch, NoSuchJob, TransferError, UploadGone, by_name
from s3am_cloud.expect import by_parts
from s3am_cloud.limits import DEADLINE_MARGIN_SECONDS, JOB_KEEP_DAYS, LONGEST_JOB_DAYS
from s3am_cloud.model import Job, MovedPart, Part, Receipt, TransferRequest, Unit
from s3am_cloud.pipeline import finish, lacking, move, new_job, prepare, proven, receipt, unit_parts
from s3am_cloud.ports import Clock, Execution, Executions, Outcomes, Ports
from s3am_cloud.steps.abort import abort
from s3am_cloud.steps.plan import units
from s3am_cloud.urls import NETWORK_SCHEMES, parse_source

SUCCEEDED = "Transfer Succeeded"
FAILED = "Transfer Failed"
_QUOTED = re.compile("'.*'", re.DOTALL)
# Query parameters by which AWS, Google, Azure and CloudFront sign URLs.
_SIGNATURES = {"x-amz-signature", "x-amz-security-token", "x-goog-signature", "signature", "sig"}


class Prepared(msgspec.Struct, frozen=True):
    """What the machine needs for its map; `transfer` is False where nothing is left to be mapped."""

    job: str
    transfer: bool
    bucket: str
    units_key: str
    concurrency: int


class Worked(msgspec.Struct, frozen=True):
    """What is left of a unit; nothing where `done`."""

    job: str
    unit: Unit
    done: bool


def decode_request(data: Mapping[str, object]) -> TransferRequest:
    """Raises BadRequest, which names the field and never its value."""
    try:
        request = msgspec.convert(data, TransferRequest)
    except msgspec.ValidationError as error:
        # msgspec quotes a value that is none of a field's choices.
        raise BadRequest(f"the request can't be read: {_QUOTED.sub('...', str(error))}") from None
    refuse_secrets(request)
    refuse_expectation(request)
    return request


def refuse_expectation(request: TransferRequest) -> None:
    """Raises BadRequest for a checksum that no task of the machine computes, UnknownChecksum for an unknown one."""
    if request.expect and not by_parts(request):
        raise BadRequest(
            "in the cloud a transfer is held to crc64nvme alone", "use s3am-cloud upload for other checksums"
        )


def refuse_secrets(request: TransferRequest) -> None:
    """Raises BadRequest for a URL that carries a password or a signature, and BadSource for a local path.

    What reaches an execution's history can be read there for 90 days.
    """
    source = parse_source(request.source)
    if source.scheme == "file":
        raise BadSource(f"{source.url} is a local path, which the cloud can't read", "use s3am-cloud upload")
    if source.scheme in NETWORK_SCHEMES:
        parts = urlsplit(request.source)
        names = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
        if parts.password is not None or names & _SIGNATURES:
            raise BadRequest(
                "the source URL carries a password or a signature, which a job's record must not hold in clear",
                "transfer it with s3am-cloud upload",
            )


def accept(data: Mapping[str, object], execution: str, ports: Ports) -> tuple[str, bool]:
    """Records a request as the job that has the execution's name; True with it where another execution has that job."""
    job = msgspec.structs.replace(new_job(decode_request(data), execution, ports.clock), execution=execution)
    if ports.jobs.add(job):
        return job.id, False
    # A repeated task finds its own record; only another execution's makes this one a duplicate.
    return job.id, ports.jobs.load(job.id).execution != execution


def prepare_job(job_id: str, execution: str, bucket: str, ports: Ports) -> Prepared:
    """Prepares the job and writes its units; small objects are put at once."""
    job = ports.jobs.load(job_id)
    if job.state == "new":
        job = prepare(msgspec.structs.replace(job, execution=execution), ports)
    if job.plan is None or job.state != "transfer":
        _finish_small(job, ports)
        return Prepared(job_id, False, bucket, "", 1)
    # Parts that have to be proven first are the workers' to prove.
    parts = lacking(job, ports) if job.trusted else job.plan.parts()
    key = ports.jobs.write_units(job_id, units(job.plan, (part.number for part in parts)))
    return Prepared(job_id, True, bucket, key, job.plan.concurrency)


def work(job_id: str, unit: Unit, seconds_left: Callable[[], float], ports: Ports) -> Worked:
    """Moves those parts of the unit that the store lacks, and stops between parts when time runs out."""
    job = ports.jobs.load(job_id)
    todo = deque(_missing_of(job, unit, ports))

    def in_time() -> Iterator[Part]:
        while todo and seconds_left() >= DEADLINE_MARGIN_SECONDS:
            yield todo.popleft()

    slots = job.plan.slots if job.plan else 1
    for _ in move(job, in_time(), slots, ports, lambda count: None):
        pass
    if not todo:
        return Worked(job_id, unit, True)
    return Worked(job_id, Unit(unit.object, todo[0].number, unit.last), False)


def complete_job(job_id: str, ports: Ports) -> Receipt:
    before = ports.jobs.report(job_id)
    if before is not None and before.state == "succeeded":
        return before  # the task is repeated, and the upload is gone
    done = _finished(ports.jobs.load(job_id), [], ports)
    ports.jobs.write_report(job_id, done)
    return done


def report_job(job_id: str, ports: Ports) -> dict[str, object]:
    """The detail of the job's outcome event. Raises NoSuchJob where it has no report."""
    found = ports.jobs.report(job_id)
    if found is None:
        raise NoSuchJob(f"job {job_id} has no report")
    return detail(found)


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


def _finish_small(job: Job, ports: Ports) -> None:
    if ports.jobs.report(job.id) is not None:
        return
    moved = []
    if job.state == "put" and job.plan is not None:
        moved = list(move(job, job.plan.parts(), 1, ports, lambda count: None))
    ports.jobs.write_report(job.id, _finished(job, moved, ports))


def _finished(job: Job, moved: Iterable[MovedPart], ports: Ports) -> Receipt:
    done = finish(job, moved, ports)
    if job.request.expect and done.state == "succeeded" and done.expected is None:
        raise ChecksumMismatch(f"{done.destination}: S3 keeps no CRC64NVME to compare with {job.request.expect}")
    return done


def _missing_of(job: Job, unit: Unit, ports: Ports) -> list[Part]:
    if job.upload is None:
        raise NoSuchJob(f"job {job.id} has no multipart upload: it was not prepared")
    listed = takewhile(lambda part: part.number <= unit.last, ports.store.parts(job.upload, after=unit.first - 1))
    there = {part.number for part in proven(job, listed, ports, lambda count: None)}
    return [part for part in unit_parts(job, unit) if part.number not in there]
