"""What a bucket is like, and what this user may do with it. Each function is one check, and reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from s3am_cloud.command_lines import command_line
from s3am_cloud.costs.prices import cross_region_gb
from s3am_cloud.errors import TransferError
from s3am_cloud.urls import S3Url
from s3am_cloud_client.doctor.findings import Finding, Findings, Report
from s3am_cloud_client.doctor.ports import Answer, Refused, Site

_ABSENT = {"404", "NoSuchBucket", "NotFound"}


class BucketSite(msgspec.Struct, frozen=True):
    """A bucket that exists: where it is, and how it is asked. `url` may name an object or a prefix in it."""

    site: Site
    url: S3Url
    region: str

    @property
    def name(self) -> str:
        return self.url.bucket

    def ask(self, operation: str, **parameters: Any) -> Answer:
        return self.site.aws.ask("s3", operation, self.region, Bucket=self.name, **parameters)


def find_bucket(site: Site, url: S3Url, stack_region: str | None) -> tuple[BucketSite | None, list[Finding]]:
    """The bucket's region, which S3 says even to those whom it denies everything else; None where there is none."""
    report = Report("bucket", url.bucket)
    try:
        headers = site.aws.ask("s3", "head_bucket", Bucket=url.bucket)["ResponseMetadata"].get("HTTPHeaders", {})
        findings = [report.ok("it exists")]
    except Refused as refused:
        headers = refused.headers
        if refused.code in _ABSENT:
            return None, [report.problem("there is no bucket of this name", "check the name, or create it")]
        if "x-amz-bucket-region" not in headers and not refused.denied:
            return None, [report.unknown(f"S3 answered {refused}", "check the endpoint and the network")]
        findings = [_not_seen(report, refused)]
    except TransferError as error:
        return None, [report.unknown(error.message, error.hint)]
    region = headers.get("x-amz-bucket-region") or site.aws.region
    return BucketSite(site, url, region), [*findings, *_where(url.bucket, region, stack_region)]


def _not_seen(report: Report, refused: Refused) -> Finding:
    return report.warning(
        f"HeadBucket is denied ({refused}): missing objects look denied, and uploads may need --exists overwrite",
        "get the right s3:ListBucket",
        "s3:ListBucket",
    )


def _where(bucket: str, region: str, stack_region: str | None) -> Iterator[Finding]:
    report = Report("bucket region", bucket)
    if stack_region is None or region == stack_region:
        yield report.ok(region)
        return
    cents = cross_region_gb(stack_region, region)
    yield report.warning(
        f"{region}, and the stack's region is {stack_region}: jobs in the cloud pay about ${cents:.3g} per GB",
        command_line("deploy", "--region", region),
    )


def check_listing(bucket: BucketSite) -> Findings:
    report, without = Report("listing", bucket.name), "an object that is missing looks like one that may not be read"
    yield _listed(
        report,
        "objects",
        "s3:ListBucket",
        without,
        lambda: bucket.ask("list_objects_v2", Prefix=bucket.url.key, MaxKeys=1),
    )


def check_unfinished(bucket: BucketSite) -> Findings:
    report, without = Report("unfinished uploads", bucket.name), "--resume and --force do not work"
    yield _listed(
        report,
        "unfinished uploads",
        "s3:ListBucketMultipartUploads",
        without,
        lambda: bucket.ask("list_multipart_uploads", Prefix=bucket.url.key, MaxUploads=1),
    )


def _listed(report: Report, what: str, right: str, without: str, ask: Callable[[], Answer]) -> Finding:
    try:
        ask()
    except Refused as refused:
        if not refused.denied:
            raise
        return report.warning(f"{what} can't be listed ({refused}): {without}", f"get the right {right}", right)
    return report.ok(f"{what} can be listed")


def check_reading(bucket: BucketSite) -> Findings:
    """Whether the object that was named can be read."""
    if not bucket.url.key or bucket.url.key.endswith("/"):
        return
    report = Report("object", str(bucket.url))
    try:
        bucket.ask("head_object", Key=bucket.url.key)
    except Refused as refused:
        if refused.code in {"404", "NoSuchKey", "NotFound"}:
            yield report.ok("there is no object of this name")
        elif refused.denied:
            yield report.problem(
                f"it can't be read, or does not exist ({refused})", "get the right s3:GetObject", "s3:GetObject"
            )
        else:
            # HEAD has no body that would say why.
            yield report.unknown(
                f"S3 answered {refused}: it may need its encryption key", "give the key with --sse-key-file"
            )
    else:
        yield report.ok("it can be read")


