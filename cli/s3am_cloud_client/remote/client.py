"""The client of the state machine: finds the stack, and submits jobs."""

from __future__ import annotations

import msgspec
from botocore.config import Config
from botocore.exceptions import ClientError

from s3am_cloud import names
from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.records.coordination import DocumentCoordination
from s3am_cloud.adapters.records.dataset_files import StoredDatasetFiles
from s3am_cloud.adapters.records.executions import StateMachine
from s3am_cloud.adapters.records.jobs import Jobs
from s3am_cloud.adapters.records.vault import AwsVault
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.answers import code_of, naming
from s3am_cloud.adapters.s3.documents import Bucket
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.errors import NoStack, NoSuchJob
from s3am_cloud.events import Event, job_of_event
from s3am_cloud.ingest.accept import check_key, refuse_secrets
from s3am_cloud.jobs.denied_buckets import BucketPatterns
from s3am_cloud.jobs.locks import LockContext, acquire, request_fingerprint
from s3am_cloud.jobs.sealing import seal
from s3am_cloud.jobs.secrets import NO_SECRETS, Secrets
from s3am_cloud.limits import (
    OPTIONAL_STACK_ANSWER_SECONDS,
    OPTIONAL_STACK_CONNECT_SECONDS,
    STACK_ANSWER_SECONDS,
    STACK_CONNECT_SECONDS,
)
from s3am_cloud.model import Job, TransferRequest
from s3am_cloud.ports.executions import Execution
from s3am_cloud.ports.transfer import Clock
from s3am_cloud.same_source import unsigned
from s3am_cloud.sse import KeyRing
from s3am_cloud.transfer.pipeline import new_job
from s3am_cloud.transfer.reserved import refuse_records_bucket
from s3am_cloud.urls import parse_source
from s3am_cloud_client.remote.job_ids import new_id
from s3am_cloud_client.remote.polls import patiently

# What stands for the source of an event where there is none.
_SOURCE = "s3am-cloud submit"
_PATIENT = Config(
    connect_timeout=STACK_CONNECT_SECONDS,
    read_timeout=STACK_ANSWER_SECONDS,
    retries={"mode": "standard", "total_max_attempts": 2},
)
# For uploads, which do without a stack.
QUICK = Config(
    connect_timeout=OPTIONAL_STACK_CONNECT_SECONDS,
    read_timeout=OPTIONAL_STACK_ANSWER_SECONDS,
    retries={"mode": "standard", "total_max_attempts": 1},
)


class Stack(msgspec.Struct, frozen=True):
    """Where a stack's state machine and work bucket are; `logs` are its functions' log groups, by the functions. At
    most `max_workers` run at once; None for any number. `buckets` are those that its jobs may use."""

    name: str
    state_machine_arn: str
    work_bucket: str
    key_arn: str
    logs: dict[str, str] = {}
    dead_letters: str = ""
    max_workers: int | None = None
    buckets: BucketPatterns | None = None


def stack_jobs(settings: S3Settings, stack_name: str) -> Jobs:
    """The records in a stack's work bucket, for transfers on this machine: anybody with the stack can continue them.

    Raises NoStack, NoCredentials, StoreUnavailable.
    """
    access = S3Access(settings)
    return Jobs(Bucket(access, work_bucket(access, stack_name)), with_sources=False)


def work_bucket(access: S3Access, stack_name: str, waiting: Config | None = None) -> str:
    """Raises NoStack, NoCredentials, StoreUnavailable."""
    return find_stack(access, stack_name, waiting).work_bucket


def max_workers(access: S3Access, stack_name: str) -> int | None:
    """Of the stack; None for any number. Raises NoStack, NoCredentials, StoreUnavailable."""
    return find_stack(access, stack_name).max_workers


def _notes(access: S3Access, stack: Stack) -> Bucket:
    """The work bucket, of the stack's own account: requests and sealed secrets are written to no other."""
    account = stack.state_machine_arn.split(":")[4]
    return Bucket(
        access.with_settings(msgspec.structs.replace(access.settings, owners=(account,)), KeyRing()), stack.work_bucket
    )


class Started(msgspec.Struct, frozen=True):
    """The execution of a submitted job; `joined` where it was there already."""

    execution: Execution
    joined: bool


