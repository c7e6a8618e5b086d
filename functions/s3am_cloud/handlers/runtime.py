"""What a Lambda function needs of the world, from its environment."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.curl.movers import CurlMovers
from s3am_cloud.adapters.curl.objects.mover import CurlObjectMover, ObjectRoute
from s3am_cloud.adapters.curl.reading.factory import CurlReaders
from s3am_cloud.adapters.curl.source.rate_probe import CurlRateProbe
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.curl.transport.hosts import parse_hosts
from s3am_cloud.adapters.curl.transport.known_hosts import knowing
from s3am_cloud.adapters.records.coordination import DocumentCoordination
from s3am_cloud.adapters.records.dataset_files import StoredDatasetFiles
from s3am_cloud.adapters.records.executions import EventBus, StateMachine, machine_of
from s3am_cloud.adapters.records.jobs import Jobs
from s3am_cloud.adapters.records.vault import AwsVault
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.authorities import bundled_authorities
from s3am_cloud.adapters.s3.documents import Bucket
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.adapters.s3.trees import S3Tree
from s3am_cloud.adapters.sources import AnySource
from s3am_cloud.errors import NoSuchJob
from s3am_cloud.handlers.environment import Environment
from s3am_cloud.ingest.grants import Grants, read_grants
from s3am_cloud.jobs.locks import LockContext
from s3am_cloud.jobs.sealing import opened, opened_jobs
from s3am_cloud.limits import MOST_IN_ORDER
from s3am_cloud.model import Job, has_secrets
from s3am_cloud.ports.coordination import Coordination
from s3am_cloud.ports.executions import Execution
from s3am_cloud.ports.objects import AttributesOf
from s3am_cloud.ports.records import JobStore
from s3am_cloud.ports.transfer import Clock, Ports, Progress
from s3am_cloud.ports.vault import Vault


class Runtime(msgspec.Struct, frozen=True):
    """The ports as a Lambda environment has them, kept from one invocation to the next."""

    ports: Ports
    logger: Logger
    work_bucket: str
    of: Callable[[Job], Ports]

    def ports_of(self, job_id: str) -> Ports:
        """The ports as this job needs them. Only the worker's role may ask for those of a job that has secrets."""
        job = self.ports.jobs.load(job_id)
        return self.of(job) if is_special(job) else self.ports


def time_left(context: LambdaContext) -> Callable[[], float]:
    """How many seconds are left to the invocation, measured anew with each call."""
    return lambda: context.get_remaining_time_in_millis() / 1000


def locks_of(ports: Ports) -> LockContext | None:
    """Where claims on destinations are looked into."""
    return None if ports.coordination is None else LockContext(ports.jobs, ports.coordination, describe, ports.clock)


def describe(arn: str) -> Execution:
    """Raises NoSuchJob."""
    return state_machine(machine_of(arn)).describe(arn)


def is_running(job: Job) -> bool | None:
    """None for a transfer on somebody's machine."""
    if job.execution is None:
        return None
    try:
        return describe(job.execution).status == "RUNNING"
    except NoSuchJob:
        return False


def ports_of(environment: Environment, access: S3Access | None = None) -> Ports:
    """Sources at addresses that are not public are refused, unless the environment allows them explicitly.

    It may also name the only hosts where sources may be.
    """
    clock, settings = SystemClock(), _curl(environment)
    access = access or S3Access(S3Settings(owners=environment.accounts))
    work = Bucket(access, environment.work_bucket)
    ports = _ports(settings, access, access, Jobs(work), clock, DocumentCoordination(work))
    return msgspec.structs.replace(
        ports, most_workers=environment.most_workers, dataset_files=StoredDatasetFiles(work, clock)
    )


class JobPorts:
    """Makes the ports of one job, anew for every invocation: what was decrypted must not outlive that.

    They share nothing with others but the session at AWS, which is slow to make and has the role's credentials only.
    """

    def __init__(self, ports: Ports, settings: CurlSettings, vault: Vault, access: S3Access) -> None:
        self._ports, self._settings, self._vault, self._access = ports, settings, vault, access

    def __call__(self, job: Job) -> Ports:
        """Raises what `opened` does."""
        found, pays = opened(job, self._vault), job.request.requester_pays
        own = S3Settings(requester_pays=pays, owners=self._access.settings.owners)
        access = self._access.with_settings(own, found.keys)
        sign = not job.request.no_sign_request
        source = self._access.with_settings(msgspec.structs.replace(own, sign=sign), found.source_keys)
        jobs = opened_jobs(self._ports.jobs, job, found.job)
        settings = msgspec.structs.replace(self._settings, login_within=found.login_within, logins=found.logins)
        settings = knowing(settings, found.job.request.source, job.request.host_keys)
        ports = _ports(settings, access, source, jobs, self._ports.clock, self._ports.coordination)
        return msgspec.structs.replace(
            ports, most_workers=self._ports.most_workers, dataset_files=self._ports.dataset_files
        )


def is_special(job: Job) -> bool:
    """Whether the job needs other ports than most."""
    request = job.request
    return has_secrets(job) or request.requester_pays or request.no_sign_request or bool(request.host_keys)


def _curl(environment: Environment) -> CurlSettings:
    return CurlSettings(
        ca_file=bundled_authorities(),
        allow_private=environment.allow_private_sources,
        local_files=False,
        hosts=parse_hosts(environment.allowed_hosts),
    )


def _ports(
    settings: CurlSettings,
    access: S3Access,
    source: S3Access,
    jobs: JobStore,
    clock: Clock,
    coordination: Coordination | None,
) -> Ports:
    """`access` is the way to destinations, `source` that to sources in S3."""

    def object_movers(attributes_of: AttributesOf, connections: int, progress: Progress) -> CurlObjectMover:
        return CurlObjectMover(ObjectRoute(access, settings, attributes_of), connections, clock, progress)

    return Ports(
        source=AnySource(settings, S3Store(source, clock), clock),
        store=S3Store(access, clock),
        movers=CurlMovers(settings, access, clock, source),
        readers=CurlReaders(settings, source, clock),
        jobs=jobs,
        clock=clock,
        coordination=coordination,
        rate_probe=CurlRateProbe(settings, clock),
        target_readers=CurlReaders(settings, access, clock),
        most_in_order=MOST_IN_ORDER,
        is_running=is_running,
        region=access.region,
        tree=S3Tree(source, clock),
        target_tree=S3Tree(access, clock),
        object_movers=object_movers,
    )


@functools.cache
def load_runtime() -> Runtime:
    """Made at the first invocation: what is imported makes no connection."""
    environment = Environment(os.environ)
    access = S3Access(S3Settings(owners=environment.accounts))
    ports = ports_of(environment, access)
    vault = AwsVault(lambda: _client("kms"), lambda: _client("secretsmanager"), environment.key_arn)
    job_ports = JobPorts(ports, _curl(environment), vault, access)
    return Runtime(ports, Logger(), environment.work_bucket, job_ports)


def granted_secrets() -> Grants:
    """The secrets that events may name, as the stack was deployed with them."""
    return read_grants(Environment(os.environ).grants)


def event_bus() -> EventBus:
    return EventBus(_client("events"), Environment(os.environ).event_bus)


@functools.cache
def state_machine(arn: str) -> StateMachine:
    return StateMachine(_client("stepfunctions"), arn)


def _client(service: str) -> Any:
    """Imported here, as what moves bytes needs none of these."""
    import boto3

    from s3am_cloud.adapters.s3.bounded import bound

    make: Any = boto3.client
    client = make(service)
    bound(client)
    return client
