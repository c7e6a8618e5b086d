"""What `diagnose` finds of buckets, with a user who has the rights of real users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from s3am_cloud_client.doctor.ports import Refused
from support.diagnosed import BUCKET, found, of, site
from support.fake_aws import EVERYTHING, KEY, UPLOADER, WRITES, FakeAws, encrypted_with, policy, stack


def test_keys_in_the_environment_that_hide_a_profile_are_named() -> None:
    variables = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_PROFILE": "lab", "AWS_REGION": "us-east-1"}
    finding = of(found(site(FakeAws(), environment=variables)), "credentials")
    assert finding.state == "warning"
    assert "--profile lab" in str(finding.fix)
    assert of(found(site(FakeAws(), environment=variables, profile="lab")), "credentials").state == "ok"


@pytest.mark.parametrize("missing", sorted(EVERYTHING - {"s3:PutObject", "s3:AbortMultipartUpload"}))
def test_what_a_missing_right_hides_is_named_with_that_right(missing: str) -> None:
    """Whatever is denied, every other check is made, and the right that is missing can be read."""
    diagnosis = found(site(FakeAws(EVERYTHING - {missing})), f"{BUCKET}key")
    named = [each for each in diagnosis.findings if each.permission == missing]
    if missing == "kms:GenerateDataKey":
        assert named == [], "no bucket here has a key"
        return
    assert named
    assert all(each.state in {"unknown", "warning", "problem"} and each.fix for each in named)
    assert of(diagnosis, "region").state == "ok"


def test_an_uploader_with_three_rights_has_no_problem() -> None:
    diagnosis = found(site(FakeAws(UPLOADER)), BUCKET)
    assert diagnosis.problems == 0
    assert diagnosis.unknown >= 5
    assert of(diagnosis, "unfinished uploads").permission == "s3:ListBucketMultipartUploads"


def test_a_bucket_that_does_not_exist_is_the_only_problem_with_it() -> None:
    """A bucket that does not exist is a problem and nothing else is asked of it."""
    aws = FakeAws()
    aws.errors["head_bucket"] = Refused("404")
    diagnosis = found(site(aws), BUCKET)
    assert of(diagnosis, "bucket").state == "problem"
    assert "get_bucket_encryption" not in aws.calls


def test_a_bucket_in_another_region_than_the_stack_costs_money() -> None:
    aws = FakeAws()
    aws.answers["head_bucket"] = {"ResponseMetadata": {"HTTPHeaders": {"x-amz-bucket-region": "eu-west-1"}}}
    finding = of(found(site(aws), BUCKET), "bucket region")
    assert (finding.state, "$0.02 per GB" in finding.message) == ("warning", True)


def test_a_bucket_that_the_stack_may_not_use_is_named_with_the_option() -> None:
    """With the buckets it may use already, whose place the option takes."""
    finding = of(found(site(FakeAws()), "s3://other/"), "stack")
    assert finding.state == "warning"
    assert finding.fix == "s3am-cloud deploy --destination-bucket 's3am-*' --destination-bucket other"


def test_a_bucket_of_another_account_is_named_with_the_option() -> None:
    aws = FakeAws()
    aws.owner = "999999999999"
    finding = of(found(site(aws), BUCKET), "stack")
    assert (finding.state, "--allow-account" in str(finding.fix)) == ("warning", True)
    aws.answers["describe_stacks"] = stack(AllowedAccounts="999999999999")
    assert of(found(site(aws), BUCKET), "stack").state == "ok"


def test_a_key_that_the_stack_may_not_use_is_named_with_the_option() -> None:
    aws = with_key()
    finding = of(found(site(aws), BUCKET), "stack")
    assert finding.fix == f"s3am-cloud deploy --bucket-key {KEY}"
    aws.answers["describe_stacks"] = stack(BucketKeys=f"arn:aws:kms:us-east-1:1:key/other,{KEY}")
    assert of(found(site(aws), BUCKET), "stack").state == "ok"


def with_key(rights: frozenset[str] = EVERYTHING) -> FakeAws:
    aws = FakeAws(rights)
    aws.answers["get_bucket_encryption"] = encrypted_with(KEY)
    return aws


def test_a_key_that_may_not_be_used_is_a_problem_unless_a_write_succeeds() -> None:
    """A key that may not be used is a problem until a write test shows otherwise."""
    denied = EVERYTHING - {"kms:GenerateDataKey"}
    finding = of(found(site(with_key(denied)), BUCKET), "KMS key")
    assert (finding.state, finding.permission) == ("problem", "kms:GenerateDataKey")
    assert KEY in str(finding.fix)
    assert of(found(site(with_key(denied)), BUCKET, write_test=True), "KMS key").state == "ok"
    assert of(found(site(with_key()), BUCKET), "KMS key").state == "ok"


def test_a_disabled_key_is_a_problem() -> None:
    aws = with_key()
    aws.errors["generate_data_key"] = Refused("DisabledException", "the key is disabled")
    assert of(found(site(aws), BUCKET), "KMS key").state == "problem"


def test_encryption_settings_are_reported() -> None:
    aws = FakeAws()
    aws.answers["get_bucket_encryption"] = encrypted_with(None, ["SSE-C"], bucket_key=False)
    diagnosis = found(site(aws), BUCKET)
    assert "AWS managed key" in next(each.message for each in diagnosis.findings if each.check == "encryption")
    assert "refused" in of(diagnosis, "SSE-C").message
    assert "Bucket Keys are off" in of(diagnosis, "encryption").message


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"Bool": {"aws:SecureTransport": "false"}}, None),
        ({"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}, "--sse"),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, "upload from that network"),
        ({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}, "VPC endpoint"),
        ({"StringEquals": {"s3:x-amz-content-sha256": "UNSIGNED-PAYLOAD"}}, "UNSIGNED-PAYLOAD"),
        ({"StringEquals": {"s3:unheard-of": "x"}}, "get-bucket-policy"),
    ],
)
def test_what_a_policy_demands_is_read_from_its_denials(condition: Mapping[str, Any], message: str | None) -> None:
    aws = FakeAws()
    del aws.errors["get_bucket_policy"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:Put*", "Resource": "*", "Condition": condition}
    harmless = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "*"}
    aws.answers["get_bucket_policy"] = policy(statement, harmless)
    finding = of(found(site(aws), BUCKET), "policy")
    assert finding.state == ("ok" if message is None else "warning")
    assert (message or "") in str(finding.fix)


def test_locked_unowned_and_endless_uploads_are_warnings() -> None:
    aws = FakeAws()
    del aws.errors["get_object_lock_configuration"]
    retention = {"Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}}}
    aws.answers["get_object_lock_configuration"] = {"ObjectLockConfiguration": retention}
    aws.errors["get_bucket_ownership_controls"] = Refused("OwnershipControlsNotFoundError")
    aws.errors["get_bucket_lifecycle_configuration"] = Refused("NoSuchLifecycleConfiguration")
    diagnosis = found(site(aws), BUCKET)
    assert [of(diagnosis, name).state for name in ("object lock", "ownership", "lifecycle")] == ["warning"] * 3
    assert "compliance, 30 days" in of(diagnosis, "object lock").message


def test_a_write_test_leaves_nothing_and_says_which_right_is_missing() -> None:
    aws = FakeAws()
    assert of(found(site(aws), BUCKET, write_test=True), "write test").state == "ok"
    assert [call for call in aws.calls if call in WRITES] == [
        "create_multipart_upload",
        "upload_part",
        "abort_multipart_upload",
    ]
    denied = of(found(site(FakeAws(EVERYTHING - {"s3:PutObject"})), BUCKET, write_test=True), "write test")
    assert (denied.state, denied.permission) == ("problem", "s3:PutObject")


def test_a_write_test_names_the_keys_right_and_discards_its_upload() -> None:
    """A write test names the keys right that S3 names and discards its upload."""
    aws = FakeAws()
    said = "User: ann is not authorized to perform: kms:GenerateDataKey on resource: k"
    aws.errors["upload_part"] = Refused("AccessDenied", said)
    finding = of(found(site(aws), BUCKET, write_test=True), "write test")
    assert (finding.state, finding.permission) == ("problem", "kms:GenerateDataKey")
    assert aws.calls.count("abort_multipart_upload") == 1


def test_a_write_test_that_may_not_abort_says_what_is_left() -> None:
    aws = FakeAws(EVERYTHING - {"s3:AbortMultipartUpload"})
    finding = of(found(site(aws), BUCKET, write_test=True), "write test")
    assert (finding.state, finding.permission) == ("warning", "s3:AbortMultipartUpload")
