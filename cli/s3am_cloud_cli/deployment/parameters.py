"""The stack's parameters as options of the command."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from s3am_cloud import names
from s3am_cloud.errors import Usage

# Characters of bucket names (S3 user guide, "General purpose bucket naming rules"; old buckets have capitals and _),
# and the two that IAM takes for any one or any number of characters.
_NAME = re.compile(r"[A-Za-z0-9._*?-]{1,255}")
_ARN = re.compile(r"arn:aws[a-z-]*:s3:::[A-Za-z0-9._*?-]{1,255}")
_OWN = "give the bucket's name alone, or an ARN of the account's own partition"
_POLICY = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[\w+=,.@/-]+")
_POLICY_NAME = re.compile(r"[\w+=,.@/-]{1,128}")
_NONE = "none"  # takes back what was given before
_EVERY_HOST = "*"  # an empty parameter, which nobody would think of typing


class _Form(NamedTuple):
    """How the value of an option is written."""

    pattern: str
    what: str
    hint: str

    def checked(self, text: str) -> str:
        """Raises Usage."""
        if not re.fullmatch(self.pattern, text):
            raise Usage(f"{text!r} is not {self.what}", self.hint)
        return text


_HOST = _Form(
    r"(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", "a host's name", "give it as data.example.org or *.example.org"
)
_TOPIC = _Form(
    r"none|arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9._-]{1,256}",
    "the ARN of an SNS topic",
    "give its ARN, or none",
)
_ACCOUNT = _Form(r"\d{12}", "the id of an account", "give its 12 digits, or none")
_KEY = _Form(
    r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+",
    "the ARN of a KMS key",
    "give the key's own ARN (not its alias), or none",
)
_NETWORK_ID = _Form(
    r"(subnet|sg)-[0-9a-f]+", "the id of a subnet or of a security group", "give it as subnet-... or sg-..."
)


class Wanted(NamedTuple):
    """What jobs may reach, and who hears of failures. What is empty leaves what the stack has."""

    source_bucket: tuple[str, ...] = ()
    destination_bucket: tuple[str, ...] = ()
    allow_host: tuple[str, ...] = ()
    alarm_topic: str | None = None
    request_bus: str | None = None
    max_workers: int | None = None
    allow_account: tuple[str, ...] = ()
    bucket_key: tuple[str, ...] = ()
    subnet: tuple[str, ...] = ()
    security_group: tuple[str, ...] = ()
    permissions_boundary: str | None = None

    def parameters(self, partition: str, account: str = "") -> dict[str, str]:
        """The stack's parameters that were given. Raises Usage."""
        if bool(self.subnet) != bool(self.security_group):
            raise Usage("--subnet and --security-group belong together", "give both, or 'none' for both")
        given = {
            names.SOURCE_BUCKETS: [bucket_arn(each, partition) for each in self.source_bucket],
            names.DESTINATION_BUCKETS: [bucket_arn(each, partition) for each in self.destination_bucket],
            names.ALLOWED_HOSTS: [""]
            if _EVERY_HOST in self.allow_host
            else [_HOST.checked(each) for each in self.allow_host],
            names.ALARM_TOPIC: [_TOPIC.checked(self.alarm_topic)] if self.alarm_topic else [],
            names.REQUEST_BUS: [self.request_bus] if self.request_bus else [],
            names.MAX_WORKERS: [] if self.max_workers is None else [str(self.max_workers)],
            names.ALLOWED_ACCOUNTS: _unless_none(self.allow_account, _ACCOUNT),
            names.BUCKET_KEYS: _unless_none(self.bucket_key, _KEY),
            names.SUBNETS: _unless_none(self.subnet, _NETWORK_ID, names.NO_SUBNETS),
            names.SECURITY_GROUPS: _unless_none(self.security_group, _NETWORK_ID, names.NO_SECURITY_GROUPS),
            names.PERMISSIONS_BOUNDARY: _boundary(self.permissions_boundary, partition, account),
        }
        return {name: ",".join(values) for name, values in given.items() if values}


def bucket_arn(name: str, partition: str) -> str:
    """The ARN of a bucket or of a pattern of buckets, which may be given as an ARN already. Raises Usage."""
    if _ARN.fullmatch(name):
        return name
    if not _NAME.fullmatch(name):
        raise Usage(f"{name!r} is neither a bucket's name nor a pattern of such names", "give it as runs or runs-*")
    return f"arn:{partition}:s3:::{name}"


def boundary_of(parameter: str | None) -> str | None:
    """The ARN of the permissions boundary that the stack's parameter names, None where it names none."""
    return None if parameter in {None, names.NO_BOUNDARY} else parameter


def check_partition(parameters: Mapping[str, str], partition: str) -> None:
    """Raises Usage for an ARN of another partition, which IAM would refuse in the midst of a deployment."""
    for name, value in parameters.items():
        for arn in value.split(","):
            if arn.startswith("arn:") and arn != names.NO_BOUNDARY and arn.split(":")[1] != partition:
                raise Usage(f"{name}: {arn} is of another partition than the account, which is in {partition}", _OWN)


def parameter_changes(before: Mapping[str, str], given: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """By name, what changes: the value there is (empty where there is none) and the one to come."""
    return {name: (before.get(name, ""), value) for name, value in given.items() if before.get(name) != value}


def _unless_none(given: tuple[str, ...], form: _Form, nothing: str = "") -> list[str]:
    return [nothing] if _NONE in given else [form.checked(each) for each in given]


def _boundary(policy: str | None, partition: str, account: str) -> list[str]:
    """The managed policy by its ARN, whether it was given so or by its name."""
    if policy is None:
        return []
    if policy == _NONE:
        return [names.NO_BOUNDARY]
    if _POLICY.fullmatch(policy):
        return [policy]
    if not _POLICY_NAME.fullmatch(policy):
        raise Usage(f"{policy!r} is neither the name nor the ARN of a managed policy", "give either, or none")
    return [f"arn:{partition}:iam::{account}:policy/{policy}"]
