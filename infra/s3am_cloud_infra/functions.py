"""The Lambda functions: one asset, three handlers, a role of least privilege each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from s3am_cloud import names
from s3am_cloud.limits import LAMBDA_SECONDS, WORKER_MEMORY_MIB
from s3am_cloud_infra.permissions import allow, policy
from s3am_cloud_infra.storage import Storage

LONGEST = Duration.seconds(LAMBDA_SECONDS)
"""The worker uses what it gets; completing an upload of 10,000 parts may take S3 minutes."""


@dataclass(frozen=True, kw_only=True)
class HandlerProps:
    """What a function consists of; `module` is its file in the package of the handlers."""

    module: str
    code: lambda_.Code
    storage: Storage
    rights: Sequence[iam.PolicyStatement]
    timeout: Duration
    environment: Mapping[str, str] = field(default_factory=dict)
    dead_letters: sqs.IQueue | None = None


class Handler(Construct):
    """One function with its log group, its role and nothing in that role but its `rights` and its own log."""

    def __init__(self, scope: Construct, construct_id: str, props: HandlerProps) -> None:
        super().__init__(scope, construct_id)
        self.log = log = logs.LogGroup(
            self, "Log", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
        )
        write_log = allow(["logs:CreateLogStream", "logs:PutLogEvents"], [log.log_group_arn])
        self.role = role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies=policy([write_log, *props.rights]),
        )
        self.function = lambda_.Function(
            self,
            "Function",
            description=f"s3am-cloud {props.module}",
            code=props.code,
            handler=f"s3am_cloud.handlers.{props.module}.handler",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            memory_size=WORKER_MEMORY_MIB,
            timeout=props.timeout,
            environment={
                names.WORK_BUCKET_VARIABLE: props.storage.bucket.bucket_name,
                names.KEY_ARN_VARIABLE: props.storage.key.key_arn,
                names.SERVICE_VARIABLE: Aws.STACK_NAME,
                names.LOG_LEVEL_VARIABLE: "INFO",
                **props.environment,
            },
            log_group=log,
            role=role.without_policy_updates(),
            dead_letter_queue=props.dead_letters,
        )
