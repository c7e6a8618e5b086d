"""Deploy a synthesized stack on the emulator as it is deployed on AWS: assets to S3, template to CloudFormation."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from s3am_cloud_cli.local_cloud import aws
from s3am_cloud_cli.local_cloud.failures import LocalCloudFailed

if TYPE_CHECKING:
    from s3am_cloud_infra.synth import Synthesized, ZippedAsset

DEPLOY_SECONDS = 60.0
POLL_SECONDS = 0.1
BUCKET = "s3am-cloud-assets"  # not the CDK's own, which its bootstrap has to create for `deploy --local`
TEMPLATE_KEY = "template.json"

Step = Callable[[str], None]


def deploy(built: Synthesized, cloud: aws.Reachable, on_step: Step) -> dict[str, str]:
    """Deploy the stack, or update it where it is already; the stack's outputs by name.

    Raises LocalCloudFailed with CloudFormation's reasons.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return _deploy(built, cloud, on_step)
    except (BotoCoreError, ClientError) as error:
        raise LocalCloudFailed(f"the stack could not be deployed: {error}") from error


def _deploy(built: Synthesized, cloud: aws.Reachable, on_step: Step) -> dict[str, str]:
    from s3am_cloud_infra.plain import plain_template

    on_step("uploading the functions' code")
    store = aws.client("s3", cloud)
    [code] = built.assets
    _put_once(store, code)
    store.put_object(Bucket=BUCKET, Key=TEMPLATE_KEY, Body=plain_template(built.template, BUCKET, code.key))
    on_step(f"deploying the stack {built.stack_name} through CloudFormation")
    cloudformation = aws.client("cloudformation", cloud)
    _create_or_update(cloudformation, built.stack_name, f"{cloud.endpoint_url}/{BUCKET}/{TEMPLATE_KEY}")
    return _outputs(_wait(cloudformation, built.stack_name))


def _put_once(store: Any, asset: ZippedAsset) -> None:
    """Assets are named by their content: what is there needs no second upload."""
    store.create_bucket(Bucket=BUCKET)
    if not store.list_objects_v2(Bucket=BUCKET, Prefix=asset.key).get("KeyCount"):
        store.put_object(Bucket=BUCKET, Key=asset.key, Body=asset.zip.read_bytes())


def _create_or_update(cloudformation: Any, stack: str, template: str) -> None:
    request = {
        "StackName": stack,
        "TemplateURL": template,
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    }
    if not _exists(cloudformation, stack):
        cloudformation.create_stack(**request)
        return
    try:
        cloudformation.update_stack(**request)
    except cloudformation.exceptions.ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise


def _exists(cloudformation: Any, stack: str) -> bool:
    stacks = cloudformation.list_stacks()["StackSummaries"]
    return any(each["StackName"] == stack and each["StackStatus"] != "DELETE_COMPLETE" for each in stacks)


def _wait(cloudformation: Any, stack: str) -> Mapping[str, Any]:
    deadline = time.monotonic() + DEPLOY_SECONDS
    while time.monotonic() < deadline:
        (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        status = found["StackStatus"]
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            description: Mapping[str, Any] = found
            return description
        if "FAILED" in status or "ROLLBACK" in status:
            raise LocalCloudFailed(f"CloudFormation could not deploy the stack: {_reasons(cloudformation, stack)}")
        time.sleep(POLL_SECONDS)
    raise LocalCloudFailed(f"CloudFormation did not deploy the stack within {DEPLOY_SECONDS:.0f} s")


def _reasons(cloudformation: Any, stack: str) -> str:
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    failed = [event for event in reversed(events) if event["ResourceStatus"].endswith("_FAILED")]
    reasons = [f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason')}" for event in failed]
    return "; ".join(reasons) or "no reason given"


def _outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
