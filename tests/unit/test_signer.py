"""Requests of the mover are signed as botocore itself would sign them, with a key that is made once a day."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from s3am_cloud.adapters.s3.signer import Endpoint, Signer, object_url

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HERE = Endpoint("https://bucket.s3.eu-west-1.amazonaws.com", "eu-west-1")
THERE = Endpoint("https://other.s3.us-east-2.amazonaws.com", "us-east-2")
QUERY = {"partNumber": "7", "uploadId": "a/b c"}


class Rotating:
    """Credentials that may be others at every request."""

    def __init__(self) -> None:
        self.now = Credentials("first", "secret of the first")

    def get_frozen_credentials(self) -> Any:
        return self.now.get_frozen_credentials()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The moment that botocore takes for now."""
    moment = [NOON]
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: moment[0])
    return moment


def signature(signer: Signer, endpoint: Endpoint) -> str:
    return signer.sign("PUT", endpoint, "key", QUERY, {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})[1]["Authorization"]


def botocores(credentials: Credentials, endpoint: Endpoint) -> str:
    request = AWSRequest(
        method="PUT", url=object_url(endpoint, "key", QUERY), headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    )
    S3SigV4Auth(credentials, "s3", endpoint.region).add_auth(request)
    return str(request.headers["Authorization"])


def test_every_day_region_and_secret_is_signed_for_as_botocore_signs(clock: list[datetime]) -> None:
    given = Rotating()
    signer = Signer(given)
    for credentials in (given.now, given.now, Credentials("second", "another secret"), Credentials("first", "renewed")):
        given.now = credentials
        for endpoint in (HERE, THERE, HERE):
            assert signature(signer, endpoint) == botocores(credentials, endpoint)
        clock[0] += timedelta(days=1)
        assert signature(signer, HERE) == botocores(credentials, HERE)


def test_the_signing_key_is_made_once_for_all_requests_of_a_day(
    clock: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, digest = [], hmac.digest

    def noted(key: bytes, message: bytes, name: str) -> bytes:
        made.append(message)
        return digest(key, message, name)

    monkeypatch.setattr(hmac, "digest", noted)
    signer = Signer(Credentials("key", "secret"))
    for second in range(5):
        clock[0] = NOON + timedelta(seconds=second)
        signature(signer, HERE)
    assert made[:4] == [b"20261123", b"eu-west-1", b"s3", b"aws4_request"]
    assert len(made) == 4 + 5
