"""The CDK's bootstrap that a deployment uses, and what an organization demands of deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from s3am_cloud.errors import Usage

if TYPE_CHECKING:
    from s3am_cloud_cli.deployment.account import Account

_USUAL = "CDKToolkit"


class Terms(NamedTuple):
    """On whose terms a stack is deployed or removed. `role_arn` is what CloudFormation acts as, `tags` are those of the
    stack and of all that is in it."""

    qualifier: str | None = None
    role_arn: str | None = None
    tags: dict[str, str] = {}  # noqa: RUF012  never changed

    @property
    def toolkit(self) -> str:
        """The name of the bootstrap's stack."""
        return _USUAL if self.qualifier is None else f"{_USUAL}-{self.qualifier}"

    @property
    def role(self) -> list[str]:
        """The option of all commands of the CDK's."""
        return [] if self.role_arn is None else ["--role-arn", self.role_arn]

    @property
    def toolkit_name(self) -> list[str]:
        """The option of those that look for the bootstrap by its name."""
        return [] if self.qualifier is None else ["--toolkit-stack-name", self.toolkit]


def bootstrap_arguments(terms: Terms, account: Account, boundary: str | None) -> list[str]:
    """The arguments of `cdk bootstrap` for a bootstrap of our own. `boundary` is the ARN of a managed policy.

    Raises Usage where there is a stack of that name, which is somebody else's to update.
    """
    if account.has_stack(terms.toolkit):
        raise Usage(
            f"the stack {terms.toolkit} in account {account.id}, region {account.region}, is not a bootstrap that "
            "this version can use; as others may use it, it is left as it is",
            "give --qualifier NAME for a bootstrap beside it, or have its owner run `cdk bootstrap`",
        )
    own = [] if terms.qualifier is None else ["--qualifier", terms.qualifier, *terms.toolkit_name]
    bound = [] if boundary is None else ["--custom-permissions-boundary", boundary.rpartition(":policy/")[2]]
    tags = [word for name, value in terms.tags.items() for word in ("--tags", f"{name}={value}")]
    return ["bootstrap", f"aws://{account.id}/{account.region}", *own, *bound, *terms.role, *tags]
