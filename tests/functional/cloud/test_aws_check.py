"""`doctor --full` on the embedded cloud: what an emulator can show is shown, the rest is skipped by name."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.limits import MIB, MIN_PART
from s3am_cloud_cli.aws_check import large, limits_met
from s3am_cloud_cli.aws_check.bench import Bench
from s3am_cloud_cli.aws_check.run import CLAIMS
from s3am_cloud_cli.aws_check.scratch import Scratch
from s3am_cloud_cli.local_cloud import LocalCloud, environment
from s3am_cloud_client import Aws
from support.bare_cloud import BareCloud
from support.command import Command, eventually

ONLY_AWS = {"cross-region", "sse-c", "5-gib-part", "10000-parts", "throttled"}


def buckets(s3: Any) -> set[str]:
    return {each["Name"] for each in s3.list_buckets()["Buckets"]}


def test_every_claim_gets_a_verdict_and_everything_is_removed(
    command: Command, local_cloud: LocalCloud, s3: Any
) -> None:
    before = buckets(s3)
    result = command.run("doctor", "--full", "--yes", "--json", "--on-stack", local_cloud.stack).ended(0)
    verdicts = {each["claim"]: each["state"] for each in result.document["verdicts"]}
    assert set(verdicts) == {claim.name for claim in CLAIMS}
    assert {name for name, state in verdicts.items() if state == "skipped"} == ONLY_AWS
    assert {name for name, state in verdicts.items() if state == "holds"} == set(verdicts) - ONLY_AWS
    assert result.document["left"] == []
    assert buckets(s3) == before


def test_ctrl_c_ends_a_run_and_removes_what_it_made(command: Command, local_cloud: LocalCloud, s3: Any) -> None:
    before = buckets(s3)
    running = command.start("doctor", "--full", "--yes", "--json", "--on-stack", local_cloud.stack)
    eventually(lambda: buckets(s3) - before, "a bucket of the run")
    running.signal_group(signal.SIGINT)
    result = running.result().ended(130)
    assert "not reached" in {each["state"] for each in result.document["verdicts"]}
    assert result.document["left"] == []
    assert buckets(s3) == before


@pytest.mark.stress
@pytest.mark.timeout(600)
def test_a_run_with_a_stack_of_its_own_leaves_an_account_as_it_was(tmp_path: Path) -> None:
    """Not even the CDK's own stack, and its bucket, which the run had made."""
    with BareCloud(tmp_path) as bare:
        command = Command(tmp_path, {**bare.environment(), "S3AM_CLOUD_STATE_HOME": str(tmp_path)})
        result = command.start("doctor", "--full", "--yes", "--json").result(500).ended(0)
        verdicts = {each["claim"]: each["state"] for each in result.document["verdicts"]}
        assert verdicts.pop("deploy") == "holds"
        assert {name for name, state in verdicts.items() if state == "skipped"} == ONLY_AWS
        assert result.document["left"] == []
        stacks = bare.client("cloudformation").list_stacks()["StackSummaries"]
        assert [each["StackName"] for each in stacks if each["StackStatus"] != "DELETE_COMPLETE"] == []
        assert buckets(bare.client("s3")) == set()


@pytest.mark.stress
def test_the_checks_of_limits_run_with_smaller_objects(
    local_cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What only AWS can judge is at least run: every call is one that S3 and Lambda take."""
    for name, value in environment(local_cloud).items():
        monkeypatch.setenv(name, value)
    for module in (large, limits_met):
        monkeypatch.setattr(module, "LARGE", 20 * MIB)
    monkeypatch.setattr(large, "SEED", 5 * MIB)
    monkeypatch.setattr(limits_met, "MAX_PART", 15 * MIB)
    monkeypatch.setattr(limits_met, "MAX_PARTS", 10)
    monkeypatch.setattr(limits_met, "_ALL_PARTS", 10 * MIN_PART)
    said: list[str] = []
    scratch = Scratch(said.append)
    bench = Bench(S3Access(S3Settings()), Aws(), local_cloud.stack, True, scratch, tmp_path)
    try:
        assert limits_met.largest_part(bench).startswith("2 parts")
        assert limits_met.most_parts(bench).startswith("10 parts")
        assert "with 2 workers at once" in limits_met.throttled(bench)
    finally:
        assert scratch.remove_all() == ()
