"""The CDK's bootstrap that a deployment uses: its own, and never one of somebody else's."""

from __future__ import annotations

from typing import Any, cast

import pytest

from s3am_cloud import names
from s3am_cloud.errors import BadIngest, Usage
from s3am_cloud.ingest.file import parse_ingest
from s3am_cloud_cli.deployment.account import Account
from s3am_cloud_cli.deployment.network import network_text
from s3am_cloud_cli.deployment.parameters import Wanted, boundary_of
from s3am_cloud_cli.deployment.scope import refuse_other_regions
from s3am_cloud_cli.deployment.toolkit import Terms, bootstrap_arguments

BOUNDARY = "arn:aws:iam::123456789012:policy/lab/bounds"


class Somewhere:
    """An account with these stacks, and with a bucket of that name in another region."""

    id, region = "123456789012", "eu-west-1"

    def __init__(self, *stacks: str) -> None:
        self._stacks = stacks

    def has_stack(self, name: str) -> bool:
        return name in self._stacks

    def bucket_region(self, bucket: str) -> str | None:
        return {"far": "us-east-1", "near": "eu-west-1"}.get(bucket)


def account(*stacks: str) -> Account:
    return cast("Account", Somewhere(*stacks))


def test_an_account_without_a_bootstrap_gets_one_on_the_given_terms() -> None:
    assert bootstrap_arguments(Terms(), account(), None) == ["bootstrap", "aws://123456789012/eu-west-1"]
    terms = Terms("lab", "arn:aws:iam::123456789012:role/deployer", {"cost": "42"})
    assert bootstrap_arguments(terms, account("CDKToolkit"), BOUNDARY)[2:] == [
        *("--qualifier", "lab", "--toolkit-stack-name", "CDKToolkit-lab"),
        *("--custom-permissions-boundary", "lab/bounds"),
        *("--role-arn", "arn:aws:iam::123456789012:role/deployer"),
        *("--tags", "cost=42"),
    ]


@pytest.mark.parametrize(("terms", "toolkit"), [(Terms(), "CDKToolkit"), (Terms("lab"), "CDKToolkit-lab")])
def test_a_bootstrap_of_somebody_else_is_left_as_it_is(terms: Terms, toolkit: str) -> None:
    with pytest.raises(Usage, match=f"the stack {toolkit} .* is left as it is") as refused:
        bootstrap_arguments(terms, account(toolkit), None)
    assert "--qualifier" in refused.value.hint


def test_a_boundary_is_given_by_name_or_arn_and_taken_back_by_none() -> None:
    def parameter(value: str) -> str:
        return Wanted(permissions_boundary=value).parameters("aws-cn", "123456789012")[names.PERMISSIONS_BOUNDARY]

    assert parameter("lab/bounds") == "arn:aws-cn:iam::123456789012:policy/lab/bounds"
    assert parameter(BOUNDARY) == BOUNDARY
    assert boundary_of(parameter("none")) is None
    with pytest.raises(Usage, match="managed policy"):
        parameter("a b")


def test_subnets_come_with_security_groups_and_with_what_they_cost() -> None:
    given = Wanted(subnet=("subnet-1", "subnet-2"), security_group=("sg-1",)).parameters("aws")
    assert (given[names.SUBNETS], given[names.SECURITY_GROUPS]) == ("subnet-1,subnet-2", "sg-1")
    [text] = network_text(given)
    assert "$33 a month" in text
    assert "$45 for a TB" in text
    assert network_text(Wanted(subnet=("none",), security_group=("none",)).parameters("aws")) == []
    assert network_text({}) == []
    for wanted in (Wanted(subnet=("subnet-1",)), Wanted(security_group=("sg-1",))):
        with pytest.raises(Usage, match="belong together"):
            wanted.parameters("aws")
    with pytest.raises(Usage, match="not the id"):
        Wanted(subnet=("vpc-1",), security_group=("sg-1",)).parameters("aws")


def test_a_route_from_a_bucket_in_another_region_is_refused_by_name() -> None:
    def ingest(bucket: str) -> Any:
        route = f'[[route]]\nname = "runs"\nsource = "s3://{bucket}/in/"\ndestination = "s3://archive/{{key}}"'
        return parse_ingest(route)

    with pytest.raises(BadIngest, match="runs: the bucket far is in region us-east-1, and the stack in eu-west-1"):
        refuse_other_regions(ingest("far"), account())
    refuse_other_regions(ingest("near"), account())
    refuse_other_regions(ingest("unseen"), account())
