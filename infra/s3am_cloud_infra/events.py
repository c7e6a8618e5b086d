"""When the janitor is called: after an execution that didn't succeed, and every hour."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

UNSUCCESSFUL = ("FAILED", "TIMED_OUT", "ABORTED")


class Housekeeping(Construct):
    """The rules that call the janitor.

    The machine's ARN is matched whole: children of its Distributed Map are executions of `ARN/Transfer`, and there may
    be thousands of them in one failed job.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        machine: sfn.IStateMachine,
        janitor: lambda_.IFunction,
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        events.Rule(
            self,
            "Unsuccessful",
            description="s3am-cloud: a job failed, timed out or was cancelled",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={"stateMachineArn": [machine.state_machine_arn], "status": list(UNSUCCESSFUL)},
            ),
            targets=[targets.LambdaFunction(janitor, dead_letter_queue=dead_letters)],
        )
        events.Rule(
            self,
            "Hourly",
            description="s3am-cloud: look for uploads of jobs that expired",
            schedule=events.Schedule.rate(Duration.hours(1)),
            targets=[
                targets.LambdaFunction(
                    janitor,
                    event=events.RuleTargetInput.from_object({"action": "sweep"}),
                    dead_letter_queue=dead_letters,
                )
            ],
        )


def dead_letter_queue(scope: Construct, construct_id: str) -> sqs.Queue:
    """A queue for events that could not be delivered, that were refused, or that the janitor could not handle.

    They are kept for 14 days (SQS's limit).
    """
    return sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
    )
