"""What comes in by itself: a rule for each route, a schedule for each schedule of the ingest file."""

from __future__ import annotations

import json

import msgspec
from aws_cdk import Aws
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from s3am_cloud import names
from s3am_cloud.ingest.file import expression
from s3am_cloud.ingest.rules import Ingest, Route, Schedule
from s3am_cloud_infra.permissions import allow, policy, send_to
from s3am_cloud_infra.request_rule import LONGEST_DELIVERY, Requests

# What EventBridge Scheduler puts values in place of (user guide, "Adding context attributes").
_DUE = "<aws.scheduler.scheduled-time>"
_RUN = "<aws.scheduler.execution-id>"


class Routes(Construct):
    """Rules on the account's default bus, where S3 sends events of new objects in buckets with EventBridge on.

    What S3 says goes into the execution's input as the JSON objects that it is: a key may have quotes in it, which
    EventBridge doesn't escape when it writes a value into a string.
    """

    def __init__(self, scope: Construct, construct_id: str, *, routes: tuple[Route, ...], requests: Requests) -> None:
        super().__init__(scope, construct_id)
        created = {
            "bucket": events.EventField.from_path("$.detail.bucket"),
            "object": events.EventField.from_path("$.detail.object"),
        }
        for route in routes:
            key = {"route": route.name, **created}
            events.Rule(
                self,
                route.name,
                description=f"s3am-cloud: route {route.name}",
                event_pattern=events.EventPattern(
                    source=[names.S3_SOURCE], detail_type=[names.OBJECT_CREATED], detail=_detail(route)
                ),
                targets=[requests.target({"route": msgspec.to_builtins(route)}, key)],
            )


class Schedules(Construct):
    """Entries of EventBridge Scheduler, with a role that may start the machine and nothing else."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        schedules: tuple[Schedule, ...],
        machine: sfn.IStateMachine,
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
            ),
            inline_policies=policy(
                [allow(["states:StartExecution"], [machine.state_machine_arn]), *send_to(dead_letters)]
            ),
        )
        for schedule in schedules:
            scheduler.CfnSchedule(
                self,
                schedule.name,
                description=f"s3am-cloud: schedule {schedule.name}",
                schedule_expression=expression(schedule),
                flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
                target=scheduler.CfnSchedule.TargetProperty(
                    arn=machine.state_machine_arn,
                    role_arn=role.role_arn,
                    input=json.dumps(_input(schedule)),
                    dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=dead_letters.queue_arn),
                    retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                        maximum_event_age_in_seconds=LONGEST_DELIVERY.to_seconds()
                    ),
                ),
            )


def add_ingest(
    stack: Construct, ingest: Ingest, *, requests: Requests, machine: sfn.IStateMachine, dead_letters: sqs.IQueue
) -> None:
    """Nothing where nothing comes in by itself."""
    if ingest.route:
        Routes(stack, "Routes", routes=ingest.route, requests=requests)
    if ingest.schedule:
        Schedules(stack, "Schedules", schedules=ingest.schedule, machine=machine, dead_letters=dead_letters)


def _detail(route: Route) -> dict[str, object]:
    watched = route.watched
    detail: dict[str, object] = {"bucket": {"name": [watched.bucket]}}
    return {**detail, "object": {"key": [{"prefix": watched.key}]}} if watched.key else detail


def _input(schedule: Schedule) -> dict[str, object]:
    """As `Requests.target` makes it: all deliveries of one due time are for the same job."""
    event = {
        "id": _RUN,
        "source": names.SCHEDULER_SOURCE,
        "detail-type": "Scheduled Event",
        "time": _DUE,
        "key": {"schedule": schedule.name, "time": _DUE},
    }
    return {"request": {"schedule": msgspec.to_builtins(schedule)}, "event": event}
