"""What each role may do: IAM statements by purpose, nothing granted behind the reader's back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import ArnFormat, Aws, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn

from s3am_cloud import names
from s3am_cloud_infra.accounts import Accounts, own_buckets
from s3am_cloud_infra.buckets import Buckets
from s3am_cloud_infra.storage import SEALED_FOR_A_JOB, Storage

# The key also seals secrets of jobs. Who reads and writes notes uses it through S3, and can't open those by itself.
_BY_S3 = {"StringEquals": {"kms:ViaService": f"s3.{Aws.REGION}.{Aws.URL_SUFFIX}"}}

# For who completes objects: one that turns out not to be what was asked for is deleted again, in a versioned bucket
# just its version. Nobody else deletes anything at a destination.
_TAKE_BACK = ("s3:DeleteObject", "s3:DeleteObjectVersion")

# Patterns of the notes that a function may delete, below jobs/. A worker deletes what it has kept of a dataset's item
# while that had an upload: the item's record, the index of the upload, and when to look for it.
ALL_NOTES = ("*",)
NOTES_OF_ITEMS = ("*-i*/job.json", ".uploads/*", ".expiring/*-i*")


def allow(
    actions: Sequence[str], resources: Sequence[str], conditions: Mapping[str, object] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)


def policy(statements: Sequence[iam.PolicyStatement]) -> dict[str, iam.PolicyDocument]:
    """An inline policy of these statements."""
    return {"Rights": document(statements)}


def document(statements: Sequence[iam.PolicyStatement]) -> iam.PolicyDocument:
    """These statements as they are: the CDK can't merge lists that only the parameters have."""
    return iam.PolicyDocument(statements=list(statements), minimize=False)


@dataclass(frozen=True)
class Rights:
    """Statements about the stack's own storage and about the buckets that it was given."""

    storage: Storage
    destinations: Buckets
    sources: Buckets
    accounts: Accounts

    def read_units(self) -> list[iam.PolicyStatement]:
        """What the machine's map is over; of all other notes it knows nothing."""
        return [
            allow(
                ["s3:GetObject"],
                [self.storage.bucket.arn_for_objects(f"{names.JOBS_PREFIX}*/units*.jsonl")],
                own_buckets(),
            ),
            allow(["kms:Decrypt"], [self.storage.key.key_arn], _BY_S3),
        ]

    def write_notes(self, deletes: Sequence[str] = ()) -> list[iam.PolicyStatement]:
        """Notes are read and written, and those deleted whose names below jobs/ match `deletes`. ListBucket is what
        makes S3 answer 404 and not 403 for a note that isn't there.

        Nothing else is allowed in the work bucket, also where the buckets that the stack was given include it.
        """
        on_notes, bucket = ["s3:GetObject", "s3:PutObject"], self.storage.bucket
        deleted = [bucket.arn_for_objects(f"{names.JOBS_PREFIX}{pattern}") for pattern in deletes]
        return [
            allow(on_notes, [self._notes], own_buckets()),
            *([allow(["s3:DeleteObject"], deleted, own_buckets())] if deleted else []),
            allow(["s3:ListBucket"], [bucket.bucket_arn], own_buckets()),
            allow(["kms:Decrypt", "kms:GenerateDataKey"], [self.storage.key.key_arn], _BY_S3),
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                not_actions=[*on_notes, *(["s3:DeleteObject"] if deleted else []), "s3:ListBucket"],
                resources=[bucket.bucket_arn, bucket.arn_for_objects("*")],
            ),
        ]

    def open_secrets(self) -> list[iam.PolicyStatement]:
        """What was sealed for some job, and what somebody keeps for jobs: for the worker alone."""
        secrets = Stack.of(self.storage).format_arn(
            service="secretsmanager",
            resource="secret",
            resource_name=f"{names.SECRETS_PREFIX}*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        return [
            allow(["kms:Decrypt"], [self.storage.key.key_arn], dict(SEALED_FOR_A_JOB)),
            allow(["secretsmanager:GetSecretValue"], [secrets]),
        ]

    def manage_uploads(self) -> list[iam.PolicyStatement]:
        """Look at the source and the destination; create, complete and abort there (the ACL is the bucket owner's).

        Tags come along with a copy.
        """
        return [
            self._at(
                self.sources.object_arns,
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:GetObjectTagging",
                "s3:GetObjectVersionTagging",
            ),
            self._at(self.sources.arns, "s3:ListBucket"),
            self._at(
                self.destinations.object_arns,
                "s3:AbortMultipartUpload",
                *_TAKE_BACK,
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
                "s3:PutObjectAcl",
                "s3:PutObjectTagging",
            ),
            self._at(self.destinations.arns, "s3:ListBucket", "s3:ListBucketMultipartUploads"),
        ]

    def abort_uploads(self) -> list[iam.PolicyStatement]:
        return [self._at(self.destinations.object_arns, "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")]

    def _at(self, resources: Sequence[str], *actions: str) -> iam.PolicyStatement:
        return allow(actions, resources, self.accounts.condition)

    @property
    def _notes(self) -> str:
        return self.storage.bucket.arn_for_objects(f"{names.JOBS_PREFIX}*")


def announce(bus: events.IEventBus) -> list[iam.PolicyStatement]:
    return [allow(["events:PutEvents"], [bus.event_bus_arn])]


def send_to(queue: sqs.IQueue) -> list[iam.PolicyStatement]:
    return [allow(["sqs:SendMessage"], [queue.queue_arn])]


def ask_why_it_failed(machine: sfn.StateMachine) -> list[iam.PolicyStatement]:
    """An execution, its Map Run, and among the children of that the one that failed."""
    return [
        allow(["states:DescribeExecution"], [_executions(machine), _children(machine)]),
        allow(["states:ListMapRuns"], [_executions(machine)]),
        allow(["states:ListExecutions"], [_map_runs(machine)]),
    ]


def ask_whether_it_runs(machine: sfn.StateMachine) -> list[iam.PolicyStatement]:
    """Whether the job that claims a destination still writes to it."""
    return [allow(["states:DescribeExecution"], [_executions(machine)])]


def run_itself(machine: sfn.StateMachine) -> list[iam.PolicyStatement]:
    """What a Distributed Map needs: it starts its children as executions of its own machine."""
    return [
        allow(["states:StartExecution"], [machine.state_machine_arn]),
        allow(["states:DescribeExecution", "states:StopExecution"], [_executions(machine)]),
        allow(["states:RedriveExecution"], [_children(machine)]),
    ]


def _executions(machine: sfn.StateMachine) -> str:
    return _arn(machine, "execution", ":*")


def _children(machine: sfn.StateMachine) -> str:
    """Executions that a Map Run started have its label in their names."""
    return _arn(machine, "execution", f"/{names.MAP_LABEL}:*")


def _map_runs(machine: sfn.StateMachine) -> str:
    return _arn(machine, "mapRun", f"/{names.MAP_LABEL}:*")


def _arn(machine: sfn.StateMachine, resource: str, rest: str) -> str:
    return Stack.of(machine).format_arn(
        service="states",
        resource=resource,
        resource_name=f"{machine.state_machine_name}{rest}",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
