"""The policies of the stack's roles, counted as IAM counts them, before anything is deployed."""

from __future__ import annotations

from typing import Any

import pytest

from s3am_cloud.errors import Usage
from s3am_cloud_cli.deployment.evaluation import Evaluation
from s3am_cloud_cli.deployment.role_policies import check_role_policies, policy_lengths

TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Buckets": {"Type": "CommaDelimitedList", "Default": "arn:aws:s3:::a"},
        "Key": {"Type": "String", "Default": ""},
    },
    "Conditions": {"HasKey": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Key"}, ""]}]}},
    "Resources": {
        "WorkerRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "Policies": [
                    {"PolicyName": "a", "PolicyDocument": {"Resource": {"Ref": "Buckets"}}},
                    {"Fn::If": ["HasKey", {"PolicyName": "b", "PolicyDocument": {"k": 1}}, {"Ref": "AWS::NoValue"}]},
                ]
            },
        },
        "More": {
            "Type": "AWS::IAM::Policy",
            "Condition": "HasKey",
            "Properties": {
                "Roles": [{"Ref": "WorkerRole"}],
                "PolicyDocument": {
                    "Resource": {
                        "Fn::Split": [",", {"Fn::Join": ["", [{"Fn::Join": ["/*,", {"Ref": "Buckets"}]}, "/*"]]}]
                    },
                    "Key": {"Fn::Sub": "arn:${AWS::Partition}:kms:${Key}"},
                },
            },
        },
    },
}


def lengths(**values: str) -> dict[str, int]:
    return policy_lengths(TEMPLATE, Evaluation(TEMPLATE, values))


def test_every_inline_policy_of_a_role_counts_and_those_attached_to_it() -> None:
    first = len('{"Resource":["arn:aws:s3:::a"]}')
    assert lengths() == {"WorkerRole": first}
    attached = len('{"Resource":["arn:aws:s3:::a/*"],"Key":"arn:aws-cn:kms:K"}')
    assert lengths(Key="K", **{"AWS::Partition": "aws-cn"}) == {"WorkerRole": first + len('{"k":1}') + attached}


def test_a_role_whose_policies_are_too_long_is_named_before_iam_refuses_it() -> None:
    buckets = ",".join(f"arn:aws:s3:::runs-{n:06}" for n in range(200))
    check_role_policies(TEMPLATE, {"Buckets": buckets})
    with pytest.raises(Usage, match=r"role WorkerRole would have 1[0-9],[0-9]{3} characters.*10,240"):
        check_role_policies(TEMPLATE, {"Buckets": buckets, "Key": "K"})


def test_the_hint_names_what_makes_policies_short() -> None:
    with pytest.raises(Usage) as refused:
        check_role_policies(TEMPLATE, {"Buckets": "x" * 11_000})
    assert "patterns such as runs-*" in refused.value.hint
