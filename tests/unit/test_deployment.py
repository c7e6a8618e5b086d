"""What `deploy` makes of its options, of the user's environment and of what the CDK says."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import cast

import pytest

from s3am_cloud.bucket_patterns import bucket_of
from s3am_cloud.errors import AccessDenied, Interrupted, Usage
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.deployment.account import Account, DeployedStack
from s3am_cloud_cli.deployment.cdk import Cdk, cdk_environment
from s3am_cloud_cli.deployment.failures import DeployFailed, cdk_failure
from s3am_cloud_cli.deployment.parameters import Wanted, bucket_arn, check_partition, parameter_changes
from s3am_cloud_cli.deployment.prompts import agree

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "theirs", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-1"}

TOPIC = "arn:aws-cn:sns:cn-north-1:123456789012:failures"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_buckets_and_hosts_become_parameters_in_the_accounts_partition() -> None:
    """Buckets and hosts become the stack's parameters, in the account's partition."""
    wanted = Wanted(("raw-*",), ("runs", "arn:aws-cn:s3:::other"), ("data.example.org", "*.example.com"), TOPIC)
    assert wanted.parameters("aws-cn") == {
        "SourceBuckets": "arn:aws-cn:s3:::raw-*",
        "DestinationBuckets": "arn:aws-cn:s3:::runs,arn:aws-cn:s3:::other",
        "AllowedHosts": "data.example.org,*.example.com",
        "AlarmTopic": TOPIC,
    }


def test_what_is_not_given_is_no_parameter_so_the_stack_keeps_its_own() -> None:
    """What is not given is no parameter so that the stack keeps what it has."""
    assert Wanted().parameters("aws") == {}
    assert Wanted(allow_host=("*",)).parameters("aws") == {"AllowedHosts": ""}
    assert Wanted(request_bus="default").parameters("aws") == {"RequestBus": "default"}
    assert Wanted(max_workers=0).parameters("aws") == {"MaxWorkers": "0"}


@pytest.mark.parametrize("name", ["s3://runs", "runs,arn:aws:s3:::all", "runs/x", "", "arn:aws:iam:::role", "a b"])
def test_what_is_no_buckets_name_is_refused(name: str) -> None:
    with pytest.raises(Usage, match="neither"):
        bucket_arn(name, "aws")


@pytest.mark.parametrize("host", ["https://example.org", "a,b", "ex*.org", "", "a/b", "host:80"])
def test_what_is_no_hosts_name_is_refused(host: str) -> None:
    with pytest.raises(Usage, match="not a host's name"):
        Wanted(allow_host=(host,)).parameters("aws")


@pytest.mark.parametrize("topic", ["failures", "arn:aws:s3:::x", "a@example.org"])
def test_what_is_no_topics_arn_is_refused(topic: str) -> None:
    with pytest.raises(Usage, match="SNS topic"):
        Wanted(alarm_topic=topic).parameters("aws")


@pytest.mark.parametrize("partition", ["aws-us-gov", "aws-cn", "aws-eusc"])
def test_buckets_have_arns_of_the_accounts_partition_and_no_others(partition: str) -> None:
    """Buckets have arns of the accounts partition and others are refused."""
    own = Wanted(destination_bucket=("runs", f"arn:{partition}:s3:::x")).parameters(partition)
    assert own == {"DestinationBuckets": f"arn:{partition}:s3:::runs,arn:{partition}:s3:::x"}
    check_partition(own, partition)
    other = Wanted(destination_bucket=("arn:aws:s3:::runs",)).parameters(partition)
    with pytest.raises(Usage, match="partition"):
        check_partition(other, partition)


def test_accounts_and_keys_are_parameters_and_none_takes_them_back() -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1"
    wanted = Wanted(allow_account=("123456789012", "210987654321"), bucket_key=(key,))
    assert wanted.parameters("aws") == {"AllowedAccounts": "123456789012,210987654321", "BucketKeys": key}
    nothing = Wanted(allow_account=("none",), bucket_key=("none",))
    assert nothing.parameters("aws") == {"AllowedAccounts": "", "BucketKeys": ""}


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(allow_account=("12345",)),
        Wanted(allow_account=("*",)),
        Wanted(bucket_key=("alias/x",)),
        Wanted(bucket_key=("arn:aws:kms:eu-west-1:123456789012:alias/x",)),
    ],
)
def test_what_is_no_account_and_no_key_is_refused(wanted: Wanted) -> None:
    with pytest.raises(Usage):
        wanted.parameters("aws")


def test_a_buckets_arn_is_shown_as_its_name() -> None:
    assert bucket_of("arn:aws:s3:::runs-*") == "runs-*"


def test_only_parameters_that_differ_are_changes() -> None:
    assert parameter_changes({"A": "1", "B": "2"}, {"A": "1", "B": "3", "C": "4"}) == {"B": ("2", "3"), "C": ("", "4")}


def test_the_cdk_acts_as_the_user_shown_and_talks_to_aws_alone() -> None:
    """The CDK acts as the user who was shown and talks to nobody but AWS."""
    base = {"HOME": "/h", "AWS_PROFILE": "other", "AWS_SESSION_TOKEN": "other", "AWS_ENDPOINT_URL_S3": "http://s3"}
    made = cdk_environment(base, CREDENTIALS)
    assert {name: value for name, value in made.items() if name.startswith("AWS_")} == {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL_S3": "http://s3",
    }
    assert made["CDK_DISABLE_CLI_TELEMETRY"] == "true"
    assert made["CDK_DISABLE_VERSION_CHECK"] == "1"
    assert made["HOME"] == "/h"


class Somebody:
    """An account as far as the CDK's command is concerned."""

    def environment(self) -> dict[str, str]:
        return CREDENTIALS


