"""A synthesized template, read by functions and their roles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

Json = dict[str, Any]
HANDLERS = ("control", "worker", "janitor")


def of_type(template: Json, kind: str) -> list[Json]:
    return [r for r in template["Resources"].values() if r["Type"] == kind]


def function(template: Json, module: str) -> Json:
    handler = f"s3am_cloud.handlers.{module}.handler"
    [found] = [f for f in of_type(template, "AWS::Lambda::Function") if f["Properties"]["Handler"] == handler]
    return cast(Json, found["Properties"])


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(role: Json, effect: str = "Allow") -> Iterator[Json]:
    """Those that it has in any case: what is on a condition is read by the tests of that."""
    for policy in (each for each in role["Properties"]["Policies"] if "Fn::If" not in each):
        yield from _of(policy["PolicyDocument"], effect)


def role_of(template: Json, module: str) -> Json:
    return cast(Json, template["Resources"][function(template, module)["Role"]["Fn::GetAtt"][0]])


def rights_of(template: Json, module: str, effect: str = "Allow") -> Iterator[Json]:
    """What a function's role may do, by its own statements and by policies that are attached to it."""
    name = function(template, module)["Role"]["Fn::GetAtt"][0]
    yield from statements(role_of(template, module), effect)
    for policy in of_type(template, "AWS::IAM::Policy"):
        if {"Ref": name} in policy["Properties"]["Roles"]:
            yield from _of(policy["Properties"]["PolicyDocument"], effect)


def actions(template: Json, module: str, service: str = "s3") -> set[str]:
    found = (action for s in rights_of(template, module) for action in as_list(s["Action"]))
    return {action for action in found if action.startswith(f"{service}:")}


def allowed(template: Json) -> Iterator[Json]:
    """Every statement that allows something to a role."""
    for role in of_type(template, "AWS::IAM::Role"):
        yield from statements(role)
    for policy in of_type(template, "AWS::IAM::Policy"):
        yield from _of(policy["Properties"]["PolicyDocument"], "Allow")


def _of(document: Json, effect: str) -> Iterator[Json]:
    return (s for s in document["Statement"] if s["Effect"] == effect)
