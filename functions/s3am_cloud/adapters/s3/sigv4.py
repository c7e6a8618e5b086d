"""AWS Signature Version 4 for requests to S3 ("Create a signed AWS API request", AWS Identity and Access Management).

botocore's signer builds a request object and the signing key anew each time: 0.25 ms, more than all else that an
object of a few KiB takes. `tests/unit/test_signer.py` compares the two.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from botocore.credentials import ReadOnlyCredentials

EMPTY_BODY = sha256(b"").hexdigest()
_ALGORITHM = "AWS4-HMAC-SHA256"
_HOST = "host"
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
# Proxies change these, or libcurl adds them, after the request was signed.
_UNSIGNED = {"expect", "user-agent", "transfer-encoding", "x-amzn-trace-id"}


# Layouts that are kept: the requests of one kind have the same headers, one after the other.
_LAYOUTS = 64


class _Layout(NamedTuple):
    """Which headers of a request are signed, in their order: each with its name in lower case first. `names` is how the
    signature lists them."""

    signed: tuple[tuple[str, str], ...]
    names: str


class SigV4:
    """Signs for one service of one region. The key that four hashes make of a secret serves for a day."""

    def __init__(self, service: str, region: str, now: Callable[[], datetime]) -> None:
        self._service, self._region, self._now = service, region, now
        self._key_of: tuple[str, str] | None = None
        self._key = b""
        self._layouts: dict[tuple[str, ...], _Layout] = {}

    def headers(
        self, method: str, url: str, headers: Mapping[str, str], credentials: ReadOnlyCredentials, payload: str
    ) -> dict[str, str]:
        """All headers of the request. `payload` is the hash of its body, or what stands for that."""
        moment = self._now().strftime("%Y%m%dT%H%M%SZ")
        found = {name: value for name, value in headers.items() if name.lower() != "x-amz-content-sha256"}
        found["X-Amz-Date"], found["X-Amz-Content-SHA256"] = moment, payload
        if credentials.token:
            found["X-Amz-Security-Token"] = credentials.token
        layout = self._layout(tuple(found))
        request = _canonical(method, url, found, layout, payload)
        scope = f"{moment[:8]}/{self._region}/{self._service}/aws4_request"
        text = f"{_ALGORITHM}\n{moment}\n{scope}\n{sha256(request.encode()).hexdigest()}"
        key = self._signing_key(credentials.secret_key or "", moment[:8])
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        found["Authorization"] = (
            f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, "
            f"SignedHeaders={layout.names}, Signature={signature}"
        )
        return found

    def _layout(self, names: tuple[str, ...]) -> _Layout:
        layout = self._layouts.get(names)
        if layout is None:
            if len(self._layouts) >= _LAYOUTS:
                self._layouts.clear()
            layout = self._layouts[names] = _layout_of(names)
        return layout

    def _signing_key(self, secret: str, day: str) -> bytes:
        if self._key_of != (secret, day):
            key = f"AWS4{secret}".encode()
            for text in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, text.encode(), "sha256")
            self._key_of, self._key = (secret, day), key
        return self._key


def _layout_of(names: tuple[str, ...]) -> _Layout:
    signed = {name.lower(): name for name in names if name.lower() not in _UNSIGNED} | {_HOST: _HOST}
    return _Layout(tuple(sorted(signed.items())), ";".join(sorted(signed)))


def _canonical(method: str, url: str, headers: Mapping[str, str], layout: _Layout, payload: str) -> str:
    """The request in the form that is hashed. The URL is quoted already."""
    scheme, _, rest = url.partition("://")
    host, _, place = rest.partition("/")
    path, _, query = place.partition("?")
    values = {**headers, _HOST: host.removesuffix(_DEFAULT_PORTS.get(scheme, ":"))}
    fields = "".join([f"{name}:{' '.join(values[given].split())}\n" for name, given in layout.signed])
    return f"{method}\n/{path}\n{_sorted(query)}\n{fields}\n{layout.names}\n{payload}"


def _sorted(query: str) -> str:
    """By the names as they are quoted, which is another order than that of the names themselves."""
    return "&".join(sorted(query.split("&"), key=lambda pair: pair.partition("=")[::2])) if "&" in query else query
