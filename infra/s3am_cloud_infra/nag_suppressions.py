"""Rules of AwsSolutions (cdk-nag) that the stack breaks on purpose, each with the reason.

Wildcards are acknowledged one by one, so that a new one is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aws_cdk import Acknowledgment, CfnElement, Stack, Validations
from constructs import Construct

from s3am_cloud import names
from s3am_cloud_infra.permissions import NOTES_OF_ITEMS

_PACK: Final = "AwsSolutions::AwsSolutions-"
_STATES: Final = "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>"
_SECRETS: Final = "arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>"


@dataclass(frozen=True)
class Acknowledged:
    """A rule that the constructs at these paths break. `{Path}` stands for the logical id of what is at that path."""

    rule: str
    paths: tuple[str, ...]
    reason: str


def _buckets_of(parameter: str) -> str:
    """How cdk-nag spells the buckets that a parameter names."""
    return _chosen(parameter, names.DEFAULT_PATTERN, f'{{"Ref":"{parameter}"}}')


def _objects_of(parameter: str) -> str:
    """How cdk-nag spells the objects in them."""
    joined = f'{{"Fn::Join":["",[{{"Fn::Join":["/*,",{{"Ref":"{parameter}"}}]}},"/*"]]}}'
    return _chosen(parameter, f"{names.DEFAULT_PATTERN}/*", f'{{"Fn::Split":[",",{joined}]}}')


def _chosen(parameter: str, default: str, given: str) -> str:
    own = f'{{"Fn::Sub":"arn:${{AWS::Partition}}:s3:::{default}"}}'
    spelled = f'{{"Fn::If":["Default{parameter}",[{own}],{given}]}}'
    return f"IAM5[Resource::{spelled}]".replace("{", "{{").replace("}", "}}")


EXECUTIONS = "executions get names of their own when they start, and there is no other way to name those of one machine"

ACKNOWLEDGED: Final = (
    Acknowledged(
        "S1",
        ("Storage/Work",),
        "notes about jobs are written and read by the stack's functions; who wants a trail of that has CloudTrail's "
        "data events, and a bucket for access logs would be one more bucket to secure and to pay for",
    ),
    Acknowledged(
        "L1",
        ("Control/Function", "Worker/Function", "Janitor/Function"),
        "Python 3.13 is what all wheels are tested with; Lambda maintains it until 2029",
    ),
    Acknowledged(
        "SF1",
        ("Machine/StateMachine",),
        "every execution's history is kept for 90 days; all events of thousands of children would be logged a second "
        "time and paid for by the gigabyte",
    ),
    Acknowledged(
        "SF2",
        ("Machine/StateMachine",),
        "a trace of each of thousands of children would cost more than moving the parts; the functions' log lines "
        "carry the job's id",
    ),
    Acknowledged(
        "IAM5[Resource::*]",
        ("Machine/Role",),
        "the actions by which Step Functions delivers a machine's log know no resources",
    ),
    Acknowledged(
        "IAM5[Resource::<{Storage/Work}.Arn>/jobs/*]",
        ("Control/Role", "WorkerRights", "Janitor/Role"),
        f"the notes about jobs are below {names.JOBS_PREFIX}, in a folder for each job's id",
    ),
    *(
        Acknowledged(
            f"IAM5[Resource::<{{Storage/Work}}.Arn>/{names.JOBS_PREFIX}{pattern}]",
            ("WorkerRights",),
            "an item of a dataset that has an upload is a job with an id of its own until it is complete",
        )
        for pattern in NOTES_OF_ITEMS
    ),
    Acknowledged(
        "IAM5[Resource::<{Storage/Work}.Arn>/jobs/*/units*.jsonl]",
        ("Machine/Role",),
        "a job's lists of units are in its own folder",
    ),
    *(
        Acknowledged(spelled, paths, "the buckets that whoever deploys the stack has named, and their objects")
        for spelled, paths in (
            (_buckets_of(names.SOURCE_BUCKETS), ("TransferRights",)),
            (_objects_of(names.SOURCE_BUCKETS), ("TransferRights",)),
            (_buckets_of(names.DESTINATION_BUCKETS), ("TransferRights",)),
            (_objects_of(names.DESTINATION_BUCKETS), ("TransferRights", "Janitor/Role")),
        )
    ),
    Acknowledged(
        f"IAM5[Resource::{_SECRETS}:secret:s3am-cloud/*]",
        ("WorkerRights",),
        "users name the secrets that their jobs need, below a prefix that is for that alone",
    ),
    Acknowledged(
        f"IAM5[Resource::{_STATES}:execution:<{{Machine/StateMachine}}.Name>:*]",
        ("Machine/RunItself", "Janitor/Role", "AskWhetherItRuns"),
        EXECUTIONS,
    ),
    Acknowledged(
        f"IAM5[Resource::{_STATES}:execution:<{{Machine/StateMachine}}.Name>/{names.MAP_LABEL}:*]",
        ("Machine/RunItself", "Janitor/Role"),
        EXECUTIONS,
    ),
    Acknowledged(
        f"IAM5[Resource::{_STATES}:mapRun:<{{Machine/StateMachine}}.Name>/{names.MAP_LABEL}:*]",
        ("Janitor/Role",),
        EXECUTIONS,
    ),
)


def acknowledge(stack: Stack) -> None:
    """Names the findings that are known, and why they stay, for the CDK's validation with cdk-nag."""
    for known in ACKNOWLEDGED:
        rule = known.rule.format_map(LogicalIds(stack))
        for path in known.paths:
            Validations.of(_at(stack, path)).acknowledge(Acknowledgment(id=f"{_PACK}{rule}", reason=known.reason))


class LogicalIds(dict[str, str]):
    """The logical ids of a stack's resources by the paths of their constructs."""

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self._stack = stack

    def __missing__(self, path: str) -> str:
        resource = _at(self._stack, path).node.default_child
        assert isinstance(resource, CfnElement)
        return self._stack.get_logical_id(resource)


def _at(stack: Stack, path: str) -> Construct:
    found: Construct = stack
    for name in path.split("/"):
        child = found.node.find_child(name)
        assert isinstance(child, Construct)
        found = child
    return found
