"""`deploy --local` where `local up` has deployed its stack already, without the CDK's command."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3am_cloud_cli.local_cloud import aws
from s3am_cloud_cli.local_cloud.state import StateFolder
from support.bare_cloud import CACHES
from support.command import Command


@pytest.mark.stress
def test_a_stack_is_deployed_where_local_up_has_deployed_its_own(tmp_path: Path) -> None:
    """The bootstrap finds no bucket in its way, the stack of `local up` is updated, and another one comes beside it."""
    home, state = tmp_path / "home", tmp_path / "state"
    home.mkdir()
    command = Command(home, {**CACHES, "S3AM_CLOUD_STATE_HOME": str(state)})
    command.run("local", "up").ended(0)
    try:
        record = StateFolder(state / "local").record()
        assert record is not None
        updated = command.run("deploy", "--local", "--yes", "--json", "--destination-bucket", "runs").ended(0).document
        assert (updated["stack"], updated["destination_buckets"]) == ("S3amCloud", ["runs"])
        assert updated["work_bucket"] == record.cloud.work_bucket, "the same stack, with its records"
        command.run("deploy", "--local", "--yes", "--stack", "Second").ended(0)
        found = aws.client("cloudformation", record.cloud).describe_stacks()["Stacks"]
        assert {one["StackName"]: one["StackStatus"] for one in found} == {
            "CDKToolkit": "CREATE_COMPLETE",
            "S3amCloud": "UPDATE_COMPLETE",
            "Second": "CREATE_COMPLETE",
        }
    finally:
        command.run("local", "down").ended(0)