def check_versioning(bucket: BucketSite) -> Findings:
    report = Report("versioning", bucket.name)
    status = bucket.ask("get_bucket_versioning").get("Status")
    if status == "Enabled":
        yield report.ok("on: an object that is replaced stays as an older version, and costs storage")
    else:
        yield report.ok("off" if status is None else "suspended")


def check_ownership(bucket: BucketSite) -> Findings:
    report = Report("ownership", bucket.name)
    try:
        rules = bucket.ask("get_bucket_ownership_controls")["OwnershipControls"]["Rules"]
        owner = rules[0]["ObjectOwnership"]
    except Refused as refused:
        if refused.code != "OwnershipControlsNotFoundError":
            raise
        owner = "ObjectWriter"
    if owner == "BucketOwnerEnforced":
        yield report.ok("ACLs are off: the bucket's owner owns every object")
    elif owner == "BucketOwnerPreferred":
        yield report.ok("the bucket's owner owns objects that are sent with bucket-owner-full-control, as ours are")
    else:
        yield report.warning(
            "whoever writes an object owns it: the bucket's owner may be unable to read what another account writes",
            f"aws s3api put-bucket-ownership-controls --bucket {bucket.name} --ownership-controls "
            "'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'",
        )


def check_object_lock(bucket: BucketSite) -> Findings:
    report = Report("object lock", bucket.name)
    try:
        found = bucket.ask("get_object_lock_configuration").get("ObjectLockConfiguration", {})
    except Refused as refused:
        if refused.code not in {"ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration"}:
            raise
        yield report.ok("off")
        return
    retention = found.get("Rule", {}).get("DefaultRetention", {})
    if retention:
        length = f"{retention['Days']} days" if "Days" in retention else f"{retention.get('Years')} years"
        yield report.warning(
            f"new objects are locked ({retention.get('Mode', '').lower()}, {length}): an object that turns out wrong "
            "can't be deleted before that"
        )
    else:
        yield report.ok("on, without a default retention")


def check_lifecycle(bucket: BucketSite) -> Findings:
    report = Report("lifecycle", bucket.name)
    try:
        rules = bucket.ask("get_bucket_lifecycle_configuration").get("Rules", [])
    except Refused as refused:
        if refused.code != "NoSuchLifecycleConfiguration":
            raise
        rules = []
    if any("AbortIncompleteMultipartUpload" in rule and rule.get("Status") == "Enabled" for rule in rules):
        yield report.ok("unfinished uploads are discarded by a lifecycle rule")
        return
    yield report.warning(
        "no lifecycle rule discards unfinished uploads: what interrupted ones leave costs storage until someone does",
        "add a rule with AbortIncompleteMultipartUpload, 14 days after the upload began",
    )


Check = Callable[[BucketSite], Findings]
# Each with the action that it takes.
CHECKS: tuple[tuple[str, str, Check], ...] = (
    ("listing", "s3:ListBucket", check_listing),
    ("unfinished uploads", "s3:ListBucketMultipartUploads", check_unfinished),
    ("object", "s3:GetObject", check_reading),
    ("versioning", "s3:GetBucketVersioning", check_versioning),
    ("ownership", "s3:GetBucketOwnershipControls", check_ownership),
    ("object lock", "s3:GetBucketObjectLockConfiguration", check_object_lock),
    ("lifecycle", "s3:GetLifecycleConfiguration", check_lifecycle),
)


def guarded(name: str, permission: str, check: Check, bucket: BucketSite) -> Findings:
    """The findings of a check; where AWS refuses its question, that it could not be checked, and what it takes."""
    report = Report(name, bucket.name)
    try:
        yield from check(bucket)
    except Refused as refused:
        fix = f"get the right {permission}" if refused.denied else "the store may not have this operation"
        yield report.unknown(f"it could not be checked: {refused}", fix, permission if refused.denied else None)
    except TransferError as error:
        yield report.unknown(f"it could not be checked: {error.message}", error.hint)
