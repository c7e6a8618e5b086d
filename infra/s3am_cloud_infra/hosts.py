"""The hosts that jobs may fetch from: a parameter of the stack."""

from __future__ import annotations

from aws_cdk import CfnParameter
from constructs import Construct

from s3am_cloud import names

_HOST = r"(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*"


def allowed_hosts(scope: Construct) -> dict[str, str]:
    """The environment variable by which a function knows them; it is empty where every public host is one."""
    parameter = CfnParameter(
        scope,
        names.ALLOWED_HOSTS,
        default="",
        allowed_pattern=rf"^({_HOST}(,{_HOST})*)?$",
        constraint_description="names of hosts, comma-separated, without spaces; *.example.org stands for all below it",
        description="Hosts that jobs may fetch from, comma-separated; *.example.org stands for all below example.org, "
        "nothing for every public host. Buckets are not meant: see SourceBuckets",
    )
    return {names.ALLOWED_HOSTS_VARIABLE: parameter.value_as_string}
