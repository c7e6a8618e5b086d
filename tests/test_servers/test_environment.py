"""No test sees the AWS settings of the machine that it runs on."""

import os
from pathlib import Path

import boto3


def test_nothing_of_the_users_aws_settings_is_seen() -> None:
    session = boto3.Session()
    assert not session.available_profiles
    assert session.get_credentials() is None
    assert not session.region_name


def test_the_users_own_embedded_cloud_is_out_of_reach(tmp_path: Path) -> None:
    assert Path(os.environ["S3AM_CLOUD_STATE_HOME"]).is_relative_to(tmp_path.parent)
