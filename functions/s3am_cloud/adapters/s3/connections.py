"""Which connection a call of botocore's uses, so that it can be ended from another thread."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)

_calls = threading.local()


class Used:
    """The connection of the call that one thread makes."""

    def __init__(self) -> None:
        self._connection: Any = None

    def begin(self) -> None:
        """The calls of this thread are this one from now on."""
        _calls.used = self

    def takes(self, connection: Any) -> None:
        self._connection = connection

    def end(self) -> None:
        """Wakes whoever reads from the connection, with an error. One that is not made yet has a limit of its own."""
        opened = getattr(self._connection, "sock", None)
        if opened is not None:
            with contextlib.suppress(OSError):  # it has ended by itself
                # Not by the socket's own method: with TLS that forgets the session under its reader's hands.
                socket.socket.shutdown(opened, socket.SHUT_RDWR)


class _Connection(AWSHTTPConnection):
    def request(self, *arguments: Any, **options: Any) -> Any:
        _note(self)
        return super().request(*arguments, **options)


class _TlsConnection(AWSHTTPSConnection):
    def request(self, *arguments: Any, **options: Any) -> Any:
        _note(self)
        return super().request(*arguments, **options)


class _Pool(AWSHTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(AWSHTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def track(session: Any) -> None:
    """Has botocore's HTTP `session` use connections that say whose call they are used for."""
    session._pool_classes_by_scheme.update(http=_Pool, https=_TlsPool)


def _note(connection: Any) -> None:
    used: Used | None = getattr(_calls, "used", None)
    if used is not None:
        used.takes(connection)
