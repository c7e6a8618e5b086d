"""From AWS options to AWS settings."""

from __future__ import annotations

import os

from s3am_cloud.adapters.s3.access import S3Settings
from s3am_cloud.errors import NoStack


def s3_settings(profile: str | None, region: str | None, endpoint_url: str | None, local: bool) -> S3Settings:
    """With `local`, the environment of this process and of those it starts is pointed at the embedded cloud."""
    if local:
        use_local_cloud()
        return S3Settings()
    return S3Settings(profile=profile, region=region, endpoint_url=endpoint_url)


def use_local_cloud() -> None:
    """Raises NoStack where it does not run, MissingExtra where it is not installed."""
    from s3am_cloud_cli import local_cloud

    cloud = local_cloud.current()
    if cloud is None:
        raise NoStack("the embedded cloud is not running", "start it with s3am-cloud local up")
    os.environ.pop("AWS_PROFILE", None)
    os.environ.update(local_cloud.environment(cloud))
