"""The AWS account and region that a stack is deployed to, and what of it is there."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

from s3am_cloud import names
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.answers import code_of, naming
from s3am_cloud.errors import NoStack, TransferError

if TYPE_CHECKING:
    from s3am_cloud_infra.assembly import Bootstrap

_DENIED = {"AccessDenied", "AccessDeniedException"}
_NOT_THERE = {"ROLLBACK_COMPLETE", "DELETE_COMPLETE", "REVIEW_IN_PROGRESS"}


class Resource(msgspec.Struct, frozen=True):
    """One resource of a stack: its CloudFormation type, and its name or id."""

    kind: str
    name: str


class DeployedStack(msgspec.Struct, frozen=True):
    """A stack as CloudFormation describes it."""

    status: str
    parameters: dict[str, str]
    outputs: dict[str, str]
    tags: dict[str, str] = {}

    @property
    def stands(self) -> bool:
        """Whether it was deployed once, and nothing is amiss with it since."""
        return self.status.endswith("_COMPLETE") and self.status not in _NOT_THERE


class Account:
    """One account in one region, as its user sees it. Raises NoCredentials, AccessDenied, StoreUnavailable."""

    def __init__(self, access: S3Access) -> None:
        self._access = access
        self.region = access.region
        with naming("the AWS credentials"):
            identity = self.client("sts").get_caller_identity()
        self.id: str = identity["Account"]
        self.user: str = identity["Arn"]

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, `aws-us-gov` or `aws-eusc`: the second word of every ARN."""
        return self.user.split(":")[1]

    def client(self, service: str) -> Any:
        return self._client(service)

    @functools.cache  # noqa: B019  an account lives as long as its command
    def _client(self, service: str) -> Any:
        make: Any = self._access.boto.client
        return make(service, region_name=self.region, endpoint_url=self._access.settings.endpoint_url)

    def bucket_region(self, bucket: str) -> str | None:
        """The region of a bucket, None where it can't be seen."""
        try:
            return self._access.endpoint(bucket).region
        except TransferError:
            return None

    def environment(self) -> dict[str, str]:
        """What has another program act as the same user in the same place. It holds credentials: never to be shown."""
        with naming("the AWS credentials"):
            key = self._access.boto.get_credentials()
            frozen = None if key is None else key.get_frozen_credentials()
        variables = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        if frozen is not None and frozen.access_key and frozen.secret_key:
            variables |= {"AWS_ACCESS_KEY_ID": frozen.access_key, "AWS_SECRET_ACCESS_KEY": frozen.secret_key}
            if frozen.token:
                variables["AWS_SESSION_TOKEN"] = frozen.token
        if self._access.settings.endpoint_url:
            variables["AWS_ENDPOINT_URL"] = self._access.settings.endpoint_url
        return variables

    def stack(self, name: str) -> DeployedStack | None:
        """The stack, None where there is none. Raises NoStack where it is somebody else's."""
        found = self._found(name)
        if found is None:
            return None
        outputs = {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", [])}
        if names.STATE_MACHINE_ARN not in outputs and not found.get("Description", "").startswith(names.DESCRIPTION):
            raise NoStack(f"the stack {name} is not one of s3am-cloud's", "choose another name with --stack")
        parameters = {item["ParameterKey"]: item["ParameterValue"] for item in found.get("Parameters", [])}
        tags = {item["Key"]: item["Value"] for item in found.get("Tags", [])}
        return DeployedStack(found["StackStatus"], parameters, outputs, tags)

    def has_stack(self, name: str) -> bool:
        """Whether there is a stack of this name, whosever it is."""
        return self._found(name) is not None

    def _found(self, name: str) -> Any:
        with naming(f"stack {name}"):
            try:
                found = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
            except ClientError as error:
                if code_of(error) == "ValidationError":
                    return None
                raise
        return None if found["StackStatus"] in {"DELETE_COMPLETE", "REVIEW_IN_PROGRESS"} else found

    def resources(self, stack: str) -> list[Resource]:
        """What the stack consists of at this moment."""
        with naming(f"stack {stack}"):
            pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
            return [
                Resource(item["ResourceType"], item.get("PhysicalResourceId", ""))
                for page in pages
                for item in page["StackResourceSummaries"]
                if item["ResourceStatus"] != "DELETE_COMPLETE"
            ]

    def is_bootstrapped(self, needed: Bootstrap) -> bool:
        """Whether the CDK can deploy here. Yes, too, where this user may not look: the CDK's own roles may."""
        with naming("the CDK's bootstrap"):
            try:
                found = self.client("ssm").get_parameter(Name=needed.parameter)["Parameter"]["Value"]
            except ClientError as error:
                if code_of(error) == "ParameterNotFound":
                    return False
                if code_of(error) in _DENIED:
                    return True
                raise
        return int(found) >= needed.version
