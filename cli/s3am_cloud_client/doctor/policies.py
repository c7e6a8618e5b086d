"""What a bucket's policy demands of uploads: its Deny statements, by the keys of their conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from s3am_cloud_client.doctor.buckets import BucketSite
from s3am_cloud_client.doctor.findings import Findings, Report
from s3am_cloud_client.doctor.ports import Refused

# What each condition key means for a transfer, and what to do about it; None where a transfer fulfils it anyway.
_DEMANDS: Mapping[str, tuple[str, str] | None] = {
    "aws:securetransport": None,
    "s3:tlsversion": None,
    "s3:x-amz-server-side-encryption": (
        "uploads that do not name their encryption are denied",
        "name it with --sse, such as --sse aws:kms",
    ),
    "s3:x-amz-server-side-encryption-aws-kms-key-id": (
        "uploads that do not name a certain KMS key are denied",
        "name the key with --sse-kms-key-id",
    ),
    "s3:x-amz-server-side-encryption-customer-algorithm": (
        "uploads without, or with, a customer's key (SSE-C) are denied",
        "read the statement: aws s3api get-bucket-policy",
    ),
    "s3:x-amz-content-sha256": (
        "bodies without a signature of their own may be denied (UNSIGNED-PAYLOAD)",
        "let the policy accept UNSIGNED-PAYLOAD and STREAMING-UNSIGNED-PAYLOAD-TRAILER over TLS",
    ),
    "s3:x-amz-acl": ("uploads with or without a certain ACL are denied", "ask the bucket's owner which ACL is meant"),
    "s3:x-amz-storage-class": ("some storage classes are denied", "choose another with --storage-class"),
    "aws:sourceip": ("requests from other networks are denied, Lambda's among them", "use upload from that network"),
    "aws:sourcevpc": ("requests from outside a VPC are denied", "use upload from inside that VPC"),
    "aws:sourcevpce": ("requests beside a VPC endpoint are denied", "use upload by way of that VPC endpoint"),
    "aws:principalorgid": ("users of other organizations are denied", "use credentials of the bucket's organization"),
    "aws:principalaccount": ("users of other accounts are denied", "use credentials of that account"),
    "aws:multifactorauthpresent": ("users without MFA are denied", "log in with MFA"),
}
_OURS = ("s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload", "s3:ListBucket")


def check_policy(bucket: BucketSite) -> Findings:
    report = Report("policy", bucket.name)
    try:
        policy = _decoded(bucket.ask("get_bucket_policy").get("Policy", "{}"))
    except Refused as refused:
        if refused.code != "NoSuchBucketPolicy":
            raise
        yield report.ok("the bucket has no policy")
        return
    if policy is None:
        yield report.unknown("the policy can't be read", "read it: aws s3api get-bucket-policy")
        return
    findings = list(_judged(report, policy))
    yield from findings or [report.ok("nothing in it is in the way of transfers over TLS")]


def _judged(report: Report, policy: Mapping[str, Any]) -> Findings:
    for key in sorted({key for statement in _denials(policy) for key in _keys(statement)}):
        meaning = _DEMANDS.get(key, ("some requests are denied", "read the statement: aws s3api get-bucket-policy"))
        if meaning is not None:
            yield report.warning(f"{meaning[0]} (condition {key})", meaning[1])
    for statement in _denials(policy):
        if not statement.get("Condition") and statement.get("Principal") in ("*", {"AWS": "*"}):
            yield report.problem("a statement denies requests of transfers to everybody", "ask the bucket's owner")


def _decoded(text: str) -> Mapping[str, Any] | None:
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
    return found if isinstance(found, dict) else None


def _denials(policy: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The statements that deny what a transfer does."""
    for statement in _list(policy.get("Statement", [])):
        actions = _list(statement.get("Action", []))
        if statement.get("Effect") == "Deny" and any(
            fnmatchcase(ours.lower(), str(action).lower()) for action in actions for ours in _OURS
        ):
            yield statement


def _keys(statement: Mapping[str, Any]) -> Iterator[str]:
    for tests in statement.get("Condition", {}).values():
        yield from (str(key).lower() for key in tests)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
