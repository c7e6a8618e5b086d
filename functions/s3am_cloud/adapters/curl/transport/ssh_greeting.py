"""A bound on how long an SSH server may take until it shows its key.

libssh2 drops every line before a server's greeting, and returns from that only when no more lines come: within one call
of libcurl, whose own limits of time are looked at between calls. So a thread ends the connection.
"""

from __future__ import annotations

import contextlib
import socket
from threading import Event, Thread


class GreetingWatch:
    """Ends the connections of one request that has not received the server's key within `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._greeted, self._late = seconds, Event(), Event()

    @property
    def late(self) -> bool:
        """Whether a connection was ended."""
        return self._late.is_set()

    def watch(self, connection: socket.socket) -> None:
        """libcurl takes a copy of the socket; this one is closed by the thread."""
        wait = (connection, self._seconds, self._greeted, self._late)
        Thread(target=_end_unless_greeted, args=wait, name="ssh greeting", daemon=True).start()

    def greeted(self) -> None:
        """The server has shown its key, or nobody waits for it any more."""
        self._greeted.set()

    def __del__(self) -> None:
        # The request is gone, however it ended: the thread has no more to do.
        self._greeted.set()


def _end_unless_greeted(connection: socket.socket, seconds: float, greeted: Event, late: Event) -> None:
    with connection:
        if not greeted.wait(seconds):
            late.set()
            with contextlib.suppress(OSError):  # it has ended by itself
                connection.shutdown(socket.SHUT_RDWR)
