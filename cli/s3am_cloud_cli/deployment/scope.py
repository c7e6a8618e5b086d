"""Whether the stack's routes and schedules may reach what they name, and whether their buckets send events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from botocore.exceptions import BotoCoreError, ClientError

from s3am_cloud import names
from s3am_cloud.bucket_patterns import bucket_of, is_among
from s3am_cloud.errors import BadIngest
from s3am_cloud.ingest.rules import Ingest
from s3am_cloud.urls import parse_s3
from s3am_cloud_cli.deployment.account import Account


def refuse_unreachable(ingest: Ingest, given: dict[str, str], before: dict[str, str]) -> None:
    """Raises BadIngest for a bucket that the stack's jobs may not use.

    `given` are the parameters of this deployment, `before` those that the stack has.
    """
    for name, option, buckets in (
        (names.SOURCE_BUCKETS, "--source-bucket", _sources(ingest)),
        (
            names.DESTINATION_BUCKETS,
            "--destination-bucket",
            ((each.name, each.target.bucket) for each in ingest.entries),
        ),
    ):
        patterns = (given.get(name) or before.get(name) or names.DEFAULT_BUCKETS).split(",")
        for entry, bucket in buckets:
            if not is_among(bucket, patterns):
                known = ", ".join(bucket_of(arn) for arn in patterns)
                raise BadIngest(
                    f"{entry}: jobs of this stack may not use the bucket {bucket}, only {known}",
                    f"name it with {option}, which takes the place of those named before",
                )


def refuse_work_bucket(ingest: Ingest, work_bucket: str | None) -> None:
    """Raises BadIngest for a route or a schedule from or into the bucket of the stack's own records, where the stack
    is there already. The jobs of any other would be refused one by one."""
    for entry, bucket in (*_sources(ingest), *((each.name, each.target.bucket) for each in ingest.entries)):
        if bucket == work_bucket:
            raise BadIngest(f"{entry}: {bucket} holds the records of this stack's jobs", "name another bucket")


def refuse_other_regions(ingest: Ingest, account: Account) -> None:
    """Raises BadIngest for a route from a bucket in another region: S3 sends its events to the bus of that region only,
    so the route would never see one. Buckets of which this user can't see the region are taken for near."""
    for route in ingest.route:
        region = account.bucket_region(route.watched.bucket)
        if region not in {None, account.region}:
            raise BadIngest(
                f"{route.name}: the bucket {route.watched.bucket} is in region {region}, and the stack in "
                f"{account.region}: S3 sends events within a bucket's region only",
                f"deploy a stack for this route with --region {region}",
            )


def silent_buckets(ingest: Ingest, account: Account) -> list[str]:
    """Buckets of routes that send EventBridge no events of new objects, as far as this user may see that."""
    silent = []
    for bucket in sorted({route.watched.bucket for route in ingest.route}):
        with suppress(ClientError, BotoCoreError):
            found = account.client("s3").get_bucket_notification_configuration(Bucket=bucket)
            if "EventBridgeConfiguration" not in found:
                silent.append(bucket)
    return silent


def switch_on(bucket: str) -> str:
    """What to do about a silent bucket."""
    return (
        f"bucket {bucket} sends EventBridge no events, so its route gets none. Switch them on, beside whatever "
        f"notifications it has, under Properties, Amazon EventBridge, or if it has none with: aws s3api "
        f"put-bucket-notification-configuration --bucket {bucket} "
        """--notification-configuration '{"EventBridgeConfiguration": {}}'"""
    )


def _sources(ingest: Ingest) -> Iterator[tuple[str, str]]:
    for entry in ingest.entries:
        if entry.source.startswith("s3://"):
            yield entry.name, parse_s3(entry.source, key_needed=False).bucket
