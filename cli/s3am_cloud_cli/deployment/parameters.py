"""The stack's parameters as options of the command."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from s3am_cloud import names
from s3am_cloud.errors import Usage

# Characters of bucket names (S3 user guide, "General purpose bucket naming rules"; old buckets have capitals and _),
# and the two that IAM takes for any one or any number of characters.
_NAME = re.compile(r"[A-Za-z0-9._*?-]{1,255}")
_ARN = re.compile(r"arn:aws[a-z-]*:s3:::[A-Za-z0-9._*?-]{1,255}")
_HOST = re.compile(r"(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_TOPIC = re.compile(r"none|arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9._-]{1,256}")
_ACCOUNT = re.compile(r"\d{12}")
_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")
_OWN = "give the bucket's name alone, or an ARN of the account's own partition"
_NETWORK_ID = re.compile(r"(subnet|sg)-[0-9a-f]+")
_POLICY = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[\w+=,.@/-]+")
_POLICY_NAME = re.compile(r"[\w+=,.@/-]{1,128}")
_NONE = "none"  # takes back what was given before
_EVERY_HOST = "*"  # an empty parameter, which nobody would think of typing


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
            names.ALLOWED_HOSTS: [""] if _EVERY_HOST in self.allow_host else [_host(each) for each in self.allow_host],
            names.ALARM_TOPIC: [_topic(self.alarm_topic)] if self.alarm_topic else [],
            names.REQUEST_BUS: [self.request_bus] if self.request_bus else [],
            names.MAX_WORKERS: [] if self.max_workers is None else [str(self.max_workers)],
            names.ALLOWED_ACCOUNTS: _unless_none(self.allow_account, _account),
            names.BUCKET_KEYS: _unless_none(self.bucket_key, _key),
            names.SUBNETS: _unless_none(self.subnet, _network_id, names.NO_SUBNETS),
            names.SECURITY_GROUPS: _unless_none(self.security_group, _network_id, names.NO_SECURITY_GROUPS),
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


def _host(name: str) -> str:
    if not _HOST.fullmatch(name):
        raise Usage(f"{name!r} is not a host's name", "give it as data.example.org or *.example.org")
    return name


def _topic(arn: str) -> str:
    if not _TOPIC.fullmatch(arn):
        raise Usage(f"{arn!r} is not the ARN of an SNS topic", "give its ARN, or none")
    return arn


def _unless_none(given: tuple[str, ...], checked: Callable[[str], str], nothing: str = "") -> list[str]:
    return [nothing] if _NONE in given else [checked(each) for each in given]


def _account(number: str) -> str:
    if not _ACCOUNT.fullmatch(number):
        raise Usage(f"{number!r} is not the id of an account", "give its 12 digits, or none")
    return number


def _key(arn: str) -> str:
    if not _KEY.fullmatch(arn):
        raise Usage(f"{arn!r} is not the ARN of a KMS key", "give the key's own ARN (not its alias), or none")
    return arn


def _network_id(name: str) -> str:
    if not _NETWORK_ID.fullmatch(name):
        raise Usage(f"{name!r} is not the id of a subnet or of a security group", "give it as subnet-... or sg-...")
    return name


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
