"""Where the stack keeps its notes about jobs: one bucket, encrypted with one key of the stack's own."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

KEEP_NOTES = Duration.days(30)
"""Notes outlive the longest execution (14 days) and the time in which a failed job can be resumed (7 days)."""


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
