"""The accounts whose buckets jobs may use: the stack's own, and those that a parameter names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aws_cdk import Aws, CfnCondition, CfnParameter, Fn, Token
from constructs import Construct

from s3am_cloud import names

_KEY: Final = "aws:ResourceAccount"

_OTHERS = "OtherAccounts"
_ID = "[0-9]{12}"


@dataclass(frozen=True)
class Accounts:
    """`ids` is a list that only the deployment knows, `variable` says the same to a function."""

    ids: list[str]
    variable: dict[str, str]

    @property
    def condition(self) -> dict[str, object]:
        """For statements about buckets: of these accounts only, whoever has taken a bucket's name."""
        return {"StringEquals": {_KEY: self.ids}}


def own_buckets() -> dict[str, object]:
    """The condition for what is the stack's own, whatever else is allowed."""
    return {"StringEquals": {_KEY: Aws.ACCOUNT_ID}}


def allowed_accounts(scope: Construct) -> Accounts:
    parameter = CfnParameter(
        scope,
        names.ALLOWED_ACCOUNTS,
        default="",
        allowed_pattern=rf"^({_ID}(,{_ID})*)?$",
        constraint_description="ids of accounts, 12 digits each, comma-separated, without spaces",
        description="Other accounts whose buckets jobs may use, comma-separated; nothing for this account alone",
    )
    others = CfnCondition(
        scope, _OTHERS, expression=Fn.condition_not(Fn.condition_equals(parameter.value_as_string, ""))
    )
    joined = Fn.sub(f"${{AWS::AccountId}},${{{names.ALLOWED_ACCOUNTS}}}")
    ids = Fn.condition_if(others.logical_id, Fn.split(",", joined), [Aws.ACCOUNT_ID])
    return Accounts(Token.as_list(ids), {names.ACCOUNTS_VARIABLE: joined})
