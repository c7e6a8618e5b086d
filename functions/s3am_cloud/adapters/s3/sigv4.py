"""AWS Signature Version 4 for requests to S3 ("Create a signed AWS API request", AWS Identity and Access Management).

botocore's signer builds a request object and the signing key anew each time: 0.25 ms, more than all else that an
object of a few KiB takes. `tests/unit/test_signer.py` compares the two.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlsplit

from botocore.credentials import ReadOnlyCredentials

EMPTY_BODY = sha256(b"").hexdigest()
_ALGORITHM = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
# Proxies change these, or libcurl adds them, after the request was signed.
_UNSIGNED = {"expect", "user-agent", "transfer-encoding", "x-amzn-trace-id"}


class SigV4:
    """Signs for one service of one region. The key that four hashes make of a secret serves for a day."""

    def __init__(self, service: str, region: str, now: Callable[[], datetime]) -> None:
        self._service, self._region, self._now = service, region, now
        self._key_of: tuple[str, str] | None = None
        self._key = b""

    def headers(
        self, method: str, url: str, headers: Mapping[str, str], credentials: ReadOnlyCredentials, payload: str
    ) -> dict[str, str]:
        """All headers of the request. `payload` is the hash of its body, or what stands for that."""
        moment = self._now().strftime("%Y%m%dT%H%M%SZ")
        found = {name: value for name, value in headers.items() if name.lower() != "x-amz-content-sha256"}
        found |= {"X-Amz-Date": moment, "X-Amz-Content-SHA256": payload}
        if credentials.token:
            found["X-Amz-Security-Token"] = credentials.token
        names, request = _canonical(method, url, found, payload)
        scope = f"{moment[:8]}/{self._region}/{self._service}/aws4_request"
        text = f"{_ALGORITHM}\n{moment}\n{scope}\n{sha256(request.encode()).hexdigest()}"
        key = self._signing_key(credentials.secret_key or "", moment[:8])
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        found["Authorization"] = (
            f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        return found

    def _signing_key(self, secret: str, day: str) -> bytes:
        if self._key_of != (secret, day):
            key = f"AWS4{secret}".encode()
            for text in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, text.encode(), "sha256")
            self._key_of, self._key = (secret, day), key
        return self._key


def _canonical(method: str, url: str, headers: Mapping[str, str], payload: str) -> tuple[str, str]:
    """The names of the signed headers, and the request in the form that is hashed. The URL is quoted already."""
    parts = urlsplit(url)
    signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    signed = {name: value for name, value in signed.items() if name not in _UNSIGNED}
    signed["host"] = parts.netloc.removesuffix(_DEFAULT_PORTS.get(parts.scheme, ":"))
    lines = sorted(signed.items())
    names = ";".join(name for name, _ in lines)
    fields = "".join(f"{name}:{value}\n" for name, value in lines)
    return names, f"{method}\n{parts.path or '/'}\n{_sorted(parts.query)}\n{fields}\n{names}\n{payload}"


def _sorted(query: str) -> str:
    """By the names as they are quoted, which is another order than that of the names themselves."""
    return "&".join(sorted(query.split("&"), key=lambda pair: pair.partition("=")[::2])) if "&" in query else query
