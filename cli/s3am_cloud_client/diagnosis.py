"""`diagnose`: what an account, a stack, buckets and sources lack for transfers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from s3am_cloud_client.observer import Observer, SilentObserver
from s3am_cloud_client.options import Aws

if TYPE_CHECKING:
    from s3am_cloud.adapters.curl.transport.easy import CurlSettings
    from s3am_cloud.adapters.s3.access import S3Access
    from s3am_cloud_client.doctor.ports import Site
    from s3am_cloud_client.results import Diagnosis

_DEFAULT_AWS = Aws()
_SILENT = SilentObserver()


def diagnose(
    *urls: str,
    stack: str | None = None,
    aws: Aws = _DEFAULT_AWS,
    write_test: bool = False,
    observer: Observer = _SILENT,
) -> Diagnosis:
    """Check the credentials, the region, the stack, the Lambda quota, and the buckets and sources in `urls`.

    A URL is `s3://BUCKET/`, an object, or a source to read from. Each finding says what is right or wrong with what,
    and how to fix it. Nothing is written, unless `write_test` has an upload begun in each bucket and discarded again.
    What can't be checked is a finding, no error; BadSource and BadS3Url are raised for what is no URL.

    >>> from s3am_cloud_client import diagnose
    >>> found = diagnose("s3://bucket/")
    >>> [finding.fix for finding in found.findings if finding.state == "problem"]
    []
    """
    from s3am_cloud_client.doctor.progress import Progress
    from s3am_cloud_client.doctor.run import parse_urls, run_checks
    from s3am_cloud_client.inprocess.system_errors import naming_system_errors

    named = parse_urls(urls)
    with naming_system_errors(), Progress(observer.note) as progress:
        return run_checks(_site(stack, aws), named, write_test, progress)


def _site(stack: str | None, aws: Aws) -> Site:
    from s3am_cloud.adapters.clock import SystemClock
    from s3am_cloud.adapters.s3.access import S3Access
    from s3am_cloud.adapters.s3.session import DEFAULT_REGION
    from s3am_cloud.adapters.s3.store import S3Store
    from s3am_cloud.adapters.sources import AnySource
    from s3am_cloud.errors import TransferError
    from s3am_cloud.names import DEFAULT_STACK, STACK_VARIABLE
    from s3am_cloud_client.doctor.aws_calls import BotoCalls, NoCalls
    from s3am_cloud_client.doctor.hosts import is_public, shown_proxy_of
    from s3am_cloud_client.doctor.ports import AwsCalls, Site

    access, clock = S3Access(aws.settings()), SystemClock()
    named = stack or os.environ.get(STACK_VARIABLE)
    calls: AwsCalls = BotoCalls(access)
    region: str | None = None
    known: tuple[str, ...] = ()
    try:
        region, known = _profile_region(access), _known_regions(access)
    except TransferError as error:  # an unknown profile, or a file that can't be read, is a finding like others
        calls = NoCalls(error, aws.region or os.environ.get("AWS_REGION") or DEFAULT_REGION)
    return Site(
        aws=calls,
        source=AnySource(_curl(access), S3Store(access, clock), clock, tags=False),
        clock=clock,
        environment=os.environ,
        stack=named or DEFAULT_STACK,
        stack_named=named is not None,
        profile=aws.profile,
        region_option=aws.region,
        profile_region=region,
        known_regions=known,
        is_public=is_public,
        proxy_of=shown_proxy_of,
    )


def _curl(access: S3Access) -> CurlSettings:
    """How sources are read. The profile names authorities; without one, those that come with botocore are trusted."""
    from s3am_cloud.adapters.curl.transport.easy import CurlSettings
    from s3am_cloud.adapters.s3.authorities import bundled_authorities
    from s3am_cloud.errors import TransferError
    from s3am_cloud_client.inprocess.ports import curl_settings

    try:
        return curl_settings(access)
    except TransferError:
        return CurlSettings(ca_file=bundled_authorities())


def _profile_region(access: S3Access) -> str | None:
    region = access.session.get_scoped_config().get("region")
    return str(region) if region else None


def _known_regions(access: S3Access) -> tuple[str, ...]:
    """Those of S3 in all partitions; none where the user's own endpoint answers, whose regions are its own."""
    session = access.session
    if access.settings.endpoint_url or os.environ.get("AWS_ENDPOINT_URL"):
        return ()
    partitions = session.get_available_partitions()
    return tuple(region for name in partitions for region in session.get_available_regions("s3", name))
