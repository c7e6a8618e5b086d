"""A bare HTTP client that shows what came over the wire, errors included."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Reply:
    """An answer; `body` is what came of it, `error` what ended it early. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    error: Exception | None = None


def ask(url: str, method: str = "GET", **headers: str) -> Reply:
    """One request on a connection of its own; underscores in header names stand for dashes."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 0, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.request(method, target, headers=named)
    response = connection.getresponse()
    body, error = _read(response)
    connection.close()
    return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, body, error)


def _read(response: http.client.HTTPResponse) -> tuple[bytes, Exception | None]:
    body = b""
    try:
        while piece := response.read1(1 << 16):
            body += piece
    except (http.client.IncompleteRead, ConnectionResetError) as error:
        return body, error
    return body, None
