"""Signed S3 requests for the mover, which sends them itself.

libcurl's own signing rewrites keys with `.` or `..` segments, so `sigv4` signs, and the URL is sent as it was signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import quote

import msgspec
from botocore.credentials import ReadOnlyCredentials, RefreshableCredentials

from s3am_cloud.adapters.s3.sigv4 import EMPTY_BODY, SigV4

_SERVICE = "s3"


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


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Signer:
    """Signs with the credentials as they are at that moment; without any, requests go unsigned."""

    def __init__(self, credentials: CredentialSource | None, now: Callable[[], datetime] = _utc_now) -> None:
        self._credentials, self._now = credentials, now
        self._regions: dict[str, SigV4] = {}

    def apart(self, renew: Callable[[], Signer]) -> Signer:
        """The same for a forked process: it takes `renew`'s credentials when these would have to be renewed."""
        return self if self._credentials is None else Signer(_Apart(self._credentials, renew), self._now)

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
        """The URL and all headers of the request. A request with a body says by `payload` what is signed of
        that; one without is signed with the hash of nothing, which every policy accepts."""
        url = object_url(endpoint, key, query)
        if self._credentials is None:
            return url, dict(headers)
        frozen = self._credentials.get_frozen_credentials()
        signing = self._regions.get(endpoint.region)
        if signing is None:
            signing = self._regions[endpoint.region] = SigV4(_SERVICE, endpoint.region, self._now)
        return url, signing.headers(method, url, headers, frozen, payload or EMPTY_BODY)


def object_url(endpoint: Endpoint, key: str, query: Mapping[str, str]) -> str:
    """The URL of an object, each byte of its key quoted as SigV4 wants it (RFC 3986, slashes kept)."""
    pairs = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items()))
    return f"{endpoint.base}/{quote(key, safe='/-_.~')}" + (f"?{pairs}" if pairs else "")
