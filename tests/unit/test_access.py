"""Where a bucket answers: its own region's endpoint, whatever the client's, and whatever its name."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import boto3
import pytest
from moto import mock_aws

from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.endpoints import own_base
from s3am_cloud.errors import BadDestination, NoCredentials, Usage
from s3am_cloud.sse import KeyRing, SseKey, derive
from s3am_cloud.urls import S3Url


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Amazon's own endpoints, answered in memory."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield


def _make(bucket: str, region: str) -> None:
    client = boto3.client("s3", region_name=region)
    if region == "us-east-1":
        client.create_bucket(Bucket=bucket)
    else:
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("bucket", "region", "base"),
    [
        ("plain", "eu-west-1", "https://plain.s3.eu-west-1.amazonaws.com"),
        ("plain", "ap-southeast-2", "https://plain.s3.ap-southeast-2.amazonaws.com"),
        ("with.dots.in.it", "eu-west-1", "https://s3.eu-west-1.amazonaws.com/with.dots.in.it"),
    ],
)
def test_a_bucket_in_another_region_is_found_without_options(bucket: str, region: str, base: str) -> None:
    """A bucket in another region than the client is found without options."""
    _make(bucket, region)
    access = S3Access(S3Settings(region="us-west-2"))
    assert (access.endpoint(bucket).base, access.endpoint(bucket).region) == (base, region)
    assert access.client_for(bucket).meta.region_name == region


def test_two_buckets_in_two_regions_are_reached_by_one_access() -> None:
    _make("one", "eu-west-1")
    _make("two", "ap-southeast-2")
    access = S3Access(S3Settings())
    assert [access.endpoint(name).region for name in ("one", "two")] == ["eu-west-1", "ap-southeast-2"]


def test_a_derived_key_goes_by_the_region_of_the_bucket() -> None:
    """A derived key goes by the region of the bucket and not of the client."""
    _make("far", "eu-west-1")
    master = SseKey(bytes(32))
    key = S3Access(S3Settings(region="us-east-1"), KeyRing(master, is_master=True)).key_of(S3Url("far", "k"))
    assert key is not None
    assert key.raw == derive(master, S3Url("far", "k"), "eu-west-1").raw


def test_a_bucket_that_does_not_exist_is_told() -> None:
    with pytest.raises(BadDestination):
        S3Access(S3Settings()).endpoint("no-such-bucket")


def test_another_endpoint_is_addressed_by_path() -> None:
    access = S3Access(S3Settings(endpoint_url="https://store.example.org"))
    parameters = {"Bucket": "name", "Key": "k"}
    signed = access.client("us-east-1").generate_presigned_url("get_object", Params=parameters)
    assert signed.startswith("https://store.example.org/name/k?")


def test_amazon_s_own_endpoint_is_addressed_by_host() -> None:
    parameters = {"Bucket": "name", "Key": "k"}
    signed = S3Access(S3Settings()).client("us-east-1").generate_presigned_url("get_object", Params=parameters)
    assert urlsplit(signed).hostname == "name.s3.amazonaws.com"


def test_an_unknown_profile_is_told() -> None:
    with pytest.raises(NoCredentials):
        _ = S3Access(S3Settings(profile="nobody")).client("us-east-1")


@pytest.mark.parametrize(
    ("region", "variables", "base"),
    [
        ("us-east-1", {"AWS_USE_FIPS_ENDPOINT": "true"}, "https://data.s3-fips.us-east-1.amazonaws.com"),
        ("us-east-2", {"AWS_USE_FIPS_ENDPOINT": "true"}, "https://data.s3-fips.us-east-2.amazonaws.com"),
        ("us-east-1", {"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "https://data.s3.dualstack.us-east-1.amazonaws.com"),
        (
            "us-gov-west-1",
            {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
            "https://data.s3-fips.dualstack.us-gov-west-1.amazonaws.com",
        ),
        ("cn-north-1", {}, "https://data.s3.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", {}, "https://data.s3.eusc-de-east-1.amazonaws.eu"),
    ],
)
def test_the_data_path_goes_where_botocore_itself_goes(
    region: str, variables: dict[str, str], base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By FIPS, dual-stack and partition, on the host of the bucket."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert own_base(S3Access(S3Settings(region=region)).client(region), "data") == base


def test_a_partition_without_fips_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    with pytest.raises(Usage, match="FIPS"):
        S3Access(S3Settings(region="cn-north-1")).endpoint("b")


def test_a_path_of_the_endpoint_stands_before_the_bucket() -> None:
    access = S3Access(S3Settings(endpoint_url="http://127.0.0.1:9/store"))
    assert own_base(access.client("us-east-1"), "b") == "http://127.0.0.1:9/store/b"


def test_other_threads_get_true_answers_while_a_base_is_found() -> None:
    access = S3Access(S3Settings(region="us-east-1"))
    client = access.client("us-east-1")
    client.create_bucket(Bucket="data")
    client.put_object(Bucket="data", Key="k", Body=b"12345")
    sizes: list[int] = []
    asked: list[bool] = []

    def look(**_: object) -> None:
        """Called while `own_base` has its own request answered, and for the other thread's request as well."""
        if asked:
            return
        asked.append(True)
        with ThreadPoolExecutor(1) as other:
            sizes.append(other.submit(lambda: client.head_object(Bucket="data", Key="k")["ContentLength"]).result(10))

    client.meta.events.register("before-call.s3.HeadObject", look)
    assert own_base(client, "data") == "https://data.s3.amazonaws.com"
    assert sizes == [5]
