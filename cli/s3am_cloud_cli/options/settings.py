"""From AWS options to AWS settings."""

from __future__ import annotations

import os

from s3am_cloud.errors import NoStack
from s3am_cloud_cli.options.transfer import AwsOptions
from s3am_cloud_client import Aws


def aws_of(aws: AwsOptions) -> Aws:
    """With `local`, the environment of this process and of those it starts is pointed at the embedded cloud.

    Raises NoStack where that does not run, MissingExtra where it is not installed.
    """
    if aws.local:
        use_local_cloud()
        return Aws()
    return Aws(profile=aws.profile, region=aws.region, endpoint_url=aws.endpoint_url)


def use_local_cloud() -> None:
    """Raises NoStack where it does not run, MissingExtra where it is not installed."""
    from s3am_cloud_cli import local_cloud

    cloud = local_cloud.current()
    if cloud is None:
        raise NoStack("the embedded cloud is not running", "start it with s3am-cloud local up")
    os.environ.pop("AWS_PROFILE", None)
    os.environ.update(local_cloud.environment(cloud))
