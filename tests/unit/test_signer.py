"""Requests of the mover are signed as botocore itself would sign them, with a key that is made once a day."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

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
    signer = Signer(given, lambda: clock[0])
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
    signer = Signer(Credentials("key", "secret"), lambda: clock[0])
    for second in range(5):
        clock[0] = NOON + timedelta(seconds=second)
        signature(signer, HERE)
    assert made[:4] == [b"20261123", b"eu-west-1", b"s3", b"aws4_request"]
    assert len(made) == 4 + 5


@settings(max_examples=50)
@given(
    key=st.text(min_size=1, max_size=60),
    query=st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=12), max_size=3),
    values=st.lists(st.text("ab \t,=/;ü", max_size=12), max_size=4),
    token=st.none() | st.just("a session's token"),
    base=st.sampled_from(("https://h.example", "http://127.0.0.1:9000/bucket", "https://h.example:443")),
    payload=st.sampled_from(("UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")),
)
def test_any_key_query_and_headers_are_signed_as_botocore_signs(
    key: str, query: dict[str, str], values: list[str], token: str | None, base: str, payload: str
) -> None:
    sent = {"x-amz-content-sha256": payload, "Content-MD5": "x", "x-amz-trailer": "t", "Expect": "100-continue"}
    sent |= {f"X-Amz-Meta-{number}": value for number, value in enumerate(values)}
    credentials, endpoint = Credentials("key", "secret", token), Endpoint(base, "eu-west-1")
    request = AWSRequest(method="PUT", url=object_url(endpoint, key, query), headers=dict(sent))
    moment = datetime.now(UTC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.auth.get_current_datetime", lambda: moment)
        patch.setattr(S3SigV4Auth, "payload", lambda self, request: payload)
        S3SigV4Auth(credentials, "s3", endpoint.region).add_auth(request)
    _, headers = Signer(credentials, lambda: moment).sign("PUT", endpoint, key, query, sent, payload)
    assert headers["Authorization"] == request.headers["Authorization"]
    assert {name.lower(): value for name, value in headers.items()} == {
        name.lower(): str(value) for name, value in request.headers.items()
    }
