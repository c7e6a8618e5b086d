"""`deploy` and `destroy` through the real CDK's command, on an emulator that begins as a new AWS account does.

The tests follow one stack through its life, in the order in which they stand here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.deployment.cdk import cdk_script
from s3am_cloud_cli.deployment.synthesis import functions_code
from s3am_cloud_infra.asset import Target, default_cache
from servers.content import Pattern
from servers.faults import Stall
from servers.faulty_http import FaultyHttp
from support.bare_cloud import CACHES, BareCloud
from support.command import Command, Result, eventually

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("deploy")


@pytest.fixture(scope="module")
def bare(state: Path) -> Iterator[BareCloud]:
    with BareCloud(state) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def command(state: Path, bare: BareCloud) -> Command:
    """The command of a user who is nowhere near a checkout. It finds the emulator by `--local` only.

    The hosts of the network are out of its reach, once npm has brought the CDK's command.
    """
    _install_ahead()
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    loopback = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    home = state / "home"
    home.mkdir()
    (home / "cdk.json").write_text('{"app": "exit 1", "context": {"stack": "NotOurs"}}')
    return Command(home, {**CACHES, "S3AM_CLOUD_STATE_HOME": str(state), **nowhere, **loopback})


@pytest.fixture(scope="module")
def deployed(command: Command) -> Result:
    """The first deployment."""
    limits = (
        "--tag",
        "cost=42",
        "--destination-bucket",
        "runs",
        "--destination-bucket",
        "archive-*",
        "--source-bucket",
        "raw-*",
    )
    return command.run("deploy", "--local", "--yes", "--json", *limits).ended(0)


def _install_ahead() -> None:
    """What comes from package registries, with the settings of the tests' own environment."""
    cdk_script(default_cache().parent, Console())
    functions_code(Target.here(), Console())


def status(bare: BareCloud) -> list[str]:
    found = bare.client("cloudformation").list_stacks()["StackSummaries"]
    return sorted(each["StackName"] for each in found if each["StackStatus"] != "DELETE_COMPLETE")


def parameters(bare: BareCloud) -> dict[str, str]:
    (stack,) = bare.client("cloudformation").describe_stacks(StackName="S3amCloud")["Stacks"]
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}


def tags(bare: BareCloud) -> dict[str, str]:
    (stack,) = bare.client("cloudformation").describe_stacks(StackName="S3amCloud")["Stacks"]
    return {each["Key"]: each["Value"] for each in stack["Tags"]}


def test_what_iam_would_refuse_is_refused_before_the_changes_are_shown(command: Command, bare: BareCloud) -> None:
    many = [word for n in range(120) for word in ("--source-bucket", f"a-bucket-with-quite-a-long-name-{n}")]
    refused = command.run("deploy", "--local", *many).ended(2)
    assert "the policies of the role Control" in refused.error_line
    assert "10,240" in refused.error_line


def test_without_a_terminal_the_changes_are_shown_and_nothing_is_done(command: Command, bare: BareCloud) -> None:
    refused = command.run("deploy", "--local").ended(2)
    assert "--yes" in refused.error_line
    assert "[+] AWS::StepFunctions::StateMachine" in refused.stderr
    assert "IAM Statement Changes" in refused.stderr
    assert "CDKToolkit" in refused.stderr
    assert status(bare) == []


def test_a_new_account_is_bootstrapped_and_has_the_named_buckets(
    deployed: Result, bare: BareCloud, command: Command
) -> None:
    """A new account is bootstrapped and has the stack with the buckets named."""
    told = deployed.document
    assert (told["stack"], told["region"], told["changed"]) == ("S3amCloud", "us-east-1", True)
    assert told["destination_buckets"] == ["runs", "archive-*"]
    assert status(bare) == ["CDKToolkit", "S3amCloud"]
    assert parameters(bare)["DestinationBuckets"] == "arn:aws:s3:::runs,arn:aws:s3:::archive-*"
    assert parameters(bare)["SourceBuckets"] == "arn:aws:s3:::raw-*"
    assert tags(bare) == {"cost": "42"}
    machines = bare.client("stepfunctions").list_state_machines()["stateMachines"]
    assert told["state_machine_arn"] in [each["stateMachineArn"] for each in machines]
    assert "account 000000000000, region us-east-1" in deployed.stderr
    assert command.run("local", "status", "--json").ended(0).document["work_bucket"] == told["work_bucket"]


def test_a_job_runs_through_the_stack_that_was_deployed(
    deployed: Result, command: Command, bare: BareCloud, http_server: FaultyHttp
) -> None:
    content = Pattern(300_000)
    bare.client("s3").create_bucket(Bucket="runs")
    url = http_server.add("/run42.tar", content)
    done = command.run("submit", "--local", "--wait", "--json", url, "s3://runs/").ended(0)
    assert done.document["receipt"]["state"] == "succeeded"
    body = bare.client("s3").get_object(Bucket="runs", Key="run42.tar")["Body"].read()
    assert body == bytes(content.read(0, content.size))


def test_a_second_deployment_finds_no_changes_and_asks_nothing(deployed: Result, command: Command) -> None:
    again = command.run("deploy", "--local").ended(0)
    assert "no changes" in again.stdout
    assert "There were no differences" in again.stderr
    assert "runs, archive-*" in again.stdout
    assert "s3am-cloud submit --wait --local URL s3://runs/" in again.stdout


