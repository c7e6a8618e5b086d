"""What can go wrong with the embedded cloud, as named errors."""

from __future__ import annotations

from s3am_cloud.errors import MissingExtra, Unexpected

INSTALL = "pip install 's3am-cloud[local]'"


class LocalCloudFailed(Unexpected):
    """The embedded cloud could not be started, or the stack could not be deployed on it."""

    hint = "s3am-cloud local down, then try again"


def missing_extra(package: str) -> MissingExtra:
    return MissingExtra(f"the embedded cloud needs the Python package {package}", hint=INSTALL)
