"""The stack: everything that a job needs in the cloud, and nothing that costs while no job runs."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import CfnOutput, DefaultStackSynthesizer, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from s3am_cloud_infra import names
from s3am_cloud_infra.asset import tree_digest
from s3am_cloud_infra.buckets import destination_buckets, source_buckets
from s3am_cloud_infra.events import Housekeeping, dead_letter_queue
from s3am_cloud_infra.functions import LONGEST, Handler
from s3am_cloud_infra.machine import Machine
from s3am_cloud_infra.rights import Rights, announce, ask_why_it_failed, send_to
from s3am_cloud_infra.storage import Storage


class S3amCloudStack(Stack):
    """Work bucket and key, three functions, the state machine, a bus for outcomes, and housekeeping.

    It names no account and no region. Its template can be deployed by the CDK and, since it has no parameter or rule
    about the CDK's bootstrap stack, by CloudFormation alone once the asset is where the template looks for it.
    """

    def __init__(self, scope: Construct, stack_name: str, *, asset_dir: Path) -> None:
        super().__init__(
            scope,
            stack_name,
            description="s3am-cloud: fast, parallel, verified transfer of large objects into Amazon S3",
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        self._code = lambda_.Code.from_asset(str(asset_dir), asset_hash=tree_digest(asset_dir))
        self._storage = Storage(self, "Storage")
        self._rights = Rights(self._storage, destination_buckets(self), source_buckets(self))
        self._bus = events.EventBus(self, "Bus", description="Outcomes of s3am-cloud jobs")
        self._bus_name = {"S3AM_CLOUD_EVENT_BUS": self._bus.event_bus_name}
        control = self._control()
        worker = self._worker()
        machine = Machine(
            self,
            "Machine",
            control=control.function,
            worker=worker.function,
            bus=self._bus,
            rights=[*self._rights.read_notes(), *announce(self._bus)],
        )
        janitor = self._janitor(machine)
        self._outputs(
            {
                names.STATE_MACHINE_ARN: machine.machine.state_machine_arn,
                names.WORK_BUCKET: self._storage.bucket.bucket_name,
                names.EVENT_BUS: self._bus.event_bus_name,
                names.KEY_ARN: self._storage.key.key_arn,
                names.WORKER_NAME: worker.function.function_name,
                names.CONTROL_NAME: control.function.function_name,
                names.JANITOR_NAME: janitor.function.function_name,
            }
        )

    def _control(self) -> Handler:
        return Handler(
            self,
            "Control",
            module="control",
            code=self._code,
            storage=self._storage,
            rights=[*self._rights.write_notes(), *self._rights.manage_uploads()],
            timeout=LONGEST,
            environment=self._bus_name,
        )

    def _worker(self) -> Handler:
        return Handler(
            self,
            "Worker",
            module="worker",
            code=self._code,
            storage=self._storage,
            rights=[*self._rights.read_notes(), *self._rights.move_parts()],
            timeout=LONGEST,
        )

    def _janitor(self, machine: Machine) -> Handler:
        queue = dead_letter_queue(self, "DeadLetters")
        janitor = Handler(
            self,
            "Janitor",
            module="janitor",
            code=self._code,
            storage=self._storage,
            rights=[
                *self._rights.write_notes(),
                *self._rights.forget_notes(),
                *self._rights.abort_uploads(),
                *ask_why_it_failed(machine.machine),
                *announce(self._bus),
                *send_to(queue),
            ],
            timeout=Duration.minutes(5),
            environment=self._bus_name,
            dead_letters=queue,
        )
        Housekeeping(self, "Housekeeping", machine=machine.machine, janitor=janitor.function, dead_letters=queue)
        return janitor

    def _outputs(self, values: dict[str, str]) -> None:
        for name, value in values.items():
            CfnOutput(self, name, value=value)
