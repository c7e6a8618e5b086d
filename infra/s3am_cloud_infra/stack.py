"""The stack: everything that a job needs in the cloud, and little that costs while no job runs (costs/storage.py)."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import CfnOutput, DefaultStackSynthesizer, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from s3am_cloud import __version__, names
from s3am_cloud.ingest.grants import grants_of, write_grants
from s3am_cloud.ingest.rules import Ingest
from s3am_cloud.limits import JANITOR_RUN_SECONDS
from s3am_cloud_infra.accounts import allowed_accounts
from s3am_cloud_infra.asset import tree_digest
from s3am_cloud_infra.boundary import bound_roles
from s3am_cloud_infra.buckets import destination_buckets, source_buckets
from s3am_cloud_infra.events import Housekeeping, dead_letter_queue
from s3am_cloud_infra.functions import LONGEST, Handler, HandlerProps
from s3am_cloud_infra.hosts import allowed_hosts
from s3am_cloud_infra.ingest import add_ingest
from s3am_cloud_infra.keys import BucketKeys
from s3am_cloud_infra.monitoring import Monitoring
from s3am_cloud_infra.nag_suppressions import acknowledge
from s3am_cloud_infra.network import Network
from s3am_cloud_infra.permissions import (
    ALL_NOTES,
    NOTES_OF_ITEMS,
    Rights,
    announce,
    ask_whether_it_runs,
    ask_why_it_failed,
    document,
    send_to,
)
from s3am_cloud_infra.request_rule import Requests
from s3am_cloud_infra.state_machine import Machine, MachineProps
from s3am_cloud_infra.storage import Storage
from s3am_cloud_infra.workers import Workers


class S3amCloudStack(Stack):
    """Work bucket and key, three functions, the state machine, a bus for requests and outcomes, and housekeeping.

    It names no account and no region. Its template can be deployed by the CDK and, since it has no parameter or rule
    about the CDK's bootstrap stack, by CloudFormation alone once the asset is where the template looks for it.
    """

    def __init__(self, scope: Construct, stack_name: str, *, asset_dir: Path, ingest: Ingest) -> None:
        super().__init__(
            scope,
            stack_name,
            description=f"{names.DESCRIPTION} ({__version__})",
            # CreateStack takes 51,200 bytes, of which indentation would be a third.
            suppress_template_indentation=True,
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        self._code = lambda_.Code.from_asset(str(asset_dir), asset_hash=tree_digest(asset_dir))
        self._storage = Storage(self, "Storage")
        self._accounts = allowed_accounts(self)
        self._rights = Rights(self._storage, destination_buckets(self), source_buckets(self), self._accounts)
        self._bus = events.EventBus(self, "Bus", description="Requests to s3am-cloud, and outcomes of its jobs")
        self._bus_name = {names.EVENT_BUS_VARIABLE: self._bus.event_bus_name}
        self._reach = {**allowed_hosts(self), **self._accounts.variable}
        self._workers = Workers(self)
        control = self._control(ingest)
        worker = self._worker()
        self._let_transfer(control, worker)
        queue = dead_letter_queue(self, "DeadLetters")
        machine = self._machine(control, worker, queue)
        # A policy of its own: inside the role it would have control and machine wait for each other.
        iam.Policy(self, "AskWhetherItRuns", roles=[control.role], statements=ask_whether_it_runs(machine.machine))
        requests = Requests(self, "Requests", machine=machine.machine, bus=self._bus, dead_letters=queue)
        add_ingest(self, ingest, requests=requests, machine=machine.machine, dead_letters=queue)
        janitor = self._janitor(machine, queue)
        self._workers.reserve(worker.function, control.function, janitor.function)
        Network(self, "Network", handlers=[control, worker, janitor])
        BucketKeys(self, "KeyRights", control=control.role, worker=worker.role, janitor=janitor.role)
        Monitoring(
            self,
            "Monitoring",
            machine=machine.machine,
            worker=worker.function,
            movers=[worker.function, control.function],
            dead_letters=queue,
        )
        self._outputs(
            {
                names.STATE_MACHINE_ARN: machine.machine.state_machine_arn,
                names.WORK_BUCKET: self._storage.bucket.bucket_name,
                names.EVENT_BUS: self._bus.event_bus_name,
                names.KEY_ARN: self._storage.key.key_arn,
                names.DEAD_LETTERS: queue.queue_url,
                **_described(control, names.CONTROL_NAME, names.CONTROL_LOG),
                **_described(worker, names.WORKER_NAME, names.WORKER_LOG),
                **_described(janitor, names.JANITOR_NAME, names.JANITOR_LOG),
            }
        )
        bound_roles(self)
        acknowledge(self)

    def _machine(self, control: Handler, worker: Handler, dead_letters: sqs.IQueue) -> Machine:
        return Machine(
            self,
            "Machine",
            MachineProps(
                control=control.function,
                worker=worker.function,
                bus=self._bus,
                dead_letters=dead_letters,
                rights=[*self._rights.read_units(), *announce(self._bus), *send_to(dead_letters)],
            ),
        )

    def _control(self, ingest: Ingest) -> Handler:
        granted = {names.GRANTS_VARIABLE: write_grants(grants_of(ingest))}
        return Handler(
            self,
            "Control",
            HandlerProps(
                module="control",
                code=self._code,
                storage=self._storage,
                rights=self._rights.write_notes(ALL_NOTES),  # refused requests leave no record
                timeout=LONGEST,
                environment={**self._bus_name, **self._reach, **granted, **self._workers.environment},
            ),
        )

    def _worker(self) -> Handler:
        worker = Handler(
            self,
            "Worker",
            HandlerProps(
                module="worker",
                code=self._code,
                storage=self._storage,
                rights=[],
                timeout=LONGEST,
                environment={**self._reach, **self._workers.environment},
            ),
        )
        rights = [*self._rights.write_notes(NOTES_OF_ITEMS), *self._rights.open_secrets()]
        # A policy of its own: the key names the role, so that the role must not wait for the key.
        granted = iam.Policy(self, "WorkerRights", roles=[worker.role], document=document(rights))
        worker.function.node.add_dependency(granted)
        self._storage.only_opened_by(worker.role)
        return worker

    def _let_transfer(self, *handlers: Handler) -> None:
        """At sources and destinations both do the same: the worker prepares and completes jobs that have secrets."""
        rights = document(self._rights.manage_uploads())
        granted = iam.Policy(self, "TransferRights", roles=[each.role for each in handlers], document=rights)
        for each in handlers:
            each.function.node.add_dependency(granted)

    def _janitor(self, machine: Machine, queue: sqs.IQueue) -> Handler:
        janitor = Handler(
            self,
            "Janitor",
            HandlerProps(
                module="janitor",
                code=self._code,
                storage=self._storage,
                rights=[
                    *self._rights.write_notes(ALL_NOTES),
                    *self._rights.abort_uploads(),
                    *ask_why_it_failed(machine.machine),
                    *announce(self._bus),
                    *send_to(queue),
                ],
                timeout=Duration.seconds(JANITOR_RUN_SECONDS),
                environment={**self._bus_name, **self._accounts.variable},
                dead_letters=queue,
            ),
        )
        Housekeeping(self, "Housekeeping", machine=machine.machine, janitor=janitor.function, dead_letters=queue)
        return janitor

    def _outputs(self, values: dict[str, str]) -> None:
        for name, value in values.items():
            CfnOutput(self, name, value=value)


def _described(handler: Handler, name: str, log: str) -> dict[str, str]:
    """The outputs with a function's name and that of its log group."""
    return {name: handler.function.function_name, log: handler.log.log_group_name}
