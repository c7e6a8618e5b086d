"""The CDK's bootstrap that a deployment uses: its own, and never one of somebody else's."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from s3am_cloud import names
from s3am_cloud.adapters.s3.access import S3Settings
from s3am_cloud.errors import BadIngest, Usage
from s3am_cloud.ingest.file import parse_ingest
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.deployment import destroy as destroying
from s3am_cloud_cli.deployment.account import Account, DeployedStack
from s3am_cloud_cli.deployment.cdk import Cdk
from s3am_cloud_cli.deployment.deploy import Site, deploy
from s3am_cloud_cli.deployment.destroy import Consent
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


ROLE = "arn:aws:iam::123456789012:role/deployer"


class NewAccount(Somewhere):
    """Without a bootstrap and without the stack until the CDK's command has been asked to deploy it."""

    user, partition = "arn:aws:iam::123456789012:user/ann", "aws"

    def __init__(self, cdk: RecordingCdk) -> None:
        super().__init__()
        self._cdk = cdk

    def is_bootstrapped(self, needed: object) -> bool:
        return False

    def client(self, service: str) -> Any:
        limit = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}
        return SimpleNamespace(get_account_settings=lambda: {"AccountLimit": limit})

    def stack(self, name: str) -> DeployedStack | None:
        outputs = dict.fromkeys(names.OUTPUTS, "x")
        return DeployedStack("CREATE_COMPLETE", {}, outputs) if "deploy" in self._cdk.commands else None


class RecordingCdk:
    """The CDK's command, which does nothing but remember how it was called."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, ...]] = []

    @property
    def commands(self) -> list[str]:
        return [run[0] for run in self.runs]

    def run(self, *arguments: str) -> str:
        self.runs.append(arguments)
        return ""


@pytest.mark.parametrize("role", [ROLE, None])
def test_cloudformation_acts_as_the_given_role_in_all_of_a_deployment(role: str | None, tmp_path: Path) -> None:
    """In the bootstrap, the change set that shows the differences, and the deployment itself."""
    (tmp_path / "S3amCloud.template.json").write_text('{"Resources": {}}')
    needed = {"bootstrapStackVersionSsmParameter": "/cdk", "requiresBootstrapStackVersion": 6}
    manifest = {"artifacts": {"S3amCloud": {"properties": needed}}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    cdk = RecordingCdk()
    site = Site(
        "S3amCloud", None, cast("Account", NewAccount(cdk)), cast("Cdk", cdk), tmp_path, terms=Terms(None, role)
    )
    deploy(site, Wanted(), True, Console())
    assert cdk.commands == ["diff", "bootstrap", "deploy"]
    given = [dict(itertools.pairwise(run)).get("--role-arn") for run in cdk.runs]
    assert given == [role] * 3


def test_cloudformation_acts_as_the_given_role_when_it_removes_a_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    cdk = RecordingCdk()
    stands = DeployedStack("CREATE_COMPLETE", {}, dict.fromkeys(names.OUTPUTS, "x"))
    where = SimpleNamespace(id="1", region="r", user="u", stack=lambda name: stands, resources=lambda name: [])
    nothing = SimpleNamespace(running=list, uploads=list, empty=lambda: False)
    monkeypatch.setattr(destroying, "Account", lambda access: where)
    monkeypatch.setattr(destroying, "Leftovers", lambda *given: nothing)
    monkeypatch.setattr(destroying, "_cdk", lambda *given: cdk)
    destroying.destroy(S3Settings(), "S3amCloud", Consent(False, True), Terms(None, ROLE), Console())
    assert [(run[0], dict(itertools.pairwise(run))["--role-arn"]) for run in cdk.runs] == [("destroy", ROLE)]
