"""An account in memory that denies as IAM would: each call needs its action, and says which one is missing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from s3am_cloud import __version__, names
from s3am_cloud.errors import TransferError
from s3am_cloud_client.doctor.ports import Answer, Refused

ACCOUNT = "123456789012"
USER = f"arn:aws:iam::{ACCOUNT}:user/ann"
NOW = "Fri, 02 Jan 2026 03:04:05 GMT"
KEY = "arn:aws:kms:us-east-1:123456789012:key/0a1b"

# The action that each call needs (Service Authorization Reference); GetCallerIdentity needs none.
ACTIONS: Mapping[str, str | None] = {
    "get_caller_identity": None,
    "describe_stacks": "cloudformation:DescribeStacks",
    "get_account_settings": "lambda:GetAccountSettings",
    "generate_data_key": "kms:GenerateDataKey",
    "head_bucket": "s3:ListBucket",
    "list_objects_v2": "s3:ListBucket",
    "list_multipart_uploads": "s3:ListBucketMultipartUploads",
    "head_object": "s3:GetObject",
    "get_bucket_versioning": "s3:GetBucketVersioning",
    "get_bucket_ownership_controls": "s3:GetBucketOwnershipControls",
    "get_object_lock_configuration": "s3:GetBucketObjectLockConfiguration",
    "get_bucket_lifecycle_configuration": "s3:GetLifecycleConfiguration",
    "get_bucket_encryption": "s3:GetEncryptionConfiguration",
    "get_bucket_policy": "s3:GetBucketPolicy",
    "create_multipart_upload": "s3:PutObject",
    "upload_part": "s3:PutObject",
    "abort_multipart_upload": "s3:AbortMultipartUpload",
}
WRITES = {"create_multipart_upload", "upload_part", "abort_multipart_upload"}
EVERYTHING = frozenset(action for action in ACTIONS.values() if action)
UPLOADER = frozenset({"s3:PutObject", "s3:GetObject", "s3:ListBucket"})


class FakeAws:
    """`AwsCalls`. `answers` and `errors` replace what an operation answers; `calls` are the operations asked for."""

    def __init__(self, rights: Iterable[str] = EVERYTHING, region: str = "us-east-1", at_aws: bool = True) -> None:
        self.rights, self.region, self.at_aws, self.has_services = set(rights), region, at_aws, at_aws
        self.owner = ACCOUNT
        self.credentials: TransferError | None = None
        self.answers = _usual(region)
        self.errors: dict[str, Refused | TransferError] = {
            "get_bucket_policy": Refused("NoSuchBucketPolicy"),
            "get_object_lock_configuration": Refused("ObjectLockConfigurationNotFoundError"),
            "generate_data_key": Refused("DryRunOperationException", "the request would have succeeded"),
            "head_object": Refused("404"),
        }
        self.calls: list[str] = []

    def require_credentials(self) -> None:
        if self.credentials is not None:
            raise self.credentials

    def ask(self, service: str, operation: str, region: str | None = None, **parameters: Any) -> Answer:
        self.calls.append(operation)
        needed = ACTIONS[operation]
        if needed is not None and needed not in self.rights:
            raise self._denied(operation, needed, region or self.region)
        if parameters.get("ExpectedBucketOwner") not in {None, self.owner}:
            raise Refused("403")
        if operation in self.errors:
            raise self.errors[operation]
        return self.answers[operation]

    def _denied(self, operation: str, needed: str, region: str) -> Refused:
        headers = {"x-amz-bucket-region": region, "date": NOW}
        if operation.startswith("head_"):
            return Refused("403", "", headers)  # HEAD has no body
        code = "AccessDeniedException" if needed.startswith(("kms:", "lambda:")) else "AccessDenied"
        said = f"User: {USER} is not authorized to perform: {needed} because no identity-based policy allows it"
        return Refused(code, said, headers)


def encrypted_with(key: str | None, blocked: Iterable[str] = (), bucket_key: bool = True) -> Answer:
    default = {"SSEAlgorithm": "aws:kms", **({"KMSMasterKeyID": key} if key else {})}
    rule = {
        "ApplyServerSideEncryptionByDefault": default,
        "BucketKeyEnabled": bucket_key,
        "BlockedEncryptionTypes": {"EncryptionType": list(blocked)},
    }
    return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}


def policy(*statements: Mapping[str, Any]) -> Answer:
    return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})}


def stack(status: str = "CREATE_COMPLETE", version: str = __version__, **parameters: str) -> Answer:
    given = {
        names.DESTINATION_BUCKETS: names.DEFAULT_BUCKETS,
        names.SOURCE_BUCKETS: names.DEFAULT_BUCKETS,
        **parameters,
    }
    whole = status.endswith("_COMPLETE") and status != "ROLLBACK_COMPLETE"
    return {
        "Stacks": [
            {
                "StackStatus": status,
                "StackId": f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/S3amCloud/1",
                "Description": f"{names.DESCRIPTION} ({version})",
                "Outputs": [{"OutputKey": name, "OutputValue": "x"} for name in names.OUTPUTS if whole],
                "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
            }
        ]
    }


def _usual(region: str) -> dict[str, Answer]:
    """An account in which all is well."""
    return {
        "get_caller_identity": {
            "Account": "123456789012",
            "Arn": USER,
            "ResponseMetadata": {"HTTPHeaders": {"date": NOW}},
        },
        "describe_stacks": stack(),
        "get_account_settings": {"AccountLimit": {"ConcurrentExecutions": 1000}},
        "head_bucket": {"ResponseMetadata": {"HTTPHeaders": {"x-amz-bucket-region": region}}},
        "list_objects_v2": {},
        "list_multipart_uploads": {},
        "get_bucket_versioning": {},
        "get_bucket_ownership_controls": {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}},
        "get_bucket_lifecycle_configuration": {
            "Rules": [{"Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}]
        },
        "get_bucket_encryption": {"ServerSideEncryptionConfiguration": {"Rules": [{"BucketKeyEnabled": True}]}},
        "create_multipart_upload": {"UploadId": "u"},
        "upload_part": {"ETag": '"e"'},
        "abort_multipart_upload": {},
    }
