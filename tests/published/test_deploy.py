"""The stack is deployed from what `pip install 's3am-cloud[deploy]'` installs, with no checkout anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.deployment.cdk import cdk_script
from s3am_cloud_cli.deployment.synthesis import functions_code
from s3am_cloud_infra.asset import AWS, default_cache
from support.bare_cloud import BareCloud
from support.command import Command


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[BareCloud]:
    with BareCloud(tmp_path / "state") as cloud:
        yield cloud


@pytest.fixture
def ahead() -> None:
    """What comes from package registries, with the settings of the tests' own environment."""
    cdk_script(default_cache().parent, Console())
    functions_code(AWS, Console())


def test_an_installed_wheel_shows_the_stack_that_it_would_deploy(
    fresh_with_deploy: Path, ahead: None, bare: BareCloud, tmp_path: Path
) -> None:
    """An installed wheel shows the stack with Lambda's own code that it would deploy."""
    command = Command(tmp_path, bare.environment(), fresh_with_deploy / "s3am-cloud")
    assert "--destination-bucket" in command.run("deploy", "--help").ended(0).stdout
    refused = command.run("deploy", "--stack", "FromWheel").ended(2)
    assert "--yes" in refused.error_line
    assert "[+] AWS::StepFunctions::StateMachine" in refused.stderr
    assert "Stack FromWheel (aws://000000000000/us-east-1)" in refused.stderr
    assert bare.client("cloudformation").list_stacks()["StackSummaries"] == []
