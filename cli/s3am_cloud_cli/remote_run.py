"""The client of the state machine: finds the stack, submits jobs, and follows them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from botocore.config import Config
from botocore.exceptions import ClientError

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.executions import MapCounts, StateMachine
from s3am_cloud.adapters.jobs import Jobs
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.answers import naming
from s3am_cloud.adapters.s3.documents import Bucket
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.aftermath import failed, failure
from s3am_cloud.errors import AccessDenied, NoStack, NoSuchJob, UploadGone
from s3am_cloud.intake import refuse_secrets
from s3am_cloud.limits import POLL_SECONDS
from s3am_cloud.model import Job, Receipt, TransferRequest
from s3am_cloud.pipeline import new_job, target
from s3am_cloud.ports import Clock, Execution
from s3am_cloud.urls import parse_source
from s3am_cloud_cli.job_ids import new_id
from s3am_cloud_infra import names

_FIRST_POLL_SECONDS = 0.25


class Stack(msgspec.Struct, frozen=True):
    """Where a stack's state machine and work bucket are."""

    name: str
    state_machine_arn: str
    work_bucket: str


class JobStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a job fares at this moment. `bytes_done` where the destination may be listed."""

    job: str
    status: str
    source: str | None = None
    destination: str | None = None
    size: int | None = None
    bytes_done: int | None = None
    parts: int | None = None
    units: MapCounts | None = None
    started: str | None = None
    receipt: Receipt | None = None


def stack_jobs(settings: S3Settings, stack_name: str) -> Jobs:
    """The records in a stack's work bucket, for transfers on this machine: anybody with the stack can go on with them.

    Raises NoStack, NoCredentials, StoreUnavailable.
    """
    access = S3Access(settings)
    return Jobs(Bucket(access, work_bucket(access, stack_name)), with_sources=False)


def work_bucket(access: S3Access, stack_name: str) -> str:
    """Raises NoStack, NoCredentials, StoreUnavailable."""
    return _find(access, stack_name).work_bucket


class Remote:
    """A stack's jobs, as a client sees them."""

    def __init__(self, settings: S3Settings, stack_name: str | None, clock: Clock | None = None) -> None:
        """Raises NoStack, NoCredentials, StoreUnavailable."""
        self.clock = clock or SystemClock()
        access = S3Access(settings)
        self.stack = _find(access, stack_name or names.DEFAULT_STACK)
        self.jobs = Jobs(Bucket(access, self.stack.work_bucket))
        self.machine = StateMachine(
            access.boto.client("stepfunctions", region_name=access.region, endpoint_url=settings.endpoint_url),
            self.stack.state_machine_arn,
        )
        self._store = S3Store(access, self.clock)

    def submit(self, request: TransferRequest) -> Execution:
        """Records the job, then starts its execution; both carry the job's id as their name."""
        refuse_secrets(request)
        job = new_job(request, new_id(self.clock), self.clock)
        target(job)
        self.jobs.add(job)
        return self.machine.start(job.id, job.id)

    def status(self, job_id: str) -> JobStatus:
        """Raises NoSuchJob."""
        execution = self.machine.describe(self.machine.arn_of(job_id))
        try:
            job = self.jobs.load(execution.job or job_id)
        except NoSuchJob:
            return self._unrecorded(execution)
        return JobStatus(
            job=job.id,
            status=execution.status.lower(),
            source=parse_source(job.request.source).display,
            destination=str(target(job)),
            size=job.plan.size if job.plan else None,
            bytes_done=self._bytes_done(job) if execution.status == "RUNNING" else None,
            parts=job.plan.count if job.plan else None,
            units=self.machine.counts(execution.arn),
            started=execution.started.isoformat(timespec="seconds") if execution.started else None,
            receipt=None if execution.status == "RUNNING" else self._receipt(job, execution),
        )

    def follow(self, job_id: str, on_status: Callable[[JobStatus], None]) -> Receipt:
        """Waits for the job's end, asking seldom enough for the account's limits, and returns its receipt."""
        pause = _FIRST_POLL_SECONDS
        while True:
            status = self.status(job_id)
            on_status(status)
            if status.receipt is not None:
                return status.receipt
            self.clock.sleep(pause)
            pause = min(POLL_SECONDS, pause * 1.5)

    def _unrecorded(self, execution: Execution) -> JobStatus:
        """An execution whose request has not been accepted yet, or was refused: it has no record."""
        job, receipt = execution.job or execution.name, None
        if execution.status != "RUNNING":
            error = failure(execution, self.machine)
            receipt = Receipt(state="failed", source="", destination="", job=job, error=error.report())
        return JobStatus(job=job, status=execution.status.lower(), receipt=receipt)

    def _receipt(self, job: Job, execution: Execution) -> Receipt:
        found = self.jobs.report(job.id)
        if found is not None:
            return found
        if execution.status == "SUCCEEDED":
            raise NoSuchJob(f"job {job.id} has ended, but its report is gone", "reports are kept for 30 days")
        # The janitor reports a failed job a moment after its execution has ended.
        return failed(job, failure(execution, self.machine), self.clock)

    def _bytes_done(self, job: Job) -> int | None:
        if job.upload is None:
            return None
        try:
            return sum(part.length for part in self._store.parts(job.upload))
        except (AccessDenied, UploadGone):
            return None  # it is being completed, or the destination is not this user's to list


def _find(access: S3Access, name: str) -> Stack:
    client = access.boto.client(
        "cloudformation",
        region_name=access.region,
        endpoint_url=access.settings.endpoint_url,
        # Uploads look for a stack too, and where CloudFormation can't be reached they go on without one.
        config=Config(connect_timeout=5, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 2}),
    )
    with naming(f"stack {name}"):
        try:
            stack = client.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"].get("Code") == "ValidationError":
                raise NoStack(f"there is no stack {name} in {access.region}") from error
            raise
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
    if names.STATE_MACHINE_ARN not in outputs:
        raise NoStack(f"the stack {name} is not one of s3am-cloud's, or is not deployed yet")
    return Stack(name, outputs[names.STATE_MACHINE_ARN], outputs[names.WORK_BUCKET])
