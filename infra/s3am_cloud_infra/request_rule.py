"""Events that ask for transfers: a rule that starts the state machine for each."""

from __future__ import annotations

from aws_cdk import Aws, CfnCondition, CfnParameter, Duration, Fn, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from s3am_cloud import names
from s3am_cloud_infra.permissions import allow, policy

_ON_DEFAULT = "RequestsOnDefaultBus"
LONGEST_DELIVERY = Duration.hours(24)
"""EventBridge's limit (user guide, "Retrying event delivery"); what can't be delivered by then is a dead letter."""


class Requests(Construct):
    """The rule for `Transfer Requested`, on the stack's bus or on the account's default one.

    `role` is what EventBridge starts executions with, and nothing else; other rules may use it too.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        machine: sfn.StateMachine,
        bus: events.IEventBus,
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self._machine, self._dead_letters = machine, dead_letters
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "events.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
            ),
            inline_policies=policy([allow(["states:StartExecution"], [machine.state_machine_arn])]),
        )
        rule = events.Rule(
            self,
            "Requested",
            description="s3am-cloud: somebody asks for a transfer",
            event_bus=bus,
            event_pattern=events.EventPattern(detail_type=[names.TRANSFER_REQUESTED]),
            targets=[self.target(events.EventField.from_path("$.detail"))],
        )
        raw = rule.node.default_child
        assert isinstance(raw, events.CfnRule)
        raw.event_bus_name = _bus_name(self, bus)

    def target(self, request: object, key: object = None) -> events.IRuleTarget:
        """Starts an execution for a `request`; `key` is what the event is about, where its id does not say so."""
        return targets.SfnStateMachine(
            self._machine,
            input=events.RuleTargetInput.from_object({"request": request, "event": _event(key)}),
            role=self.role.without_policy_updates(),
            dead_letter_queue=self._dead_letters,
            max_event_age=LONGEST_DELIVERY,
        )


def _event(key: object) -> dict[str, object]:
    """What a job keeps of an event: see `Event` in s3am_cloud/events.py."""
    kept: dict[str, object] = {
        "id": events.EventField.from_path("$.id"),
        "source": events.EventField.from_path("$.source"),
        "detail-type": events.EventField.from_path("$.detail-type"),
        "time": events.EventField.from_path("$.time"),
    }
    return kept if key is None else {**kept, "key": key}


def _bus_name(scope: Construct, bus: events.IEventBus) -> str:
    """The stack's bus, or the default one where the parameter says so."""
    stack = Stack.of(scope)
    parameter = CfnParameter(
        stack,
        names.REQUEST_BUS,
        default=names.ON_STACK_BUS,
        allowed_values=[names.ON_STACK_BUS, names.ON_DEFAULT_BUS],
        description="Event bus on which others ask for transfers: the stack's own, or the account's default one, to "
        "which many may send",
    )
    on_default = CfnCondition(stack, _ON_DEFAULT, expression=Fn.condition_equals(parameter, names.ON_DEFAULT_BUS))
    return Fn.condition_if(on_default.logical_id, names.ON_DEFAULT_BUS, bus.event_bus_name).to_string()
