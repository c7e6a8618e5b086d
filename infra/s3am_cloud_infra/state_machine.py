"""The state machine: state_machine.asl.json beside this file, with a role and a log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from aws_cdk import Aws, Fn, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from s3am_cloud_infra.permissions import allow, policy, run_itself

# What AWS asks for to deliver a machine's log; these actions know no resources.
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
DELIVER_LOGS = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)


@dataclass(frozen=True, kw_only=True)
class MachineProps:
    """What the machine invokes and announces to; `rights` are those of its role besides these."""

    control: lambda_.IFunction
    worker: lambda_.IFunction
    bus: events.IEventBus
    dead_letters: sqs.IQueue
    rights: Sequence[iam.PolicyStatement]


class Machine(Construct):
    """The STANDARD state machine that runs a job.

    Its definition is a file of Amazon States Language, so that people and checkers can read it. Its numbers:

    * the machine may take 14 days (1,209,600 s): the largest object that S3 takes, 48.8 TiB, at 44 MB/s. A job's notes
      are kept for 30 days, which leaves more than the week in which a job that timed out can be resumed;
    * a task may take 960 s, a minute more than Lambda gives a function, so an invocation that got lost is noticed;
    * a busy source or store is asked again for 33 minutes at most, one that can't be reached for 25 (for 35 seconds
      before the job has begun), and crashes are repeated three times. Every delay has full jitter, because thousands of
      children fail together, so half of these times is usual. An error that isn't listed fails the job at once;
    * a throttled invocation waits as long as the job may take, since units that start later take the place of those
      that wait: 1,500 attempts are 14.9 days on average. Delays grow by a tenth, to half an hour: so each is a fifth of
      the wait so far at most, and a child that runs after a long wait did not sleep through much of it. An attempt adds
      3 events to a child's history, which has room for 25,000;
    * a child's output is the number 1: AWS collects the outputs of all children within 256 KiB.

    Nothing of a job is in the machine's log: it takes errors only, without execution data.
    """

    def __init__(self, scope: Construct, construct_id: str, props: MachineProps) -> None:
        super().__init__(scope, construct_id)
        invoke = allow(["lambda:InvokeFunction"], [props.control.function_arn, props.worker.function_arn])
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "states.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
            ),
            inline_policies=policy([invoke, allow(DELIVER_LOGS, ["*"]), *props.rights]),
        )
        self.machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_type=sfn.StateMachineType.STANDARD,
            definition_body=sfn.DefinitionBody.from_string(_definition(props)),
            role=role.without_policy_updates(),
            logs=sfn.LogOptions(destination=self._log(), level=sfn.LogLevel.ERROR, include_execution_data=False),
        )
        # A policy of its own: inside the role it would have role and machine wait for each other.
        iam.Policy(self, "RunItself", roles=[role], statements=run_itself(self.machine))

    def _log(self) -> logs.LogGroup:
        """Named as AWS asks for logs delivered by services, lest resource policies outgrow their limit."""
        return logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/vendedlogs/states/{Aws.STACK_NAME}",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )


def _definition(props: MachineProps) -> str:
    """The machine's definition in Amazon States Language, with the stack's names in it.

    Without the file's spaces and the comments on its states, and each rule of `Retry` is in the template once:
    CreateStack takes 51,200 bytes. CloudFormation puts the rules where they belong, before Step Functions sees them.
    """
    machine = json.loads(files("s3am_cloud_infra").joinpath("state_machine.asl.json").read_text(encoding="utf-8"))
    rules: dict[str, str] = {}
    text = _dumped({**machine, "States": _shortened(machine["States"], rules)})
    for name in rules.values():
        text = text.replace(f'"{name}"', name)
    named = {
        "Partition": Aws.PARTITION,
        "Control": props.control.function_arn,
        "Worker": props.worker.function_arn,
        "EventBus": props.bus.event_bus_name,
        "DeadLetters": props.dead_letters.queue_url,
    }
    return Fn.sub(text, {**named, **{name[2:-1]: rule for rule, name in rules.items()}})


def _shortened(value: Any, rules: dict[str, str]) -> Any:
    """Without comments, and with a placeholder in place of each rule of `Retry`; `rules` gets the rules' own."""
    if isinstance(value, list):
        return [_shortened(each, rules) for each in value]
    if not isinstance(value, dict):
        return value
    if "BackoffRate" in value:
        return rules.setdefault(_dumped(value), f"${{Retry{len(rules)}}}")
    return {name: _shortened(inner, rules) for name, inner in value.items() if name != "Comment"}


def _dumped(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
