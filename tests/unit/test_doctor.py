"""What `diagnose` finds of users, stacks, quotas and sources, and that it writes nothing to find it."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event
from typing import Any

import pytest

from s3am_cloud.errors import (
    BadS3Url,
    BadSource,
    NoCredentials,
    SourceNotFound,
    SourceUnavailable,
    StoreUnavailable,
    TransferError,
)
from s3am_cloud.limits import MAX_PART
from s3am_cloud.model import SourceInfo
from s3am_cloud_cli.console.diagnosis_text import diagnosis_text
from s3am_cloud_client.doctor.ports import Refused
from s3am_cloud_client.doctor.progress import Progress
from s3am_cloud_client.doctor.run import parse_urls
from support.diagnosed import BUCKET, URL, found, of, site
from support.fake_aws import WRITES, FakeAws, stack


def test_where_all_is_well_everything_is_checked_and_nothing_is_written() -> None:
    aws = FakeAws()
    diagnosis = found(site(aws), BUCKET, URL)
    assert (diagnosis.state, diagnosis.problems, diagnosis.warnings, diagnosis.unknown) == ("ok", 0, 0, 0)
    assert {each.check for each in diagnosis.findings} >= {
        *("credentials", "clock", "region", "stack", "lambda quota", "source"),
        *("bucket", "bucket region", "versioning", "encryption", "ownership", "SSE-C", "policy", "object lock"),
    }
    assert not WRITES & set(aws.calls)
    assert diagnosis_text(diagnosis)[-1] == "all is well"


@pytest.mark.parametrize(
    ("error", "message", "fix"),
    [
        (NoCredentials("no AWS credentials were found"), "no AWS credentials", "aws configure"),
        (NoCredentials("the SSO token has expired", "log in again: aws sso login"), "expired", "aws sso login"),
    ],
)
def test_without_credentials_nothing_at_aws_is_asked_for(error: NoCredentials, message: str, fix: str) -> None:
    aws = FakeAws()
    aws.credentials = error
    diagnosis = found(site(aws), BUCKET, URL)
    finding = of(diagnosis, "credentials")
    assert (finding.state, message in finding.message, fix in str(finding.fix)) == ("problem", True, True)
    assert of(diagnosis, "bucket").state == "unknown"
    assert of(diagnosis, "source").state == "ok", "sources need no credentials"
    assert aws.calls == []


@pytest.mark.parametrize(
    ("code", "headers", "message", "fix"),
    [
        ("ExpiredToken", {}, "have expired", "aws sso login --profile lab"),
        ("InvalidClientTokenId", {}, "does not know this access key", "AWS_ACCESS_KEY_ID"),
        ("SignatureDoesNotMatch", {"date": "Fri, 02 Jan 2026 03:04:05 GMT"}, "refuses the signature", "secret key"),
        ("SignatureDoesNotMatch", {"date": "Fri, 02 Jan 2026 05:04:05 GMT"}, "120 minutes behind", "timedatectl"),
        ("RequestTimeTooSkewed", {}, "clock is wrong", "timedatectl"),
    ],
)
def test_credentials_that_aws_refuses_are_named_with_their_fix(
    code: str, headers: Mapping[str, str], message: str, fix: str
) -> None:
    aws = FakeAws()
    aws.errors["get_caller_identity"] = Refused(code, "", headers)
    diagnosis = found(site(aws, profile="lab"), BUCKET)
    finding = of(diagnosis, "credentials")
    assert finding.state == "problem"
    assert message in finding.message
    assert fix in str(finding.fix)
    assert "head_bucket" not in aws.calls


def test_an_sts_that_cannot_be_reached_leaves_buckets_to_be_checked() -> None:
    aws = FakeAws()
    aws.errors["get_caller_identity"] = StoreUnavailable("STS: no connection to AWS")
    aws.errors["describe_stacks"] = StoreUnavailable("CLOUDFORMATION: no connection to AWS")
    diagnosis = found(site(aws), BUCKET)
    assert of(diagnosis, "credentials").state == "unknown"
    assert of(diagnosis, "stack").state == "unknown"
    assert of(diagnosis, "encryption").state == "ok"
    assert diagnosis.problems == 0


def test_credentials_of_another_store_are_not_sent_to_aws() -> None:
    aws = FakeAws(at_aws=False)
    diagnosis = found(site(aws), BUCKET)
    assert not {"get_caller_identity", "describe_stacks", "get_account_settings"} & set(aws.calls)
    assert (of(diagnosis, "endpoint").state, of(diagnosis, "bucket").state) == ("warning", "ok")


@pytest.mark.parametrize(("minutes", "state"), [(0, "ok"), (5, "warning"), (20, "problem")])
def test_a_clock_that_differs_from_that_of_aws_is_named(minutes: int, state: str) -> None:
    where = site(FakeAws())
    where.clock.sleep(60 * minutes)
    assert of(found(where), "clock").state == state


@pytest.mark.parametrize(
    ("variables", "changes", "state", "message"),
    [
        ({}, {}, "warning", "no region is set"),
        ({"AWS_REGION": "us-east-1"}, {}, "ok", "by AWS_REGION"),
        ({"AWS_DEFAULT_REGION": "us-east-1"}, {}, "ok", "by AWS_DEFAULT_REGION"),
        (
            {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "eu-west-1"},
            {},
            "warning",
            "AWS_DEFAULT_REGION (eu-west-1)",
        ),
        ({}, {"profile_region": "us-east-1"}, "ok", "by the profile"),
        ({}, {"region_option": "us-east-1"}, "ok", "by --region"),
        ({"AWS_REGION": "us-east-1"}, {"known_regions": ("eu-west-1",)}, "problem", "an unknown region"),
    ],
)
def test_the_region_says_where_it_comes_from(
    variables: Mapping[str, str], changes: Mapping[str, Any], state: str, message: str
) -> None:
    finding = of(found(site(FakeAws(), environment=variables, **changes)), "region")
    assert finding.state == state
    assert message in finding.message


@pytest.mark.parametrize(
    ("answer", "named", "state", "fix"),
    [
        (stack(), False, "ok", None),
        (Refused("ValidationError", "Stack with id S3amCloud does not exist"), False, "warning", "s3am-cloud deploy"),
        (Refused("ValidationError", "Stack with id S3amCloud does not exist"), True, "problem", "s3am-cloud deploy"),
        (stack("ROLLBACK_COMPLETE"), False, "problem", "s3am-cloud destroy --stack S3amCloud"),
        (stack("UPDATE_ROLLBACK_FAILED"), False, "problem", "s3am-cloud deploy --stack S3amCloud"),
        (stack("UPDATE_IN_PROGRESS"), False, "warning", "wait"),
        (stack(version="0.0.1"), False, "warning", "s3am-cloud deploy --stack S3amCloud"),
        ({"Stacks": [{"StackStatus": "CREATE_COMPLETE", "Description": "a web shop"}]}, False, "problem", "--stack"),
    ],
)
def test_a_stack_that_is_missing_half_deployed_or_another_is_named(
    answer: Any, named: bool, state: str, fix: str | None
) -> None:
    aws = FakeAws()
    if isinstance(answer, Refused):
        aws.errors["describe_stacks"] = answer
    else:
        aws.answers["describe_stacks"] = answer
    finding = of(found(site(aws, stack_named=named)), "stack")
    assert finding.state == state
    assert (fix or "") in str(finding.fix)


def test_a_new_accounts_lambda_quota_is_a_warning_with_the_way_to_raise_it() -> None:
    """A new accounts lambda quota is a warning with the request to raise it."""
    aws = FakeAws(region="eu-west-1")
    aws.answers["get_account_settings"] = {"AccountLimit": {"ConcurrentExecutions": 10}}
    finding = of(found(site(aws)), "lambda quota")
    assert (finding.state, "only 10 invocations" in finding.message) == ("warning", True)
    assert "request-service-quota-increase" in str(finding.fix)
    assert "--region eu-west-1" in str(finding.fix)


@pytest.mark.parametrize(
    ("source", "changes", "state", "message"),
    [
        (SourceInfo(size=1 << 30, ranges=True, etag='"e"'), {}, "ok", "1.0 GiB"),
        (SourceInfo(size=1 << 30, ranges=False, etag='"e"'), {}, "warning", "serves no byte ranges"),
        (SourceInfo(size=MAX_PART + 1, ranges=False, etag='"e"'), {}, "warning", "too large"),
        (SourceInfo(size=1 << 30, ranges=True), {}, "warning", "nothing identifies its version"),
        (SourceNotFound(f"{URL} does not exist"), {}, "problem", "does not exist"),
        (SourceUnavailable("no connection"), {"proxy_of": lambda url: "proxy:8080"}, "problem", "the proxy proxy:8080"),
        (SourceInfo(size=1, ranges=True, etag='"e"'), {"is_public": lambda host: False}, "warning", "not public"),
    ],
)
def test_a_source_is_judged_by_what_a_transfer_needs(
    source: SourceInfo | TransferError, changes: Mapping[str, Any], state: str, message: str
) -> None:
    diagnosis = found(site(FakeAws(), source, **changes), URL)
    finding = of(diagnosis, "source")
    assert (finding.state, message in " ".join(each.message for each in diagnosis.findings)) == (state, True)
    assert state == "ok" or finding.fix


def test_a_host_that_the_stack_does_not_fetch_from_is_named() -> None:
    aws = FakeAws()
    aws.answers["describe_stacks"] = stack(AllowedHosts="*.example.org")
    finding = of(found(site(aws), URL), "stack")
    assert finding.fix == "s3am-cloud deploy --allow-host '*.example.org' --allow-host host"


def test_what_is_no_url_is_refused() -> None:
    with pytest.raises(BadSource):
        parse_urls(["gopher://host/x"])
    with pytest.raises(BadS3Url):
        parse_urls(["s3://"])


def test_a_slow_run_says_what_it_is_checking_and_a_quick_one_does_not() -> None:
    said: list[str] = []
    heard = Event()

    def note(text: str) -> None:
        said.append(text)
        heard.set()

    with Progress(note, 60) as quick:
        quick.begin("the stack")
    assert said == []
    with Progress(note, 0) as slow:
        slow.begin("the stack")
        assert heard.wait(10)
        slow.begin("the quota")
    assert said == ["checking the stack", "checking the quota"]
