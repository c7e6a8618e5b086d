"""Deploy the stack: look, show what would change, ask, do it, and report what was deployed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from s3am_cloud import names
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.amounts import price_text
from s3am_cloud.bucket_patterns import bucket_of
from s3am_cloud.costs.storage import RestingCost, resting_cost
from s3am_cloud.ingest.rules import Ingest
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.deployment.account import Account, DeployedStack
from s3am_cloud_cli.deployment.cdk import Cdk, cdk_script
from s3am_cloud_cli.deployment.failures import DeployFailed
from s3am_cloud_cli.deployment.network import network_text
from s3am_cloud_cli.deployment.parameters import Wanted, boundary_of, check_partition, parameter_changes
from s3am_cloud_cli.deployment.prompts import agree
from s3am_cloud_cli.deployment.quotas import lambda_quota, worker_limit
from s3am_cloud_cli.deployment.role_policies import check_role_policies
from s3am_cloud_cli.deployment.scope import (
    refuse_other_regions,
    refuse_unreachable,
    refuse_work_bucket,
    silent_buckets,
    switch_on,
)
from s3am_cloud_cli.deployment.synthesis import assembly, functions_code
from s3am_cloud_cli.deployment.toolkit import Terms, bootstrap_arguments
from s3am_cloud_cli.deployment.unfinished_rules import keeping_buckets, recommended_rule

if TYPE_CHECKING:
    from s3am_cloud_infra.asset import Target

_DIFFERENCES = re.compile(r"Number of stacks with differences: (\d+)")


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """A deployed stack. `changed` says whether this run had anything to do."""

    stack: str
    account: str
    region: str
    changed: bool
    state_machine_arn: str
    work_bucket: str
    event_bus: str
    source_buckets: list[str]
    destination_buckets: list[str]
    allowed_hosts: list[str]
    max_workers: int

    def outputs(self) -> dict[str, str]:
        """Under the names that the stack gives them."""
        return {
            names.STATE_MACHINE_ARN: self.state_machine_arn,
            names.WORK_BUCKET: self.work_bucket,
            names.EVENT_BUS: self.event_bus,
        }


class Site(NamedTuple):
    """What a run of the CDK's command is about: which stack, in which account, through which command."""

    stack: str
    before: DeployedStack | None
    account: Account
    cdk: Cdk
    assembly: Path
    ingest: Ingest = Ingest()
    terms: Terms = Terms()

    @property
    def old_parameters(self) -> dict[str, str]:
        return self.before.parameters if self.before else {}

    @property
    def tags(self) -> dict[str, str]:
        """The stack's tags after the deployment: those that it has and those that were given."""
        return {**(self.before.tags if self.before else {}), **self.terms.tags}


class Content(NamedTuple):
    """What the functions run, and what comes in by itself."""

    target: Target
    ingest: Ingest


def open_site(settings: S3Settings, stack: str, content: Content, terms: Terms, console: Console) -> Site:
    """Everything in place for a deployment. Raises NoCredentials, AccessDenied, NoStack, MissingExtra, DeployFailed."""
    from s3am_cloud_infra.asset import default_cache

    account = Account(S3Access(settings))
    console.note(f"account {account.id}, region {account.region}, as {account.user}")
    before = account.stack(stack)
    script = cdk_script(default_cache().parent, console)
    made = assembly(functions_code(content.target, console), stack, terms.qualifier, content.ingest, console)
    return Site(stack, before, account, Cdk(script, made, account, console), made, content.ingest, terms)


def deploy(site: Site, wanted: Wanted, yes: bool, console: Console) -> Deployment:
    """Deploys the stack unless it is there already as requested. What was given earlier and isn't now stays.

    Raises Usage without a terminal and without `yes`, after the changes were shown.
    """
    from s3am_cloud_infra.assembly import needed_bootstrap, resource_counts

    console.resume_hint = "CloudFormation continues what it has begun; run the command again to see how it ended"
    account = site.account
    parameters = _with_workers(wanted.parameters(account.partition, account.id), site, console)
    check_partition(parameters, account.partition)
    refuse_unreachable(site.ingest, parameters, site.old_parameters)
    refuse_work_bucket(site.ingest, site.before.outputs.get(names.WORK_BUCKET) if site.before else None)
    refuse_other_regions(site.ingest, account)
    _check_policies(site, parameters)
    for bucket in silent_buckets(site.ingest, site.account):
        console.note(switch_on(bucket))
    for keeping in keeping_buckets(_destinations(parameters, site), site.account):
        console.note(recommended_rule(keeping))
    ready = account.is_bootstrapped(needed_bootstrap(site.assembly, site.stack))
    boundary = {**site.old_parameters, **parameters}.get(names.PERMISSIONS_BOUNDARY)
    bootstrap = [] if ready else bootstrap_arguments(site.terms, account, boundary_of(boundary))
    if not _changes(site, parameters, console) and site.before is not None and site.before.stands:
        return _described(site, site.before, changed=False)
    if not ready:
        known = {"account": account.id, "region": account.region, "toolkit": site.terms.toolkit}
        console.note([line.format(**known) for line in _BOOTSTRAP])
    console.note(resting_text(resting_cost(resource_counts(site.assembly, site.stack))))
    console.note(network_text({**site.old_parameters, **parameters}))
    agree(f"Deploy the stack {site.stack} to account {account.id}, region {account.region}?", yes)
    if not ready:
        site.cdk.run(*bootstrap)
    site.cdk.run("deploy", site.stack, *_deploy_options(site, parameters))
    after = site.account.stack(site.stack)
    if after is None:
        raise DeployFailed(f"the stack {site.stack} is not there after its deployment")
    return _described(site, after, changed=True)


