"""The bucket's default encryption, its KMS key, and whether it refuses keys of the customer's (SSE-C)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from s3am_cloud_client.doctor.buckets import BucketSite
from s3am_cloud_client.doctor.findings import Findings, Report
from s3am_cloud_client.doctor.ports import Refused
from s3am_cloud_client.doctor.reach import check_key_reach
from s3am_cloud_client.doctor.stack import StackFound

# KMS answers so where the call would have succeeded.
_WOULD_SUCCEED = "DryRunOperation"
_ACTION = "kms:GenerateDataKey"
_UNUSABLE = {"DisabledException", "KMSInvalidStateException", "NotFoundException"}


def check_encryption(bucket: BucketSite, stack: StackFound) -> Findings:
    rule = _rule(bucket)
    default: Mapping[str, Any] = rule.get("ApplyServerSideEncryptionByDefault", {})
    algorithm, key = default.get("SSEAlgorithm", "AES256"), default.get("KMSMasterKeyID")
    report = Report("encryption", bucket.name)
    if algorithm == "AES256":
        yield report.ok("S3's own keys (SSE-S3)")
    elif key is None or str(key).endswith("alias/aws/s3"):
        yield report.ok(f"{algorithm} with the account's AWS managed key; other accounts can't use it")
    else:
        yield report.ok(f"{algorithm} with the KMS key {key}")
        yield from _key(bucket, str(key))
        yield from check_key_reach(bucket, str(key), stack)
    if algorithm != "AES256" and not rule.get("BucketKeyEnabled"):
        yield report.warning(
            "S3 Bucket Keys are off: every part is a request to KMS, which costs $0.03 for 10,000 and may be throttled",
            "switch on Bucket Key in the bucket's default encryption",
        )
    yield from _customer_keys(bucket, rule)


def _rule(bucket: BucketSite) -> Mapping[str, Any]:
    try:
        rules = bucket.ask("get_bucket_encryption")["ServerSideEncryptionConfiguration"]["Rules"]
    except Refused as refused:
        if refused.code != "ServerSideEncryptionConfigurationNotFoundError":
            raise
        rules = []
    return rules[0] if rules else {}


def _customer_keys(bucket: BucketSite, rule: Mapping[str, Any]) -> Findings:
    report = Report("SSE-C", bucket.name)
    if "SSE-C" in rule.get("BlockedEncryptionTypes", {}).get("EncryptionType", []):
        yield report.ok("refused, as in every bucket made since April 2026: --sse-key-file does not work here")
    else:
        yield report.ok("not refused by the bucket's encryption settings")


def _key(bucket: BucketSite, key: str) -> Findings:
    """Uploads need GenerateDataKey, which KMS judges here without doing it; what they need beside it, Decrypt, KMS
    judges only with something to decrypt."""
    report, region = Report("KMS key", bucket.name), _region_of(key, bucket.region)
    try:
        bucket.site.aws.ask("kms", "generate_data_key", region, KeyId=key, KeySpec="AES_256", DryRun=True)
    except Refused as refused:
        if refused.code.startswith(_WOULD_SUCCEED):
            yield report.ok(f"you may use it ({_ACTION})")
        elif refused.code in _UNUSABLE:
            yield report.problem(f"it can't be used: {refused}", "enable the key, or choose another for the bucket")
        elif refused.denied:
            yield report.problem(
                f"you may not use it: {refused}. If its policy allows use by S3 only (kms:ViaService), "
                "--write-test shows whether uploads work",
                f"get the rights {_ACTION} and kms:Decrypt on {key}, in your policy and in the key's",
                _ACTION,
            )
        else:
            yield report.unknown(f"whether you may use it is unknown: {refused}", "try --write-test", _ACTION)
    else:
        yield report.ok(f"you may use it ({_ACTION})")


def _region_of(key: str, region: str) -> str:
    """A key's ARN names its region; an id is of the bucket's own."""
    parts = key.split(":")
    return parts[3] if len(parts) > 3 else region
