"""Whether the policies of the stack's roles fit into what IAM takes, counted before anything is deployed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from s3am_cloud.errors import Usage
from s3am_cloud.limits import MAX_ROLE_POLICIES
from s3am_cloud_cli.deployment.evaluation import Evaluation


def check_role_policies(template: Mapping[str, Any], values: Mapping[str, str]) -> None:
    """Raises Usage, which names the role, for policies longer than IAM takes.

    `values` are the parameters that the stack will have, and the pseudo parameters.
    """
    for role, length in policy_lengths(template, Evaluation(template, values)).items():
        if length > MAX_ROLE_POLICIES:
            raise Usage(
                f"the policies of the role {role} would have {length:,} characters, where IAM takes "
                f"{MAX_ROLE_POLICIES:,} in all",
                "name fewer buckets and keys, or buckets by patterns such as runs-*",
            )


def policy_lengths(template: Mapping[str, Any], evaluation: Evaluation) -> dict[str, int]:
    """By role, the characters of all its inline policies. IAM doesn't count white space, and these have none."""
    lengths: dict[str, int] = {}
    for role, document in _documents(template["Resources"], evaluation):
        text = json.dumps(evaluation.resolve(document), separators=(",", ":"))
        lengths[role] = lengths.get(role, 0) + len(text)
    return lengths


def _documents(resources: Mapping[str, Any], evaluation: Evaluation) -> Iterator[tuple[str, Any]]:
    """Each policy's document, with the logical name of its role."""
    for name, resource in resources.items():
        if "Condition" in resource and not evaluation.holds(resource["Condition"]):
            continue
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Role":
            for policy in evaluation.resolve(properties.get("Policies", [])):
                yield name, policy["PolicyDocument"]
        elif resource["Type"] == "AWS::IAM::Policy":
            for role in properties["Roles"]:
                yield role["Ref"], properties["PolicyDocument"]
