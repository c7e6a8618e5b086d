"""Who may use the embedded cloud: its owner alone. This stands in front of the emulator, which asks nobody.

Whoever can reach the emulator can run code as the user who started it, and every process of this machine and every web
page in a browser on it can reach 127.0.0.1. So a request is answered only if

* it names the access key of this cloud, which is random and kept in files that only its owner can read, or a temporary
  key that its owner was given for it, as the CDK asks for one. The key id is compared and not the signature: it is as
  hard to guess, and never leaves this machine;
* its `Host` is 127.0.0.1 or localhost with the cloud's port, so that no name of somebody else's leads here (DNS
  rebinding);
* it has no header that only browsers send, such as `Origin`. Answers carry no CORS header, so no page may read them;
* it is no control request of the emulator's own, such as the one that wipes everything. The health check is left.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from urllib.parse import parse_qs

from s3am_cloud_cli.local_cloud.audit_log import App, Message, Receive, Scope, Send
from s3am_cloud_cli.local_cloud.state import Server

HEALTH_PATH = "/_ministack/health"

_CONTROL = re.compile(r"/+(_ministack|_localstack|_aws|health)(/|$)")
_CREDENTIAL = re.compile(r"AWS4-HMAC-SHA256 (?:.*?[, ])?Credential=([^/,\s]+)/")
_OF_BROWSERS = re.compile(rb"origin$|sec-fetch-|access-control-")
_CORS = b"access-control-"


def with_gate(app: App, server: Server, issued: Callable[[], Iterable[str]]) -> App:
    """The same application for requests of the cloud's owner; all others are answered 403, and never reach it.

    `issued` gives the ids of the temporary keys that are valid at the moment.
    """

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif (reason := refusal(scope, server, issued())) is not None:
            await _refuse(reason, send)
        else:
            await app(scope, receive, _without_cors(send))

    return guarded


def refusal(scope: Scope, server: Server, issued: Iterable[str] = ()) -> str | None:
    """Why the request of this ASGI `scope` is not answered; None for a request of the owner's."""
    headers: list[tuple[bytes, bytes]] = [(name.lower(), value) for name, value in scope["headers"]]
    if [value for name, value in headers if name == b"host"] not in _hosts(server):
        return "the Host header must name this cloud's own address"
    if any(_OF_BROWSERS.match(name) for name, _ in headers):
        return "requests of web pages are not answered"
    path = str(scope["path"])
    if _CONTROL.match(path) and path != HEALTH_PATH:
        return "the emulator's own control requests are closed"
    named = _key_ids(headers, scope.get("query_string", b""))
    if len(named) != 1 or not _is_one_of(named[0], [server.access_key_id, *issued]):
        return "the access key is not this cloud's; see s3am-cloud local env"
    return None


def _is_one_of(named: str, keys: list[str]) -> bool:
    """Compared in a time that says nothing of how much of a key was right."""
    return any(hmac.compare_digest(named.encode(), key.encode()) for key in keys)


def _hosts(server: Server) -> list[list[bytes]]:
    return [[f"{name}:{server.port}".encode()] for name in ("127.0.0.1", "localhost")]


def _key_ids(headers: Iterable[tuple[bytes, bytes]], query: bytes) -> list[str]:
    """The access keys that a request names in its `Authorization` header or, where it is presigned, in its query."""
    signed = [value.decode("latin-1") for name, value in headers if name == b"authorization"]
    named = [found[1] for value in signed if (found := _CREDENTIAL.match(value))]
    if not signed:
        values = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("X-Amz-Credential", [])
        named = [value.partition("/")[0] for value in values]
    return named


def _without_cors(send: Send) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message.get("headers", []) if not name.lower().startswith(_CORS)]
            message = {**message, "headers": kept}
        await send(message)

    return answer


async def _refuse(reason: str, send: Send) -> None:
    """Answers without reading the body; the connection is closed, so that none of it is taken for a next request."""
    body = f"<Error><Code>AccessDenied</Code><Message>{reason}</Message></Error>".encode()
    headers = [
        (b"content-type", b"application/xml"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": int(HTTPStatus.FORBIDDEN), "headers": headers})
    await send({"type": "http.response.body", "body": body})
