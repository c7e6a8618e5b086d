"""What the loopback servers share: a threading TCP server that ends with its connections, and a hard reset."""

import fcntl
import socket
import socketserver
import ssl
import struct
import sys
import termios
import threading
import time
from typing import Any

from servers.certificates import Certificate

_DRAIN_SECONDS = 1.0


class TrackingServer(socketserver.ThreadingTCPServer):
    """A TCP server on a free port of 127.0.0.1, a thread a connection, whose connections end with it."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, handler: type[socketserver.BaseRequestHandler], certificate: Certificate | None = None) -> None:
        self._tls = certificate.server_context() if certificate else None
        self.accepted = self.resumed = 0
        self._errors: list[Exception] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), handler)

    @property
    def port(self) -> int:
        """The TCP port."""
        return int(self.socket.getsockname()[1])

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection. The handshake is left to the connection's own thread, which begins it by reading."""
        connection, address = super().get_request()
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Remember the connection, then serve it in a thread of its own."""
        assert isinstance(request, socket.socket)
        with self._lock:
            self.accepted += 1
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Forget the connection and close it."""
        assert isinstance(request, socket.socket)
        with self._lock:
            self._open.discard(request)
            self.resumed += bool(isinstance(request, ssl.SSLSocket) and request.session_reused)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep what a handler raised, so that `stop` can show it."""
        error = sys.exc_info()[1]
        assert isinstance(error, Exception)
        with self._lock:
            self._errors.append(error)

    def stop(self) -> None:
        """Stop listening and end every open connection; ExceptionGroup if a handler failed by a mistake of its own."""
        self.shutdown()
        self.server_close()
        with self._lock:
            for connection in self._open:
                hang_up(connection)
            if self._errors:
                raise ExceptionGroup("a test server failed by its own mistake", self._errors)


def hang_up(connection: socket.socket) -> None:
    """End a connection both ways, which wakes whoever waits on it; nothing if it has ended already."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def reset(connection: socket.socket) -> None:
    """Close with RST, once the peer has been given what was sent before."""
    _drain(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # Files made from the socket keep its descriptor open past close(), so the descriptor itself is closed.
    socket.close(connection.detach())


def _drain(connection: socket.socket) -> None:
    """Wait until the peer's kernel has what was sent, because a reset throws away what is still queued here."""
    if sys.platform != "linux":
        return
    deadline = time.monotonic() + _DRAIN_SECONDS
    while time.monotonic() < deadline:
        queued = struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0]
        if not queued:
            return
        time.sleep(0.002)
