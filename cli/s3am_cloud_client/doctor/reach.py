"""What the stack's functions may use: buckets, keys of buckets, accounts and hosts, as its deployment said."""

from __future__ import annotations

import re

from s3am_cloud import names
from s3am_cloud.adapters.curl.transport.hosts import parse_hosts, refused_host
from s3am_cloud.command_lines import command_line
from s3am_cloud.urls import SourceUrl
from s3am_cloud_client.doctor.buckets import BucketSite
from s3am_cloud_client.doctor.findings import Findings, Report
from s3am_cloud_client.doctor.ports import Refused
from s3am_cloud_client.doctor.stack import StackFound


def check_bucket_reach(bucket: str, stack: StackFound) -> Findings:
    if stack.parameters is None:
        return
    report = Report("stack", bucket)
    for parameter, option, verb in (
        (names.DESTINATION_BUCKETS, "--destination-bucket", "write to"),
        (names.SOURCE_BUCKETS, "--source-bucket", "read from"),
    ):
        patterns = [arn.rpartition(":")[2] for arn in stack.list(parameter)]
        if patterns and not any(_matches(bucket, pattern) for pattern in patterns):
            yield report.warning(
                f"jobs in the cloud may not {verb} this bucket: the stack was deployed for {', '.join(patterns)}",
                _widened(option, [*patterns, bucket]),
            )


def check_owner(bucket: BucketSite, stack: StackFound) -> Findings:
    """Jobs use buckets of the stack's own account, unless its deployment named others."""
    if stack.parameters is None or not stack.account:
        return
    try:
        bucket.ask("head_bucket", ExpectedBucketOwner=stack.account)
    except Refused as refused:
        if not refused.denied:
            raise
        allowed = stack.list(names.ALLOWED_ACCOUNTS)
        if not allowed:
            yield Report("stack", bucket.name).warning(
                f"the bucket is not of the stack's account {stack.account}: jobs in the cloud may not use it",
                command_line("deploy", "--allow-account", "ID_OF_THE_BUCKETS_ACCOUNT"),
            )


def check_key_reach(bucket: BucketSite, key: str, stack: StackFound) -> Findings:
    if stack.parameters is None or "alias/" in key:
        return
    allowed = stack.list(names.BUCKET_KEYS)
    if not any(_id(key) == _id(arn) for arn in allowed):
        others = [arn for arn in allowed if arn.startswith("arn:")]
        yield Report("stack", bucket.name).warning(
            f"jobs in the cloud may not use the bucket's KMS key {key}", _widened("--bucket-key", [*others, key])
        )


def check_host_reach(url: SourceUrl, stack: StackFound) -> Findings:
    if stack.parameters is None:
        return
    text = stack.parameters.get(names.ALLOWED_HOSTS, "")
    host = refused_host(url.url, parse_hosts(text))
    if host is not None:
        yield Report("stack", url.display).warning(
            f"jobs in the cloud may not fetch from {host}: the stack was deployed for {text}",
            _widened("--allow-host", [*text.split(","), host]),
        )


def _widened(option: str, values: list[str]) -> str:
    """What is given to `deploy` takes the place of what was given before, so that all of it is named."""
    return command_line("deploy", *(word for value in values for word in (option, value)))


def _matches(bucket: str, pattern: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), bucket) is not None


def _id(key: str) -> str:
    return key.rpartition("/")[2]
