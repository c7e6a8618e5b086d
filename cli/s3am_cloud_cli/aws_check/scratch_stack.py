"""The stack of a run, and the CDK's own where the account had none: deployed, and removed again."""

from __future__ import annotations

from typing import Any, Final

from botocore.exceptions import ClientError

from s3am_cloud.adapters.s3.answers import code_of, naming
from s3am_cloud.command_lines import command_line
from s3am_cloud_cli.aws_check.bench import Bench, remove_bucket
from s3am_cloud_cli.aws_check.scratch import Made, Order
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.deployment.account import Account

TOOLKIT: Final = "CDKToolkit"
_BUCKET: Final = "AWS::S3::Bucket"


def deploy_scratch(bench: Bench, account: Account, console: Console) -> str:
    from s3am_cloud.ingest.rules import Ingest
    from s3am_cloud_cli.deployment.deploy import Content, deploy, open_site
    from s3am_cloud_cli.deployment.destroy import Consent, destroy
    from s3am_cloud_cli.deployment.parameters import Wanted
    from s3am_cloud_cli.deployment.toolkit import Terms
    from s3am_cloud_infra.asset import AWS, Target

    settings, cloudformation = bench.aws.settings(), account.client("cloudformation")
    had_toolkit = _exists(cloudformation, TOOLKIT)
    if not had_toolkit:
        bench.scratch.add(
            Made(
                Order.TOOLKIT,
                f"stack {TOOLKIT}",
                lambda: _remove_toolkit(account, bench.client("s3")),
                f"aws cloudformation delete-stack --stack-name {TOOLKIT}, then its bucket",
            )
        )

    def remove() -> None:
        destroy(settings, bench.stack, Consent(abort_uploads=True, yes=True), Terms(), console)

    by_hand = command_line("destroy", "--abort-uploads", "--stack", bench.stack)
    bench.scratch.add(
        Made(
            Order.STACK,
            f"stack {bench.stack}",
            remove,
            by_hand,
        )
    )
    content = Content(AWS if bench.at_aws else Target.here(), Ingest())
    site = open_site(settings, bench.stack, content, Terms(), console)
    # The limit of workers is a claim of its own to check, so that none is reserved here.
    deploy(site, Wanted(max_workers=0, bucket_key=(bench.key(),)), True, console)
    kept = f"; the bucket of {TOOLKIT} keeps its code" if had_toolkit else ""
    return f"stack {bench.stack}{kept}"


def _exists(cloudformation: Any, stack: str) -> bool:
    with naming(f"stack {stack}"):
        try:
            cloudformation.describe_stacks(StackName=stack)
        except ClientError as error:
            if code_of(error) == "ValidationError":
                return False
            raise
    return True


def _remove_toolkit(account: Account, s3: Any) -> None:
    """With its bucket, which CloudFormation leaves. Quiet where it was never made."""
    cloudformation = account.client("cloudformation")
    if not _exists(cloudformation, TOOLKIT):
        return
    names = [each.name for each in account.resources(TOOLKIT) if each.kind == _BUCKET and each.name]
    for name in names:
        remove_bucket(s3, name)
    with naming(f"stack {TOOLKIT}"):
        cloudformation.delete_stack(StackName=TOOLKIT)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=TOOLKIT)
