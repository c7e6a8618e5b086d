"""Whether destination buckets discard unfinished uploads by themselves, whatever becomes of the stack."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from s3am_cloud.adapters.s3.answers import code_of
from s3am_cloud.bucket_patterns import bucket_of
from s3am_cloud.limits import LONGEST_JOB_DAYS, MAX_KEEP_DAYS
from s3am_cloud_cli.deployment.account import Account

# No job runs for longer, and no failed one is kept for longer.
_DAYS = LONGEST_JOB_DAYS + MAX_KEEP_DAYS + 1
_RULE = {
    "ID": "discard-unfinished-uploads",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _DAYS},
}


class Keeping(msgspec.Struct, frozen=True):
    """A bucket that keeps unfinished uploads, and whether it has lifecycle rules for other things."""

    bucket: str
    has_rules: bool


def keeping_buckets(destinations: Sequence[str], account: Account) -> list[Keeping]:
    """Those of the buckets, by their ARNs, that no rule clears, as far as this user may see that. What a pattern stands
    for is not known."""
    named = sorted({bucket_of(arn) for arn in destinations if arn and not set(arn) & set("*?")})
    found = ((bucket, _rules(bucket, account)) for bucket in named)
    return [
        Keeping(bucket, bool(rules)) for bucket, rules in found if rules is not None and not any(map(_clears, rules))
    ]


def recommended_rule(keeping: Keeping) -> str:
    """What to do about it. Setting a bucket's rules replaces all that it has."""
    said = (
        f"bucket {keeping.bucket} keeps unfinished uploads, and their cost, until somebody discards them. The stack "
        f"discards those of its own jobs, while it is there. For all others add a lifecycle rule with "
        f"AbortIncompleteMultipartUpload after {_DAYS} days, under Management, Lifecycle rules"
    )
    if keeping.has_rules:
        return said
    rules = json.dumps({"Rules": [_RULE]})
    return (
        f"{said}, or, as it has no rule yet, with: aws s3api put-bucket-lifecycle-configuration --bucket "
        f"{keeping.bucket} --lifecycle-configuration '{rules}'"
    )


def _rules(bucket: str, account: Account) -> Sequence[Mapping[str, Any]] | None:
    """None where this user may not look, or there is no such bucket yet."""
    try:
        rules: Sequence[Mapping[str, Any]] = account.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)[
            "Rules"
        ]
    except ClientError as error:
        return [] if code_of(error) == "NoSuchLifecycleConfiguration" else None
    except BotoCoreError:
        return None
    return rules


def _clears(rule: Mapping[str, Any]) -> bool:
    """Whether it discards every unfinished upload of the bucket in time."""
    whole = not any(rule.get("Filter", {}).values()) and not rule.get("Prefix")
    return whole and rule["Status"] == "Enabled" and "AbortIncompleteMultipartUpload" in rule