def cdk(script: str, folder: Path) -> tuple[Cdk, io.StringIO]:
    """The CDK's command with a script of the test's own in place of the CDK, and what it says."""
    (folder / "cdk.js").write_text(script)
    said = io.StringIO()
    return Cdk(folder / "cdk.js", folder, cast("Account", Somebody()), Console(err=said)), said


def test_the_cdk_runs_in_the_assemblys_folder_and_its_output_is_shown(tmp_path: Path) -> None:
    """A run of the CDK is in the assembly's folder; its output is shown as it comes, and returned."""
    run, shown = cdk("console.log(process.cwd()); console.error(process.argv.slice(2).join(' '))", tmp_path)
    said = run.run("diff", "Mine")
    assert re.fullmatch(rf"{tmp_path}\ndiff Mine --app {tmp_path} --(no-)?color --no-notices\n", said)
    assert shown.getvalue() == said


def test_a_run_that_fails_is_shown_whole_and_told_in_one_line(tmp_path: Path) -> None:
    run, shown = cdk("console.log('start'); console.error('ToolkitError: no'); process.exit(1)", tmp_path)
    with pytest.raises(DeployFailed, match=r"^cdk deploy failed: ToolkitError: no$"):
        run.run("deploy", "Mine")
    assert shown.getvalue() == "start\nToolkitError: no\n"


def test_an_endpoint_that_was_asked_for_is_that_of_every_service() -> None:
    chosen = {**CREDENTIALS, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    made = cdk_environment({"AWS_ENDPOINT_URL_S3": "http://s3", "AWS_ENDPOINT_URL": "http://all"}, chosen)
    assert made["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert "AWS_ENDPOINT_URL_S3" not in made


@pytest.mark.parametrize(
    "line",
    [
        "AccessDenied: User: arn:aws:iam::1:user/x is not authorized to perform: cloudformation:CreateChangeSet",
        "❌  S3amCloud failed: ExpiredToken: The security token included in the request is expired",
        "UnrecognizedClientException: The security token included in the request is invalid.",
    ],
)
def test_a_refusal_that_the_cdk_tells_of_is_permission_denied(line: str) -> None:
    error = cdk_failure("cdk deploy", ["start: Publishing\n", f"{line}\n", "\n"])
    assert type(error) is AccessDenied
    assert line.lstrip("❌ ") in error.message


def test_any_other_failure_tells_the_line_in_which_the_cdk_says_why() -> None:
    said = ["start\n", "❌  S3amCloud failed: ToolkitError: the stack is in UPDATE_ROLLBACK_FAILED\n", "bye\n"]
    error = cdk_failure("cdk deploy", said)
    assert type(error) is DeployFailed
    assert error.message == "cdk deploy failed: S3amCloud failed: ToolkitError: the stack is in UPDATE_ROLLBACK_FAILED"
    assert error.code == 1
    assert cdk_failure("cdk diff", []).message == "cdk diff failed: it said nothing"


@pytest.mark.parametrize(
    ("status", "stands"),
    [
        ("CREATE_COMPLETE", True),
        ("UPDATE_COMPLETE", True),
        ("UPDATE_ROLLBACK_COMPLETE", True),
        ("ROLLBACK_COMPLETE", False),
        ("DELETE_FAILED", False),
        ("UPDATE_IN_PROGRESS", False),
    ],
)
def test_a_stack_that_was_never_finished_is_deployed_without_changes(status: str, stands: bool) -> None:
    """A stack that was never finished is deployed though nothing has changed."""
    assert DeployedStack(status, {}, {}).stands is stands


def test_nobody_is_asked_without_a_terminal_and_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(Usage) as refused:
        agree("Deploy?", yes=False)
    assert "--yes" in refused.value.hint
    agree("Deploy?", yes=True)


def test_on_a_terminal_only_a_yes_is_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    agree("Deploy?", yes=False)
    for answer in ("n\n", "\n"):
        monkeypatch.setattr(sys, "stdin", Terminal(answer))
        with pytest.raises(Interrupted, match="nothing was done"):
            agree("Deploy?", yes=False)
    assert "Deploy?" in capsys.readouterr().err
