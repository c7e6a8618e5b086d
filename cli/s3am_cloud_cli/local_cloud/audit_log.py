"""Who called what: each request of a function to the embedded cloud, one JSON document a line, as CloudTrail would.

By it the functions' roles are compared with what the functions really do. A function is known by the session token
that its process was given. No key, no password and no body is written: of headers only those that ask for a right of
their own, of bodies only the names of resources.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from s3am_cloud.adapters.files.private_files import open_private

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CALLER = "function:"
MOST_BYTES = 16 * 1024 * 1024

_HEADERS = (
    *("x-amz-acl", "x-amz-copy-source", "x-amz-tagging", "x-amz-tagging-directive", "x-amz-target"),
    "x-amz-expected-bucket-owner",
)
_RESOURCES = {
    *("executionArn", "mapRunArn", "stateMachineArn", "KeyId", "SecretId"),
    *("EncryptionContext", "Entries", "EventBusName"),
}


def session_token(function: str) -> str:
    """The session token by which a function's requests are known."""
    return CALLER + function


def with_trail(app: App, file: Path) -> App:
    """The same application; what functions ask it for is written to `file`, of which the newest 16 to 32 MiB stay."""
    log = _log_to(file)

    async def listening(scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        caller = headers.get("x-amz-security-token", "")
        if not caller.startswith(CALLER):
            await app(scope, receive, send)
            return
        call = {
            "function": caller.removeprefix(CALLER),
            "method": scope["method"],
            "path": scope["path"],
            "query": dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)),
            "headers": {name: headers[name] for name in _HEADERS if name in headers},
        }
        body = b""

        async def overhear() -> Message:
            nonlocal body
            message = await receive()
            if "x-amz-target" in headers:
                body += message.get("body", b"")
            return message

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                log.info(json.dumps(call | {"status": message["status"], "resources": dict(_resources(body))}))
            await send(message)

        await app(scope, overhear, answer)

    return listening


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode().lower(): value.decode("latin-1") for name, value in scope.get("headers", [])}


def _resources(body: bytes) -> Iterator[tuple[str, Any]]:
    for name, value in json.loads(body or b"{}").items():
        if name == "Entries":
            yield "EventBusName", sorted({entry.get("EventBusName", "default") for entry in value})
        elif name in _RESOURCES:
            yield name, sorted(value) if isinstance(value, dict) else value


class _PrivateFiles(RotatingFileHandler):
    def _open(self) -> TextIOWrapper:
        how = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        return os.fdopen(open_private(Path(self.baseFilename), how), "a", encoding=self.encoding)


def _log_to(file: Path) -> logging.Logger:
    log = logging.getLogger(f"{__name__}.calls")
    log.propagate = False
    log.setLevel(logging.INFO)
    handler = _PrivateFiles(file, maxBytes=MOST_BYTES, backupCount=1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    return log
