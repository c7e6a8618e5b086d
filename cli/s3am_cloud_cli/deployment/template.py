"""The stack as a plain CloudFormation template in a bucket, for those who deploy without the CDK."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import msgspec

from s3am_cloud import names
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.answers import naming
from s3am_cloud.adapters.s3.signer import object_url
from s3am_cloud.command_lines import shell_word
from s3am_cloud.urls import S3Url
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.deployment.account import Account
from s3am_cloud_cli.deployment.deploy import Content
from s3am_cloud_cli.deployment.parameters import Wanted, check_partition
from s3am_cloud_cli.deployment.quotas import Quota, lambda_quota, worker_limit
from s3am_cloud_cli.deployment.role_policies import check_role_policies
from s3am_cloud_cli.deployment.scope import refuse_unreachable
from s3am_cloud_cli.deployment.synthesis import assembly, functions_code


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """Where a template and its code are. CloudFormation takes up to 51,200 bytes in the request itself, and a
    megabyte by URL."""

    stack: str
    region: str
    template: str
    template_url: str
    template_bytes: int
    code: str


def write_template(
    settings: S3Settings, folder: S3Url, stack: str, content: Content, wanted: Wanted, console: Console
) -> Written:
    """Writes the template and the functions' code below `folder`. Functions run code from buckets of their own region
    only, so that the stack is for the bucket's region.

    Raises NoCredentials, AccessDenied, BadDestination, BadIngest, Usage, MissingExtra, DeployFailed.
    """
    access = S3Access(settings)
    account = Account(access)
    endpoint = access.endpoint(folder.bucket)
    parameters = wanted.parameters(account.partition, account.id)
    check_partition(parameters, account.partition)
    refuse_unreachable(content.ingest, parameters, {})
    there = Account(S3Access(msgspec.structs.replace(settings, region=endpoint.region)))
    parameters |= _workers(parameters.get(names.MAX_WORKERS), lambda_quota(there), endpoint.region, console)
    code = functions_code(content.target, console)
    made = assembly(code, stack, None, content.ingest, console) / f"{stack}.template.json"
    places = {"AWS::Partition": account.partition, "AWS::AccountId": account.id, "AWS::Region": endpoint.region}
    check_role_policies(json.loads(made.read_text(encoding="utf-8")), {**parameters, **places})
    packed, template = (
        S3Url(folder.bucket, f"{folder.key}{code.name}.zip"),
        S3Url(folder.bucket, f"{folder.key}{stack}.json"),
    )
    text = _template(made, packed, parameters)
    console.note(f"... writing {packed} and {template}")
    _put(access, packed, _zipped(code))
    _put(access, template, text)
    return Written(
        stack=stack,
        region=endpoint.region,
        template=str(template),
        template_url=object_url(endpoint, template.key, {}),
        template_bytes=len(text),
        code=str(packed),
    )


def written_text(done: Written) -> list[str]:
    words = ("aws", "cloudformation", "create-stack", "--stack-name", done.stack, "--region", done.region)
    create = " ".join(
        map(shell_word, (*words, "--capabilities", "CAPABILITY_IAM", "--template-url", done.template_url))
    )
    return [
        f"template  {done.template} ({done.template_bytes:,} bytes)",
        f"code      {done.code}",
        f"It is for region {done.region}, and needs neither the CDK nor a bootstrap:",
        f"next: {create}",
    ]


def _workers(requested: str | None, quota: Quota | None, region: str, console: Console) -> dict[str, str]:
    """The defaults that limit workers, as `deploy` would choose them: a burst of events must not take the quota of the
    whole region. Raises Usage."""
    limit = worker_limit(requested, {}, quota, region)
    console.note(limit.notes)
    return limit.parameters


def _template(made: Path, code: S3Url, defaults: dict[str, str]) -> bytes:
    from s3am_cloud_infra.plain import plain_template

    return plain_template(made, code.bucket, code.key, defaults)


def _zipped(code: Path) -> bytes:
    from s3am_cloud_infra.plain import zip_code

    with tempfile.TemporaryDirectory() as folder:
        zip_code(code, Path(folder) / "code.zip")
        return (Path(folder) / "code.zip").read_bytes()


def _put(access: S3Access, target: S3Url, body: bytes) -> None:
    with naming(str(target)):
        access.client_for(target.bucket).put_object(Bucket=target.bucket, Key=target.key, Body=body)
