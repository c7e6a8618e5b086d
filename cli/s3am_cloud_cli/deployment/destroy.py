"""Remove the stack: show what goes and what stays, ask, do it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.command_lines import command_line
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.deployment.account import Account, Resource
from s3am_cloud_cli.deployment.cdk import Cdk, cdk_script
from s3am_cloud_cli.deployment.failures import DeployFailed
from s3am_cloud_cli.deployment.leftovers import Leftovers, LeftUpload
from s3am_cloud_cli.deployment.prompts import agree
from s3am_cloud_cli.deployment.synthesis import empty_assembly
from s3am_cloud_cli.deployment.toolkit import Terms

_BUCKET, _MACHINE = "AWS::S3::Bucket", "AWS::StepFunctions::StateMachine"
_ATTEMPTS = 3  # the janitor may write one more report into the work bucket after it was emptied


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """How a stack was removed; without `removed` there was none. `left_uploads` are still stored, and paid for."""

    stack: str
    account: str
    region: str
    removed: bool
    resources: int = 0
    stopped_jobs: int = 0
    aborted_uploads: int = 0
    left_uploads: list[str] = []


class Consent(NamedTuple):
    """What the user agrees to beforehand."""

    abort_uploads: bool
    yes: bool


def destroy(settings: S3Settings, stack: str, consent: Consent, terms: Terms, console: Console) -> Removal:
    """Removes the stack with its work bucket, in which are the records of its jobs. Nothing else is touched.

    Raises:
        NoCredentials, AccessDenied, StoreUnavailable: AWS can't be asked.
        NoStack: the stack of this name is not one of s3am-cloud's.
        Usage: without a terminal and without consent, after it was shown what would go.
        DeployFailed: the CDK's command could not remove it.
    """
    access = S3Access(settings)
    account = Account(access)
    console.note(f"account {account.id}, region {account.region}, as {account.user}")
    if account.stack(stack) is None:
        return Removal(stack=stack, account=account.id, region=account.region, removed=False)
    resources = account.resources(stack)
    named = {each.kind: each.name for each in resources if each.name}
    jobs = Leftovers(access, account, named.get(_BUCKET), named.get(_MACHINE))
    running, uploads = jobs.running(), jobs.uploads()
    _show(resources, running, uploads, consent.abort_uploads, console)
    agree(f"Destroy the stack {stack} in account {account.id}, region {account.region}?", consent.yes)
    cdk = _cdk(stack, account, terms, console)
    if running:
        jobs.stop(running)
        uploads = jobs.uploads()
    left = jobs.abort(uploads) if consent.abort_uploads else uploads
    _remove([stack, "--force", *terms.role], cdk, jobs, console)
    return Removal(
        stack=stack,
        account=account.id,
        region=account.region,
        removed=True,
        resources=len(resources),
        stopped_jobs=len(running),
        aborted_uploads=len(uploads) - len(left),
        left_uploads=sorted({each.url for each in left}),
    )


def removal_text(done: Removal) -> list[str]:
    if not done.removed:
        return [f"there is no stack {done.stack} in account {done.account}, region {done.region}"]
    lines = [f"stack {done.stack} is gone from account {done.account}, region {done.region}"]
    if done.aborted_uploads:
        lines.append(f"{done.aborted_uploads} unfinished uploads aborted")
    lines += [f"unfinished upload left, which costs: {command_line('cancel', url)}" for url in done.left_uploads]
    return lines


def _show(
    resources: Sequence[Resource],
    running: Sequence[str],
    uploads: Sequence[LeftUpload],
    abort_uploads: bool,
    console: Console,
) -> None:
    for each in sorted(resources, key=lambda each: each.kind):
        console.note(f"[-] {each.kind} {each.name}")
    console.note("The records of all jobs go with the work bucket; transferred objects stay.")
    console.note("KMS deletes the key in 30 days. The CDK's stack CDKToolkit stays: others may use it.")
    if running:
        names = ", ".join(arn.rpartition(":")[2] for arn in running)
        console.note(f"warning: running jobs, which will be stopped: {names}")
    for left in uploads:
        fate = "will be aborted" if abort_uploads else "stays, and costs; --abort-uploads aborts it"
        console.note(f"warning: the unfinished upload of {left.url} (job {left.job}) {fate}")


def _cdk(stack: str, account: Account, terms: Terms, console: Console) -> Cdk:
    from s3am_cloud_infra.asset import default_cache

    cache: Path = default_cache().parent
    script = cdk_script(cache, console)
    return Cdk(script, empty_assembly(stack, terms.qualifier, console), account, console)


def _remove(arguments: Sequence[str], cdk: Cdk, jobs: Leftovers, console: Console) -> None:
    console.resume_hint = "CloudFormation continues what it has begun; run the command again to see how it ended"
    for attempt in range(_ATTEMPTS):
        jobs.empty()
        try:
            cdk.run("destroy", *arguments)
        except DeployFailed:
            if attempt == _ATTEMPTS - 1 or not jobs.empty():
                raise
        else:
            return
