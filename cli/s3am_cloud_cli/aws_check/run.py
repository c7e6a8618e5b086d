"""Asks, deploys, checks each claim, and removes everything, whatever ends the run."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.answers import named_client
from s3am_cloud.amounts import price_text
from s3am_cloud.errors import TransferError
from s3am_cloud_cli.aws_check import limits_met, transfers_made
from s3am_cloud_cli.aws_check.bench import PREFIX, Bench, failure_text
from s3am_cloud_cli.aws_check.claims import Claim, ClaimFails, check_budget
from s3am_cloud_cli.aws_check.scratch import Scratch
from s3am_cloud_cli.aws_check.scratch_stack import deploy_scratch
from s3am_cloud_cli.aws_check.verdicts import Checked, Verdict
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.deployment.account import Account
from s3am_cloud_cli.deployment.prompts import agree
from s3am_cloud_client import Aws

CLAIMS: tuple[Claim, ...] = (*transfers_made.CLAIMS, *limits_met.CLAIMS)
MOST_DOLLARS = 1.00
DEPLOY = "deploy"


class CheckOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`on_stack` is a stack to check on; without it, one is deployed for this run and removed."""

    max_cost: float = MOST_DOLLARS
    yes: bool = False
    on_stack: str | None = None


def check_aws(options: CheckOptions, aws: Aws, console: Console, claims: Sequence[Claim] = CLAIMS) -> Checked:
    """Raises TooExpensive and Usage before anything is made, and what a deployment does after it was removed again."""
    dollars = check_budget(claims, options.max_cost)
    access = S3Access(aws.settings())
    account = Account(access)
    scratch = Scratch(console.note)
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        stack = options.on_stack or f"S3amCheck{int(time.time()):x}"
        bench = Bench(access, aws, stack, options.on_stack is None, scratch, Path(folder))
        agree(_question(account, bench, dollars), options.yes)
        first = [_deployment(account, console)] if bench.own_stack else []
        try:
            verdicts, interrupted = judged_all([*first, *claims], bench, console.note)
        finally:
            left = scratch.remove_all()
    return Checked(
        account=account.id,
        region=bench.region,
        stack=stack,
        dollars=dollars,
        verdicts=verdicts,
        left=left,
        interrupted=interrupted,
    )


def judged_all(claims: Sequence[Claim], bench: Bench, note: Callable[[str], None]) -> tuple[tuple[Verdict, ...], bool]:
    """The verdicts, and whether the run was interrupted. Without its stack, nothing else can be checked."""
    verdicts: list[Verdict] = []
    interrupted = False
    try:
        for claim in claims:
            verdicts.append(judged(claim, bench, note))
            if claim.name == DEPLOY and verdicts[-1].state == "fails":
                break
    except KeyboardInterrupt:
        note("interrupted: everything that was made is removed now")
        interrupted = True
    rest = claims[len(verdicts) :]
    return (*verdicts, *map(_not_reached, rest)), interrupted


def judged(claim: Claim, bench: Bench, note: Callable[[str], None]) -> Verdict:
    """A claim that fails does not keep the others from being checked."""
    why = claim.why_skipped(bench)
    if why is not None:
        return Verdict(claim=claim.name, text=claim.text, state="skipped", message=why)
    note(f"checking: {claim.text}")
    began = time.monotonic()
    holds, message = _outcome(claim, bench)
    return Verdict(
        claim=claim.name,
        text=claim.text,
        state="holds" if holds else "fails",
        message=message,
        seconds=round(time.monotonic() - began, 1),
    )


def _outcome(claim: Claim, bench: Bench) -> tuple[bool, str]:
    try:
        return True, claim.check(bench)
    except ClaimFails as error:
        return False, str(error)
    except TransferError as error:
        return False, failure_text(error)
    except (ClientError, BotoCoreError) as error:
        return False, failure_text(named_client(error, claim.name))


def _question(account: Account, bench: Bench, dollars: float) -> str:
    stack = f"the stack {bench.stack}, CDKToolkit if there is none, " if bench.own_stack else ""
    return (
        f"Make {stack}buckets named {PREFIX}{bench.id}-* and a KMS key in account {account.id}, region {bench.region}, "
        f"transfer objects for about {price_text(dollars)}, and remove everything again?"
    )


def _deployment(account: Account, console: Console) -> Claim:
    """The stack of this run, which all else needs."""
    return Claim(
        name=DEPLOY,
        text="deploy makes a stack, and destroy removes it",
        check=lambda bench: deploy_scratch(bench, account, console),
        dollars=0.0,
    )


def _not_reached(claim: Claim) -> Verdict:
    return Verdict(claim=claim.name, text=claim.text, state="not reached", message="the run ended before")
