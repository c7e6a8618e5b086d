"""From AWS options to AWS settings."""

from __future__ import annotations

import os

from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.errors import NoStack
from s3am_cloud.sse import KeyRing
from s3am_cloud_cli.options.transfer import AwsOptions
from s3am_cloud_client.options import Aws


def aws_of(aws: AwsOptions) -> Aws:
    """With `local`, the environment of this process and of those it starts is pointed at the embedded cloud.

    Raises NoStack where that does not run, MissingExtra where it is not installed.
    """
    if aws.local:
        use_local_cloud()
        return Aws()
    return Aws(profile=aws.profile, region=aws.region, endpoint_url=aws.endpoint_url)


def s3_settings(aws: AwsOptions, requester_pays: bool = False, sign: bool = True) -> S3Settings:
    """Raises what `aws_of` does."""
    return aws_of(aws).settings(requester_pays, sign)


def s3_access(
    aws: AwsOptions, keys: KeyRing | None = None, requester_pays: bool = False, sign: bool = True
) -> S3Access:
    """One side of a transfer."""
    return S3Access(s3_settings(aws, requester_pays, sign), keys)


def use_local_cloud() -> None:
    """Raises NoStack where it does not run, MissingExtra where it is not installed."""
    from s3am_cloud_cli import local_cloud

    cloud = local_cloud.current()
    if cloud is None:
        raise NoStack("the embedded cloud is not running", "start it with s3am-cloud local up")
    os.environ.pop("AWS_PROFILE", None)
    os.environ.update(local_cloud.environment(cloud))
