"""Before a deployment: destination buckets that keep unfinished uploads for ever, and the rule that they lack."""

from __future__ import annotations

import json
import re
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from s3am_cloud_cli.deployment.account import Account
from s3am_cloud_cli.deployment.unfinished_rules import Keeping, keeping_buckets, recommended_rule

ABORT = {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}
NONE = "NoSuchLifecycleConfiguration"


class Buckets:
    """S3 as far as lifecycle rules go: those of each bucket, or the code of its refusal."""

    def __init__(self, **rules: object) -> None:
        self._rules = rules

    def client(self, service: str) -> Any:
        assert service == "s3"
        return self

    def get_bucket_lifecycle_configuration(self, Bucket: str) -> dict[str, Any]:  # noqa: N803
        found = self._rules[Bucket]
        if isinstance(found, str):
            raise ClientError({"Error": {"Code": found}}, "GetBucketLifecycleConfiguration")
        return {"Rules": found}


def keeping(*destinations: str, **rules: object) -> list[Keeping]:
    arns = [f"arn:aws:s3:::{name}" for name in destinations]
    return keeping_buckets(arns, cast(Account, Buckets(**rules)))


def test_a_bucket_without_a_rule_is_found_if_it_may_be_looked_at() -> None:
    found = keeping(
        "runs", "archive", "denied", "new", runs=NONE, archive=[], denied="AccessDenied", new="NoSuchBucket"
    )
    assert found == [Keeping("archive", has_rules=False), Keeping("runs", has_rules=False)]


def test_patterns_are_not_looked_at() -> None:
    assert keeping("s3am-*", "run?") == []
    assert keeping_buckets([""], cast(Account, Buckets())) == []


@pytest.mark.parametrize(
    ("rule", "clears"),
    [
        ({**ABORT, "Status": "Enabled", "Filter": {"Prefix": ""}}, True),
        ({**ABORT, "Status": "Enabled", "Filter": {}}, True),
        ({**ABORT, "Status": "Enabled", "Prefix": ""}, True),
        ({**ABORT, "Status": "Disabled", "Filter": {}}, False),
        ({**ABORT, "Status": "Enabled", "Filter": {"Prefix": "logs/"}}, False),
        ({**ABORT, "Status": "Enabled", "Prefix": "logs/"}, False),
        ({**ABORT, "Status": "Enabled", "Filter": {"And": {"Prefix": "logs/"}}}, False),
        ({"Status": "Enabled", "Filter": {}, "Expiration": {"Days": 9}}, False),
    ],
)
def test_a_rule_counts_where_it_clears_the_whole_bucket(rule: dict[str, Any], clears: bool) -> None:
    assert keeping("runs", runs=[rule]) == ([] if clears else [Keeping("runs", has_rules=True)])


def test_the_command_is_offered_only_where_it_replaces_no_other_rule() -> None:
    text = recommended_rule(Keeping("runs", has_rules=False))
    found = re.search(r"--lifecycle-configuration '(.*)'", text)
    assert found is not None
    [rule] = json.loads(found[1])["Rules"]
    assert keeping("runs", runs=[rule]) == []
    assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 30
    other = recommended_rule(Keeping("runs", has_rules=True))
    assert "put-bucket-lifecycle-configuration" not in other
    assert "AbortIncompleteMultipartUpload" in other
