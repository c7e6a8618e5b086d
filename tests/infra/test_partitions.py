"""GovCloud, China and the European Sovereign Cloud: IAM refuses a policy with an ARN of another partition."""

from __future__ import annotations

import json
import re

import pytest

from s3am_cloud import names
from s3am_cloud.limits import MAX_ROLE_POLICIES
from s3am_cloud_cli.deployment.evaluation import Evaluation
from s3am_cloud_cli.deployment.role_policies import policy_lengths
from template_roles import Json, of_type

PLACES = [
    ("aws-us-gov", "us-gov-west-1", "amazonaws.com"),
    ("aws-cn", "cn-north-1", "amazonaws.com.cn"),
    ("aws-eusc", "eusc-de-east-1", "amazonaws.eu"),
]
ACCOUNT = "123456789012"


def evaluated(template: Json, partition: str, region: str, suffix: str, **parameters: str) -> Evaluation:
    places = {"AWS::Partition": partition, "AWS::Region": region, "AWS::URLSuffix": suffix, "AWS::AccountId": ACCOUNT}
    return Evaluation(template, {**places, **parameters})


@pytest.mark.parametrize(("partition", "region", "suffix"), PLACES)
def test_every_arn_in_a_policy_is_of_the_partition_that_the_stack_is_in(
    template: Json, partition: str, region: str, suffix: str
) -> None:
    """With the parameters' defaults, which know no partition."""
    evaluation = evaluated(template, partition, region, suffix)
    policies = json.dumps(
        [
            evaluation.resolve(resource["Properties"])
            for kind in ("AWS::IAM::Role", "AWS::IAM::Policy")
            for resource in of_type(template, kind)
        ]
    )
    assert {found[1] for found in re.finditer(r"arn:([a-z-]+):", policies)} == {partition}
    assert f"arn:{partition}:s3:::{names.DEFAULT_PATTERN}/*" in policies
    assert f"s3.{region}.{suffix}" in policies


@pytest.mark.parametrize(("partition", "region", "suffix"), PLACES)
def test_given_buckets_and_accounts_are_taken_as_they_are(
    template: Json, partition: str, region: str, suffix: str
) -> None:
    buckets = f"arn:{partition}:s3:::runs,arn:{partition}:s3:::archive-*"
    given = {names.DESTINATION_BUCKETS: buckets, names.ALLOWED_ACCOUNTS: "210987654321"}
    evaluation = evaluated(template, partition, region, suffix, **given)
    [rights] = [p for p in of_type(template, "AWS::IAM::Policy") if "s3:PutObjectTagging" in json.dumps(p)]
    statements = evaluation.resolve(rights["Properties"]["PolicyDocument"])["Statement"]
    [writes] = [s for s in statements if "s3:PutObject" in s["Action"]]
    assert writes["Resource"] == [f"arn:{partition}:s3:::runs/*", f"arn:{partition}:s3:::archive-*/*"]
    assert writes["Condition"] == {"StringEquals": {"aws:ResourceAccount": [ACCOUNT, "210987654321"]}}


def test_policies_are_short_enough_for_iam_with_room_for_dozens_of_buckets(template: Json) -> None:
    buckets = ",".join(f"arn:aws:s3:::a-bucket-with-a-long-name-{n:02}" for n in range(24))
    key = "arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012"
    given = {names.DESTINATION_BUCKETS: buckets, names.SOURCE_BUCKETS: buckets, names.BUCKET_KEYS: f"{key},{key}"}
    lengths = policy_lengths(template, evaluated(template, "aws", "eu-west-1", "amazonaws.com", **given))
    assert len(lengths) == 5
    assert max(lengths.values()) <= MAX_ROLE_POLICIES
