"""Where the stack keeps its notes about jobs: one bucket, encrypted with one key of the stack's own."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

KEEP_NOTES = Duration.days(30)
"""Notes outlive the longest execution (14 days) and the time in which a failed job can be resumed (7 days)."""

SEALED_FOR_A_JOB: Final = MappingProxyType({"Null": {"kms:EncryptionContext:job": "false"}})
"""The condition for secrets of jobs: their encryption context has `job`, S3's own for notes has not."""


class Storage(Construct):
    """The work bucket and its KMS key.

    Both are removed with the stack. CloudFormation refuses to delete a bucket that holds objects, so whoever destroys
    the stack empties it first (`s3am-cloud destroy` does); a custom resource that empties it would be one more
    function, with rights over every job, for one call. What is lost are notes that would expire anyway: transferred
    objects are never kept here. KMS waits 30 days before it deletes the key.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            description="s3am-cloud: notes about jobs, and the encryption keys that jobs carry",
            enable_key_rotation=True,
            pending_window=Duration.days(30),
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.bucket = s3.Bucket(
            self,
            "Work",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="expire", expiration=KEEP_NOTES, abort_incomplete_multipart_upload_after=Duration.days(1)
                )
            ],
            removal_policy=RemovalPolicy.DESTROY,
        )

    def only_opened_by(self, worker: iam.IRole) -> None:
        """Denies everybody else what was sealed for a job, whatever their own policies and grants allow.

        An administrator of the account can change the key's policy, and nobody less can get around it. Re-encryption
        is denied too, as it would give a piece another context.
        """
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["kms:Decrypt", "kms:ReEncryptFrom"],
                resources=["*"],
                conditions={**SEALED_FOR_A_JOB, "ArnNotEquals": {"aws:PrincipalArn": worker.role_arn}},
            )
        )