def test_a_changed_parameter_is_shown_and_deployed_and_the_others_stay(
    deployed: Result, command: Command, bare: BareCloud
) -> None:
    done = command.run("deploy", "--local", "--yes", "--json", "--source-bucket", "cold-*").ended(0)
    assert "[~] Parameter SourceBuckets: arn:aws:s3:::raw-* -> arn:aws:s3:::cold-*" in done.stderr
    assert done.document["changed"] is True
    assert parameters(bare)["SourceBuckets"] == "arn:aws:s3:::cold-*"
    assert parameters(bare)["DestinationBuckets"] == "arn:aws:s3:::runs,arn:aws:s3:::archive-*"


def test_destroy_warns_of_running_jobs_and_leaves_only_the_objects(
    deployed: Result, command: Command, bare: BareCloud, http_server: FaultyHttp
) -> None:
    """Destroy warns of what runs and then leaves nothing but the objects."""
    store = bare.client("s3")
    store.create_bucket(Bucket="archive-1")
    store.put_object(Bucket="archive-1", Key="kept", Body=b"kept")
    url = http_server.add("/slow.tar", Pattern(12 * MIB), Stall(after=1000))
    job = command.run("submit", "--local", "--json", "--part-size", "5MB", url, "s3://archive-1/").ended(0).document

    def uploads() -> list[Any]:
        found: list[Any] = store.list_multipart_uploads(Bucket="archive-1").get("Uploads", [])
        return found

    eventually(uploads, "the job's upload")
    warned = command.run("destroy", "--local").ended(2)
    assert "--yes" in warned.error_line
    assert f"running jobs, which will be stopped: {job['job']}" in warned.stderr
    assert f"s3://archive-1/slow.tar (job {job['job']}) stays, and costs; --abort-uploads aborts it" in warned.stderr
    assert status(bare) == ["CDKToolkit", "S3amCloud"]

    done = command.run("destroy", "--local", "--yes", "--abort-uploads", "--json").ended(0).document
    assert (done["removed"], done["stopped_jobs"], done["aborted_uploads"]) == (True, 1, 1)
    assert done["left_uploads"] == []
    assert uploads() == []
    assert status(bare) == ["CDKToolkit"]
    buckets = {each["Name"] for each in store.list_buckets()["Buckets"]}
    assert {name for name in buckets if not name.startswith("cdk-")} == {"archive-1", "runs"}
    assert store.get_object(Bucket="archive-1", Key="kept")["Body"].read() == b"kept"
    assert bare.client("lambda").list_functions()["Functions"] == []
    (key,) = [bare.client("kms").describe_key(KeyId=each["KeyId"]) for each in _keys(bare)]
    assert key["KeyMetadata"]["KeyState"] == "PendingDeletion"


def _keys(bare: BareCloud) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bare.client("kms").list_keys()["Keys"]
    return found


def test_destroy_of_a_stack_that_is_not_there_is_no_error(command: Command) -> None:
    done = command.run("destroy", "--local", "--json", "--stack", "Another").ended(0)
    assert done.document["removed"] is False


def test_a_stack_that_is_somebody_elses_is_left_alone(command: Command, bare: BareCloud) -> None:
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    bare.client("cloudformation").create_stack(StackName="Theirs", TemplateBody=json.dumps(template))
    refused = command.run("destroy", "--local", "--yes", "--stack", "Theirs").ended(2)
    assert "is not one of s3am-cloud's" in refused.error_line
    assert "Theirs" in status(bare)


def test_a_plain_template_is_deployed_by_cloudformation_alone(
    command: Command, bare: BareCloud, http_server: FaultyHttp
) -> None:
    """From a bucket of one's own: nothing of it is in the CDK's."""
    store, cloudformation = bare.client("s3"), bare.client("cloudformation")
    for bucket in ("deployments", "runs"):
        store.create_bucket(Bucket=bucket)
    given = ("--to", "s3://deployments/s3am/", "--destination-bucket", "runs")
    written = command.run("template", "--local", "--json", *given).ended(0).document
    assert written["template"] == "s3://deployments/s3am/S3amCloud.json"
    assert written["template_bytes"] <= 51_200
    body = store.get_object(Bucket="deployments", Key="s3am/S3amCloud.json")["Body"].read()
    assert b"cdk-" not in body
    parameters = json.loads(body)["Parameters"]
    quota = bare.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    # A quarter, as `deploy` has it: a burst of events leaves the rest to other functions.
    chosen = (parameters["MaxWorkers"]["Default"], parameters["ReserveWorkers"]["Default"])
    assert chosen == (str(quota // 4), "yes")
    cloudformation.create_stack(
        StackName="S3amCloud", TemplateURL=written["template_url"], Capabilities=["CAPABILITY_IAM"]
    )

    def stands() -> bool:
        [found] = cloudformation.describe_stacks(StackName="S3amCloud")["Stacks"]
        assert "ROLLBACK" not in found["StackStatus"]
        return bool(found["StackStatus"] == "CREATE_COMPLETE")

    eventually(stands, "the stack")
    url = http_server.add("/plain.tar", Pattern(200_000))
    done = command.run("submit", "--local", "--wait", "--json", url, "s3://runs/").ended(0)
    assert done.document["receipt"]["state"] == "succeeded"


def test_a_template_goes_into_a_folder(command: Command) -> None:
    refused = command.run("template", "--local", "--to", "s3://deployments/s3am").ended(6)
    assert "write it as s3://deployments/s3am/" in refused.error_line