def _deploy_options(site: Site, parameters: dict[str, str]) -> list[str]:
    given = [word for name, value in parameters.items() for word in ("--parameters", f"{name}={value}")]
    tags = [word for name, value in site.tags.items() for word in ("--tags", f"{name}={value}")]
    shown = ["--require-approval", "never", "--progress", "events"]
    return [*shown, *given, *tags, *site.terms.role, *site.terms.toolkit_name]


def _check_policies(site: Site, parameters: dict[str, str]) -> None:
    """Raises Usage where IAM would refuse a role's policies in the midst of the deployment."""
    template = json.loads((site.assembly / f"{site.stack}.template.json").read_text(encoding="utf-8"))
    account = site.account
    places = {"AWS::Partition": account.partition, "AWS::AccountId": account.id, "AWS::Region": account.region}
    check_role_policies(template, {**site.old_parameters, **parameters, **places})


def _destinations(parameters: dict[str, str], site: Site) -> list[str]:
    """The ARNs of the buckets that the stack's jobs will be allowed to write to."""
    before = site.before.parameters if site.before else {}
    return (parameters.get(names.DESTINATION_BUCKETS) or before.get(names.DESTINATION_BUCKETS, "")).split(",")


def _with_workers(given: dict[str, str], site: Site, console: Console) -> dict[str, str]:
    """The parameters with those that limit workers by the account's quota. Raises Usage."""
    before = site.before.parameters if site.before else {}
    limit = worker_limit(given.get(names.MAX_WORKERS), before, lambda_quota(site.account), site.account.region)
    console.note(limit.notes)
    return {**given, **limit.parameters}


_BOOTSTRAP = (
    "account {account} has no CDK bootstrap, or an old one, in region {region}. `cdk bootstrap` makes it first:",
    "a stack {toolkit} with a bucket for code and templates, and the roles of deployments. One may do anything",
)


def resting_text(cost: RestingCost) -> str:
    """What the stack costs while no job runs."""
    return (
        f"while no job runs, the stack costs about {price_text(cost.always)} a month: {price_text(cost.keys)} for its "
        f"KMS key, {price_text(cost.alarms)} for its alarms; {price_text(cost.dashboards)} more for its dashboard if "
        f"the account has three others, and up to {price_text(cost.metrics)} for metrics in a month with jobs"
    )


def _changes(site: Site, parameters: dict[str, str], console: Console) -> bool:
    """Shows all that a deployment would change; whether that is anything.

    Only a change set shows what would be replaced, but for a stack that isn't there it would leave an empty one.
    """
    before = site.before
    method = "auto" if before is not None and before.stands else "template"
    said = site.cdk.run("diff", site.stack, "--method", method, *site.terms.role)
    changed = parameter_changes(before.parameters if before else {}, parameters)
    for name, (old, new) in changed.items():
        console.note(f"[~] Parameter {name}: {old or '(default)'} -> {new or '(every host)'}")
    retagged = before is not None and site.tags != before.tags
    if retagged:
        console.note(f"[~] Tags: {', '.join(f'{name}={value}' for name, value in site.tags.items())}")
    found = _DIFFERENCES.search(said)
    return bool(changed) or retagged or found is None or found[1] != "0"


def _described(site: Site, stack: DeployedStack, changed: bool) -> Deployment:
    def values(name: str) -> list[str]:
        return [value for value in stack.parameters.get(name, "").split(",") if value]

    return Deployment(
        stack=site.stack,
        account=site.account.id,
        region=site.account.region,
        changed=changed,
        state_machine_arn=stack.outputs[names.STATE_MACHINE_ARN],
        work_bucket=stack.outputs[names.WORK_BUCKET],
        event_bus=stack.outputs[names.EVENT_BUS],
        source_buckets=[bucket_of(arn) for arn in values(names.SOURCE_BUCKETS)],
        destination_buckets=[bucket_of(arn) for arn in values(names.DESTINATION_BUCKETS)],
        allowed_hosts=values(names.ALLOWED_HOSTS),
        max_workers=int(stack.parameters.get(names.MAX_WORKERS, "0")),
    )


def deployment_text(done: Deployment, next_command: str) -> list[str]:
    head = "deployed" if done.changed else "no changes"
    rows = {
        "account": f"{done.account}, {done.region}",
        "state machine": done.state_machine_arn,
        "work bucket": done.work_bucket,
        "event bus": done.event_bus,
        "reads from": ", ".join(done.source_buckets),
        "writes to": ", ".join(done.destination_buckets),
        "fetches from": ", ".join(done.allowed_hosts) or "every public host",
        "workers": f"at most {done.max_workers} at once" if done.max_workers else "any number",
    }
    lines = [f"stack {done.stack}: {head}", *(f"{name:<14} {value}" for name, value in rows.items())]
    return [*lines, f"next: {next_command}"]
