"""What calls to AWS need of a role, and what roles grant: the words of the Service Authorization Reference."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from servers.rights import needs_of

Json = dict[str, Any]


@dataclass(frozen=True)
class Need:
    """An action on a resource, with what conditions may ask for."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Grant:
    """One action on one pattern of resources, as a statement allows it."""

    action: str
    resource: str
    conditions: str = "{}"

    def covers(self, need: Need) -> bool:
        return (
            self.action.lower() == need.action.lower()
            and fnmatchcase(need.resource, self.resource)
            and all(_holds(kind, wanted, dict(need.context)) for kind, wanted in json.loads(self.conditions).items())
        )


@dataclass(frozen=True)
class Stack:
    """What resources are called where calls and rights meet."""

    work_bucket: str
    key: str
    region: str
    account: str
    buses: Mapping[str, str] = field(default_factory=dict)


def grants(policies: Iterable[Json]) -> Iterator[Grant]:
    """What the policies allow and do not deny."""
    statements = [statement for policy in policies for statement in policy["Statement"]]
    denials = [statement for statement in statements if statement["Effect"] == "Deny"]
    for statement in (statement for statement in statements if statement["Effect"] == "Allow"):
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                if not any(_is_denied(action, resource, denial) for denial in denials):
                    yield Grant(action, resource, json.dumps(statement.get("Condition", {})))


def _is_denied(action: str, resource: str, denial: Json) -> bool:
    at = any(fnmatchcase(resource, pattern) for pattern in _listed(denial["Resource"]))
    return at and action not in _listed(denial["NotAction"])


# What only clients ask for, by any resource: the documentation lists the actions.
_OF_CLIENTS = {
    "Encrypt": "kms:Encrypt",
    "FilterLogEvents": "logs:FilterLogEvents",
    "StartExecution": "states:StartExecution",
    "StopExecution": "states:StopExecution",
    "DescribeMapRun": "states:DescribeMapRun",
}


def needs(call: Json, stack: Stack) -> Iterator[Need]:
    """What a recorded call needs. Raises KeyError for a call that this does not know."""
    target = call["headers"].get("x-amz-target")
    if target is not None:
        yield from _named_needs(target.rpartition(".")[2], call["resources"], stack)
    elif (call["method"], call["path"]) == ("POST", "/"):
        yield Need("cloudformation:DescribeStacks", "*")  # all that clients ask of that service
    else:
        yield from _s3_needs(call, stack)


def _named_needs(operation: str, found: Json, stack: Stack) -> Iterator[Need]:
    match operation:
        case "PutEvents":
            yield from (Need("events:PutEvents", stack.buses.get(bus, bus)) for bus in found["EventBusName"])
        case "Decrypt":
            context = tuple((f"kms:EncryptionContext:{name}", "given") for name in found.get("EncryptionContext", []))
            yield Need("kms:Decrypt", found.get("KeyId", stack.key), context)
        case "GetSecretValue":
            name = found["SecretId"]
            arn = f"arn:aws:secretsmanager:{stack.region}:{stack.account}:secret:{name}-123456"
            yield Need("secretsmanager:GetSecretValue", name if name.startswith("arn:") else arn)
        case "DescribeExecution" | "ListMapRuns" as name:
            yield Need(f"states:{name}", found["executionArn"])
        case "ListExecutions":
            yield Need("states:ListExecutions", found.get("mapRunArn") or found["stateMachineArn"])
        case other:
            yield Need(_OF_CLIENTS[other], "*")


def _s3_needs(call: Json, stack: Stack) -> Iterator[Need]:
    own = (("aws:ResourceAccount", stack.account),)
    for need in _bucket_needs(call, stack):
        yield Need(need.action, need.resource, (*need.context, *own))


def _bucket_needs(call: Json, stack: Stack) -> Iterator[Need]:
    bucket, _, key = call["path"].removeprefix("/").partition("/")
    for need in needs_of(call["method"], call["path"], call["query"], call["headers"]):
        yield Need(need.action, need.arn)
        if need.bucket == stack.work_bucket:
            yield from _key_needs(need.action, stack)
    if key and "uploadId" not in call["query"] and call["method"] in {"GET", "HEAD"} and call["status"] == 404:
        # To those who may not list S3 says 403 of what is not there.
        yield Need("s3:ListBucket", f"arn:aws:s3:::{bucket}")


def _key_needs(action: str, stack: Stack) -> Iterator[Need]:
    """The work bucket is encrypted with the stack's key, which S3 uses in the caller's name."""
    by_s3 = (("kms:ViaService", f"s3.{stack.region}.amazonaws.com"),)
    if action == "s3:PutObject":
        yield Need("kms:GenerateDataKey", stack.key, by_s3)
    elif action == "s3:GetObject":
        yield Need("kms:Decrypt", stack.key, by_s3)


def _holds(kind: str, wanted: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    match kind:
        case "StringEquals":
            return all(context.get(name) in _listed(value) for name, value in wanted.items())
        case "Null":
            return all((name not in context) == (str(value) == "true") for name, value in wanted.items())
        case unknown:
            raise KeyError(unknown)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
