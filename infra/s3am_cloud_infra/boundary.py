"""The permissions boundary of the stack's roles: a parameter, for organizations that demand one."""

from __future__ import annotations

from aws_cdk import Aws, CfnCondition, CfnParameter, Fn, Stack, Token
from aws_cdk import aws_iam as iam

from s3am_cloud import names

_GIVEN = "BoundaryIsGiven"


def bound_roles(stack: Stack) -> None:
    """All roles that the stack has by now get the boundary that the parameter names, if it names one."""
    parameter = CfnParameter(
        stack,
        names.PERMISSIONS_BOUNDARY,
        default=names.NO_BOUNDARY,
        allowed_pattern="^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$",
        description=f"ARN of the managed policy that bounds the roles of this stack; {names.NO_BOUNDARY} for none",
    )
    given = Fn.condition_not(Fn.condition_equals(parameter.value_as_string, names.NO_BOUNDARY))
    CfnCondition(stack, _GIVEN, expression=given)
    chosen = Token.as_string(Fn.condition_if(_GIVEN, parameter.value_as_string, Aws.NO_VALUE))
    for each in stack.node.find_all():
        if isinstance(each, iam.CfnRole):
            each.permissions_boundary = chosen
