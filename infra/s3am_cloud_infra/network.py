"""The network that the functions are in: two parameters of the stack. Without them it is Lambda's own."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import CfnCondition, CfnParameter, Fn
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from s3am_cloud import names
from s3am_cloud_infra.functions import Handler

_INSIDE = "InSubnets"
# What Lambda does in the role's name to reach a network; none of it knows a resource that could be named beforehand
# (Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC").
_RIGHTS = {
    "PolicyName": "Interfaces",
    "PolicyDocument": {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [
                    "ec2:CreateNetworkInterface",
                    "ec2:DeleteNetworkInterface",
                    "ec2:DescribeNetworkInterfaces",
                    "ec2:DescribeSubnets",
                ],
                "Resource": "*",
            }
        ],
    },
}
_CHOSEN = {
    "SubnetIds": {"Fn::Split": [",", {"Ref": names.SUBNETS}]},
    "SecurityGroupIds": {"Fn::Split": [",", {"Ref": names.SECURITY_GROUPS}]},
}


class Network(Construct):
    """Puts functions into the subnets that the parameters name, with the rights that Lambda needs for it."""

    def __init__(self, scope: Construct, construct_id: str, *, handlers: Sequence[Handler]) -> None:
        super().__init__(scope, construct_id)
        subnets = _ids(scope, names.SUBNETS, names.NO_SUBNETS, "Subnets that the functions are in")
        _ids(scope, names.SECURITY_GROUPS, names.NO_SECURITY_GROUPS, "Security groups of the functions there")
        CfnCondition(
            scope,
            _INSIDE,
            expression=Fn.condition_not(Fn.condition_equals(subnets.value_as_string, names.NO_SUBNETS)),
        )
        for handler in handlers:
            raw = handler.function.node.default_child
            assert isinstance(raw, lambda_.CfnFunction)
            raw.add_property_override("VpcConfig", _if_inside(_CHOSEN))
            role = handler.role.node.default_child
            assert isinstance(role, iam.CfnRole)
            # In the role itself, behind the rights that it has anyway: Lambda checks these when the function is made.
            role.add_property_override("Policies.1", _if_inside(_RIGHTS))


def _if_inside(value: object) -> dict[str, object]:
    return {"Fn::If": [_INSIDE, value, {"Ref": "AWS::NoValue"}]}


def _ids(scope: Construct, name: str, none: str, description: str) -> CfnParameter:
    one = f"{none.split('-', maxsplit=1)[0]}-[0-9a-f]+"
    return CfnParameter(
        scope, name, default=none, allowed_pattern=f"^{one}(,{one})*$", description=f"{description}; {none} for none"
    )
