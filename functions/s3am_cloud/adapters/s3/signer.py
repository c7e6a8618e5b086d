"""Signed S3 requests for the mover, which sends them itself.

libcurl's own signing rewrites keys with `.` or `..` segments, so botocore signs, and the URL is sent as it was signed.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import quote

import msgspec
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials, RefreshableCredentials

_SERVICE = "s3"
_PAYLOAD = "s3am-cloud-payload"


class Endpoint(msgspec.Struct, frozen=True):
    """Where a bucket answers: `base` is its URL without the key."""

    base: str
    region: str


class CredentialSource(Protocol):
    """Credentials that renew themselves, as botocore's do."""

    def get_frozen_credentials(self) -> ReadOnlyCredentials: ...


class _Apart:
    """Credentials of the process that this one was forked from. They are not renewed here: what renews them may have
    a connection open, which both processes would then write to."""

    def __init__(self, inherited: CredentialSource, renew: Callable[[], Signer]) -> None:
        self._credentials: CredentialSource = inherited
        self._renew: Callable[[], Signer] | None = renew

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        inherited = self._credentials
        if self._renew and isinstance(inherited, RefreshableCredentials) and inherited.refresh_needed():
            self._credentials, self._renew = self._renew().credentials or inherited, None
        return self._credentials.get_frozen_credentials()


class _SigningKey:
    """The key that four hashes make of a secret, and that serves a day's requests to a region (AWS Signature Version 4,
    "Create a signed AWS API request")."""

    def __init__(self) -> None:
        self._made_of: tuple[str, str, str] | None = None
        self._key = b""

    def of(self, secret: str, day: str, region: str) -> bytes:
        if self._made_of != (secret, day, region):
            key = f"AWS4{secret}".encode()
            for text in (day, region, _SERVICE, "aws4_request"):
                key = hmac.digest(key, text.encode(), "sha256")
            self._made_of, self._key = (secret, day, region), key
        return self._key


class _Auth(S3SigV4Auth):
    """botocore's, which makes the signing key anew for every request."""

    def __init__(self, credentials: Credentials, region: str, key: _SigningKey) -> None:
        super().__init__(credentials, _SERVICE, region)
        self._region, self._key = region, key

    def payload(self, request: AWSRequest) -> str:
        """What the caller says of a body: botocore, which does not see it, would sign an empty one's hash."""
        return str(request.context.get(_PAYLOAD) or super().payload(request))

    def signature(self, string_to_sign: str, request: AWSRequest) -> str:
        key = self._key.of(self.credentials.secret_key or "", request.context["timestamp"][:8], self._region)
        return hmac.digest(key, string_to_sign.encode(), "sha256").hex()


class Signer:
    """Signs with the credentials as they are at that moment; without any, requests go unsigned."""

    def __init__(self, credentials: CredentialSource | None) -> None:
        self._credentials, self._signing_key = credentials, _SigningKey()

    def apart(self, renew: Callable[[], Signer]) -> Signer:
        """The same for a forked process: it takes `renew`'s credentials when these would have to be renewed."""
        return self if self._credentials is None else Signer(_Apart(self._credentials, renew))

    @property
    def credentials(self) -> CredentialSource | None:
        return self._credentials

    def sign(
        self,
        method: str,
        endpoint: Endpoint,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        payload: str | None = None,
    ) -> tuple[str, dict[str, str]]:
        """The URL and all headers of the request. A request with a body says by `payload` what is signed of that."""
        url = object_url(endpoint, key, query)
        if self._credentials is None:
            return url, dict(headers)
        request = AWSRequest(method=method, url=url, headers=dict(headers))
        request.context[_PAYLOAD] = payload
        if "x-amz-trailer" in headers:
            request.context["checksum"] = {"request_algorithm": {"in": "trailer"}}
        frozen = self._credentials.get_frozen_credentials()
        credentials = Credentials(frozen.access_key or "", frozen.secret_key or "", frozen.token)
        _Auth(credentials, endpoint.region, self._signing_key).add_auth(request)
        return url, {name: str(value) for name, value in request.headers.items()}


def object_url(endpoint: Endpoint, key: str, query: Mapping[str, str]) -> str:
    """The URL of an object, each byte of its key quoted as SigV4 wants it (RFC 3986, slashes kept)."""
    pairs = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items()))
    return f"{endpoint.base}/{quote(key, safe='/-_.~')}" + (f"?{pairs}" if pairs else "")
