"""All checks, in the order in which a user would have to fix what they find."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from s3am_cloud.urls import S3Url, SourceUrl, parse_s3, parse_source
from s3am_cloud_client.doctor.buckets import CHECKS, BucketSite, Check, find_bucket, guarded
from s3am_cloud_client.doctor.credentials import check_credentials
from s3am_cloud_client.doctor.encryption import check_encryption
from s3am_cloud_client.doctor.findings import Diagnosis, Finding, Report, diagnosis
from s3am_cloud_client.doctor.policies import check_policy
from s3am_cloud_client.doctor.ports import Site
from s3am_cloud_client.doctor.progress import Progress
from s3am_cloud_client.doctor.quotas import check_lambda_quota
from s3am_cloud_client.doctor.reach import check_bucket_reach, check_host_reach, check_owner
from s3am_cloud_client.doctor.region import check_endpoint, check_region
from s3am_cloud_client.doctor.sources import check_source
from s3am_cloud_client.doctor.stack import StackFound, find_stack
from s3am_cloud_client.doctor.write_test import write_test


def _checks(stack: StackFound) -> tuple[tuple[str, str, Check], ...]:
    return (
        ("stack", "s3:ListBucket", lambda bucket: check_owner(bucket, stack)),
        *CHECKS,
        ("encryption", "s3:GetEncryptionConfiguration", lambda bucket: check_encryption(bucket, stack)),
        ("policy", "s3:GetBucketPolicy", check_policy),
    )


def parse_urls(urls: Iterable[str]) -> list[S3Url | SourceUrl]:
    """Raises BadSource, BadS3Url."""
    return [parse_s3(url, key_needed=False) if url.startswith("s3://") else parse_source(url) for url in urls]


def run_checks(site: Site, urls: Sequence[S3Url | SourceUrl], with_write_test: bool, progress: Progress) -> Diagnosis:
    return diagnosis(_findings(site, urls, with_write_test, progress))


def _findings(
    site: Site, urls: Sequence[S3Url | SourceUrl], with_write_test: bool, progress: Progress
) -> Iterator[Finding]:
    progress.begin("the credentials")
    found = list(check_credentials(site))
    yield from found
    signed = not any(each.state == "problem" and each.check == "credentials" for each in found)
    progress.begin("the region")
    yield from check_region(site)
    stack = StackFound(site.aws.region)
    if signed:
        yield from check_endpoint(site)
    if signed and site.aws.has_services:
        progress.begin(f"the stack {site.stack}")
        stack, finding = find_stack(site)
        yield finding
        progress.begin("the Lambda quota")
        yield from check_lambda_quota(site)
    for url in urls:
        progress.begin(str(url) if isinstance(url, S3Url) else url.display)
        if isinstance(url, SourceUrl):
            yield from check_source(url, site)
            yield from check_host_reach(url, stack)
        elif signed:
            yield from _bucket(site, url, stack, with_write_test)
        else:
            yield Report("bucket", url.bucket).unknown("it could not be checked without credentials")


def _bucket(site: Site, url: S3Url, stack: StackFound, with_write_test: bool) -> Iterator[Finding]:
    bucket, findings = find_bucket(site, url, None if stack.parameters is None else stack.region)
    yield from findings
    if bucket is None:
        return
    yield from check_bucket_reach(url.bucket, stack)
    written = list(guarded("write test", "s3:PutObject", write_test, bucket)) if with_write_test else []
    works = bool(written) and all(finding.state == "ok" for finding in written)
    for name, permission, check in _checks(stack):
        for finding in guarded(name, permission, check, bucket):
            yield _settled(finding, bucket) if works else finding
    yield from written


def _settled(finding: Finding, bucket: BucketSite) -> Finding:
    """What S3 has accepted for this user settles whether the key may be used by way of S3."""
    if finding.check != "KMS key" or finding.state != "problem":
        return finding
    return Report(finding.check, bucket.name).ok("you may use it by way of S3, as the write test shows")
