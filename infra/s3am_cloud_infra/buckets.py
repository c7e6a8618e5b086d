"""The buckets that jobs may read from and write to: two parameters of the stack."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import CfnCondition, CfnParameter, Fn, Token
from constructs import Construct

from s3am_cloud import names


@dataclass(frozen=True)
class Buckets:
    """A set of buckets, given as ARNs by the parameter: as IAM resources for bucket and for object actions."""

    arns: list[str]
    object_arns: list[str]


def bucket_parameter(scope: Construct, name: str, purpose: str) -> Buckets:
    """The buckets named by the parameter `name`, whose description says that they are for `purpose`."""
    parameter = CfnParameter(
        scope,
        name,
        type="CommaDelimitedList",
        default=names.DEFAULT_BUCKETS,
        description=f"ARNs of the buckets that jobs may {purpose}, comma-separated; * stands for any characters",
    )
    given = parameter.value_as_list
    objects = Fn.split(",", Fn.join("", [Fn.join("/*,", given), "/*"]))
    # A parameter's default knows no partition, and IAM refuses the ARNs of another one.
    by_default = CfnCondition(
        scope, f"Default{name}", expression=Fn.condition_equals(Fn.join(",", given), names.DEFAULT_BUCKETS)
    )

    def chosen(default: str, given: list[str]) -> list[str]:
        own = Fn.sub(f"arn:${{AWS::Partition}}:s3:::{default}")
        return Token.as_list(Fn.condition_if(by_default.logical_id, [own], given))

    return Buckets(chosen(names.DEFAULT_PATTERN, given), chosen(f"{names.DEFAULT_PATTERN}/*", objects))


def destination_buckets(scope: Construct) -> Buckets:
    return bucket_parameter(scope, names.DESTINATION_BUCKETS, "write to")


def source_buckets(scope: Construct) -> Buckets:
    return bucket_parameter(scope, names.SOURCE_BUCKETS, "read from")
