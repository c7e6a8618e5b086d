"""The KMS keys of buckets and of secrets: a parameter, and the rights to use what it names."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Aws, CfnCondition, CfnParameter, Fn
from aws_cdk import aws_iam as iam
from constructs import Construct

from s3am_cloud import names
from s3am_cloud_infra.permissions import allow, document

_GIVEN = "KeysAreGiven"
_ARN = r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+"
# A bucket's key is in the bucket's region, which its ARN says; the stack may be in another one.
_S3 = f"s3.*.{Aws.URL_SUFFIX}"
_SECRETS = f"secretsmanager.{Aws.REGION}.{Aws.URL_SUFFIX}"


class BucketKeys(Construct):
    """S3 makes a data key for an upload, and opens it again for its parts, and for who lists them, as the janitor does.
    Secrets may have a key of their own: to read one takes a right on the secret, which is the worker's alone. Every
    use goes by way of a service.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, control: iam.IRole, worker: iam.IRole, janitor: iam.IRole
    ) -> None:
        super().__init__(scope, construct_id)
        parameter = CfnParameter(
            scope,
            names.BUCKET_KEYS,
            default="",
            allowed_pattern=f"^({_ARN}(,{_ARN})*)?$",
            constraint_description="ARNs of KMS keys, comma-separated, without spaces",
            description="ARNs of the KMS keys of buckets and secrets that jobs may use, comma-separated",
        )
        self._keys = Fn.split(",", parameter.value_as_string)
        self._given = CfnCondition(
            scope, _GIVEN, expression=Fn.condition_not(Fn.condition_equals(parameter.value_as_string, ""))
        )
        self._grant("Decrypt", [control, worker, janitor], "kms:Decrypt", [_S3, _SECRETS])
        self._grant("GenerateDataKey", [control, worker], "kms:GenerateDataKey", [_S3])

    def _grant(self, construct_id: str, roles: Sequence[iam.IRole], action: str, services: Sequence[str]) -> None:
        statement = allow([action], self._keys, {"StringLike": {"kms:ViaService": list(services)}})
        granted = iam.Policy(self, construct_id, roles=list(roles), document=document([statement]))
        raw = granted.node.default_child
        assert isinstance(raw, iam.CfnPolicy)
        raw.cfn_options.condition = self._given
