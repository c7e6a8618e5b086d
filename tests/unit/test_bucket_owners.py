"""Requests on buckets expect their owner, so that a bucket that somebody else has taken the name of is refused."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from s3am_cloud import names
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.bucket_owners import HEADER, SOURCE_HEADER
from s3am_cloud.handlers.environment import Environment
from s3am_cloud.urls import S3Url

OWN, OTHER, STRANGER = "111111111111", "222222222222", "333333333333"
BUCKETS = {"ours": OWN, "theirs": OTHER, "taken": STRANGER}


class Body:
    """Of an answer."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    def stream(self) -> list[bytes]:
        return [self._text]


class S3:
    """Refuses a request that expects another owner than the bucket has, as Amazon S3 does; `expected` are all."""

    def __init__(self) -> None:
        self.expected: list[tuple[str, str | None]] = []

    def answer(self, request: Any, **_: Any) -> Any:
        bucket = request.url.split("//")[1].split(".")[0]
        sent = request.headers.get(HEADER)
        expected = sent.decode() if isinstance(sent, bytes) else sent
        self.expected.append((bucket, expected))
        good = expected in {None, BUCKETS[bucket]}
        headers: Any = {"x-amz-bucket-region": "eu-west-1"}
        body = b"<ListBucketResult/>" if good else b"<Error><Code>AccessDenied</Code></Error>"
        return AWSResponse(request.url, 200 if good else 403, headers, Body(body))


def access(s3: S3, monkeypatch: pytest.MonkeyPatch, *owners: str, sign: bool = True) -> S3Access:
    for name, value in (("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_REGION", "eu-west-1")):
        monkeypatch.setenv(name, value)
    made = S3Access(S3Settings(region="eu-west-1", owners=owners, sign=sign))
    made.client("eu-west-1").meta.events.register("before-send.s3", s3.answer)
    return made


def test_with_one_account_every_request_expects_it(monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = S3()
    made = access(s3, monkeypatch, OWN)
    made.client_for("ours").list_objects_v2(Bucket="ours")
    assert set(s3.expected) == {("ours", OWN)}
    target = S3Url("ours", "key")
    assert made.headers(target) == {HEADER: OWN}
    assert made.copy_headers(target) == {SOURCE_HEADER: OWN}


def test_with_several_accounts_each_bucket_is_asked_for_its_owner_once(monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = S3()
    made = access(s3, monkeypatch, OWN, OTHER)
    assert made.headers(S3Url("theirs", "key")) == {HEADER: OTHER}
    asked = len(s3.expected)
    made.client_for("theirs").list_objects_v2(Bucket="theirs")
    assert made.headers(S3Url("theirs", "other")) == {HEADER: OTHER}
    assert s3.expected[asked:] == [("theirs", OTHER)]


def test_a_bucket_of_a_stranger_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made = access(S3(), monkeypatch, OWN)
    client = made.client_for("taken")
    with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
        client.list_objects_v2(Bucket="taken")


def test_without_accounts_or_without_a_signature_nobody_is_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    for made in (access(S3(), monkeypatch), access(S3(), monkeypatch, OWN, sign=False)):
        assert made.headers(S3Url("taken", "key")) == {}
        assert made.copy_headers(S3Url("taken", "key")) == {}


@pytest.mark.parametrize(("value", "accounts"), [("", ()), (f"{OWN},", (OWN,)), (f"{OWN},{OTHER}", (OWN, OTHER))])
def test_a_function_knows_the_accounts_from_its_environment(value: str, accounts: tuple[str, ...]) -> None:
    assert Environment({names.ACCOUNTS_VARIABLE: value}).accounts == accounts
