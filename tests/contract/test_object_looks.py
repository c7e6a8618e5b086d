"""The contract of ObjectLooks, kept over libcurl against the strict S3 server: a look shows what a single one does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.conftest import HastyClock
from s3am_cloud.adapters.curl.objects.looks import CurlObjectLooks
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.model import ObjectInfo
from s3am_cloud.ports.objects import LookWanted
from s3am_cloud.ports.pace import never_stop
from s3am_cloud.urls import S3Url
from servers.proxy import FaultyProxy
from servers.proxy_rules import ACCESS_DENIED, HEAD, SLOW_DOWN

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def looked_at(access: S3Access, settings: CurlSettings, *targets: S3Url) -> list[ObjectInfo | None]:
    looks = CurlObjectLooks(access, settings, 4, HastyClock())
    wanted = [LookWanted(number=number, target=target) for number, target in enumerate(targets)]
    found = {one.number: one.info for one in looks.look(iter([*wanted[:1], None, *wanted[1:]]), never_stop)}
    return [found[number] for number in range(len(targets))]


def test_a_look_shows_all_that_a_single_one_does(
    s3_access: S3Access, curl_settings: CurlSettings, bucket: str, s3_client: S3Client
) -> None:
    s3_client.put_object(Bucket=bucket, Key="plain", Body=b"x" * 1000)
    s3_client.put_object(
        Bucket=bucket,
        Key="in full é/b",
        Body=b"bytes",
        ChecksumAlgorithm="CRC64NVME",
        ContentType="text/plain",
        CacheControl="no-store",
        Metadata={"s3am-cloud-job": "1", "other": "a, b"},
    )
    s3_client.put_object(Bucket=bucket, Key="empty", Body=b"")
    targets = [S3Url(bucket, key) for key in ("plain", "in full é/b", "empty", "missing")] * 3
    store = S3Store(s3_access, HastyClock())
    found = looked_at(s3_access, curl_settings, *targets)
    assert found == [store.head(target) for target in targets]
    assert found[1] is not None
    assert found[1].crc is not None


def test_what_one_request_does_not_show_is_left_to_the_single_look(
    proxied: S3Access, curl_settings: CurlSettings, bucket: str, s3_client: S3Client, shared_proxy: FaultyProxy
) -> None:
    s3_client.put_object(Bucket=bucket, Key="a", Body=b"x")
    here, nowhere = S3Url(bucket, "a"), S3Url("no-such-bucket-anywhere", "a")
    assert looked_at(proxied, curl_settings, nowhere) == [None]
    for fault in (SLOW_DOWN, ACCESS_DENIED):
        assert looked_at(proxied, curl_settings, here) != [None]
        shared_proxy.add(HEAD, fault, times=1)
        assert looked_at(proxied, curl_settings, here) == [None]


def test_nothing_more_is_looked_at_once_the_run_stops(
    s3_access: S3Access, curl_settings: CurlSettings, bucket: str, s3_client: S3Client
) -> None:
    s3_client.put_object(Bucket=bucket, Key="a", Body=b"x")
    looks = CurlObjectLooks(s3_access, curl_settings, 4, HastyClock())
    wanted = (LookWanted(number=number, target=S3Url(bucket, "a")) for number in range(1000))
    seen: list[int] = []
    for one in looks.look(wanted, lambda: len(seen) >= 10):
        seen.append(one.number)
    assert 10 <= len(seen) < 100