class Remote:
    """A stack's jobs, as a client sees them."""

    def __init__(self, settings: S3Settings, stack_name: str | None, clock: Clock | None = None) -> None:
        """Raises NoStack, NoCredentials, StoreUnavailable."""
        self.clock = clock or SystemClock()
        self.access = access = S3Access(settings)
        self.stack = patiently(lambda: find_stack(access, stack_name or names.DEFAULT_STACK), self.clock)
        notes = _notes(access, self.stack)
        self.jobs = Jobs(notes)
        self.dataset_files = StoredDatasetFiles(notes, self.clock)
        self.machine = StateMachine(
            access.boto.client("stepfunctions", region_name=access.region, endpoint_url=settings.endpoint_url),
            self.stack.state_machine_arn,
        )
        self.vault = _vault(access, self.stack.key_arn)
        self.store = S3Store(access, self.clock)
        self.coordination = DocumentCoordination(notes)
        self.locks = LockContext(self.jobs, self.coordination, self._describe, self.clock)

    def _describe(self, arn: str) -> Execution:
        return patiently(lambda: self.machine.describe(arn), self.clock)

    def submit(self, request: TransferRequest, secrets: Secrets = NO_SECRETS) -> Started:
        """Records the job, with its secrets sealed, then starts its execution; both carry the job's id as their name.

        The same request, while a job for it runs, joins that. Raises BadRequest for a secret that is in the request
        itself, DestinationBusy where a job for something else writes to the destination, KeyReused where the request's
        idempotency_key is that of another request.
        """
        refuse_secrets(request)
        job = new_job(request, _id_of(request, self.clock), self.clock)
        refuse_records_bucket(request, self.jobs)
        whole = msgspec.structs.replace(
            request, source=unsigned(parse_source(secrets.source) if secrets.source else request.source_url)
        )
        fingerprint = request_fingerprint(whole, secrets.keys_id(request.destination))
        return self.start(seal(msgspec.structs.replace(job, asked=fingerprint), secrets, self.vault))

    def start(self, job: Job) -> Started:
        """Starts this new job, unless one for the same request runs; who starts the same job at once starts one."""
        arn = self.machine.arn_of(job.id)
        added = self.jobs.add(job)
        if not added:
            check_key(job, self.jobs.load(job.id))
        holder = None
        try:
            holder = acquire(job, arn, self.locks)
        finally:
            if added and holder != job.id:
                self.jobs.forget(msgspec.structs.replace(job, upload=None))  # what fills the upload is another's record
        execution = patiently(lambda: self.machine.start(holder, holder), self.clock)
        return Started(execution, joined=not added or holder != job.id)

    def execution(self, job_id: str) -> Execution | None:
        """The execution of a job, None where it never had one or Step Functions remembers it no more."""
        try:
            return self.machine.describe(self.machine.arn_of(job_id))
        except NoSuchJob:
            return self._started_by_event(job_id)

    def _started_by_event(self, job_id: str) -> Execution | None:
        """Only such a job's record has the name that EventBridge gave to its execution."""
        try:
            arn = self.jobs.load(job_id).execution
            return None if arn is None else self.machine.describe(arn)
        except NoSuchJob:
            return None


def _id_of(request: TransferRequest, clock: Clock) -> str:
    """The same key gives the same job."""
    key = request.idempotency_key
    return new_id(clock) if key is None else job_of_event(Event(id=key, source=_SOURCE))


def _vault(access: S3Access, key_arn: str) -> AwsVault:
    """The stack's, to seal: that needs kms:Encrypt, and nobody but the worker may open."""
    made, region, endpoint = access.boto.client, access.region, access.settings.endpoint_url
    return AwsVault(
        lambda: made("kms", region_name=region, endpoint_url=endpoint),
        lambda: made("secretsmanager", region_name=region, endpoint_url=endpoint),
        key_arn,
    )


def find_stack(access: S3Access, name: str, waiting: Config | None = None) -> Stack:
    client = access.boto.client(
        "cloudformation",
        region_name=access.region,
        endpoint_url=access.settings.endpoint_url,
        config=waiting or _PATIENT,
    )
    with naming(f"stack {name}"):
        try:
            stack = client.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if code_of(error) == "ValidationError":
                raise NoStack(f"there is no stack {name} in {access.region}") from error
            raise
    parameters = {item["ParameterKey"]: item.get("ParameterValue", "") for item in stack.get("Parameters", [])}
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
    if names.STATE_MACHINE_ARN not in outputs:
        raise NoStack(f"the stack {name} is not one of s3am-cloud's, or is not deployed yet")
    return Stack(
        name,
        outputs[names.STATE_MACHINE_ARN],
        outputs[names.WORK_BUCKET],
        outputs[names.KEY_ARN],
        {function: outputs[output] for function, output in names.LOGS.items() if output in outputs},
        outputs.get(names.DEAD_LETTERS, ""),
        int(parameters.get(names.MAX_WORKERS, "0")) or None,
        _buckets(parameters),
    )


def _buckets(parameters: dict[str, str]) -> BucketPatterns:
    sources, destinations = (
        tuple(parameters.get(name, names.DEFAULT_BUCKETS).split(","))
        for name in (names.SOURCE_BUCKETS, names.DESTINATION_BUCKETS)
    )
    return BucketPatterns(sources, destinations)
