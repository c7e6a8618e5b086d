"""A server on loopback whose answers have no end: each begins with some bytes, and goes on with others for ever."""

import socketserver
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

from servers.sockets import TrackingServer


@dataclass(frozen=True)
class Endless:
    """`first`, then `again` and again until the peer has gone: every `pause` seconds, or as fast as it is taken."""

    first: bytes
    again: bytes = b""
    pause: float = 0.0


SILENCE = Endless(b"", b"", 0.05)
"""No answer at all."""

Answer = bytes | Endless


class EndlessServer(TrackingServer):
    """`answer` gives what is said to a message, a request's head or a command; `greeting` is said
    first, as an FTP server does."""

    def __init__(self, answer: Callable[[bytes], Answer], end: bytes = b"\r\n\r\n", greeting: Answer = b"") -> None:
        self.answer, self.end, self.greeting = answer, end, greeting
        self.messages: list[bytes] = []
        super().__init__(_Handler)

    def url(self, scheme: str = "http") -> str:
        """Of its only file."""
        return f"{scheme}://127.0.0.1:{self.port}/x.bin"


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Answer until the peer has gone, or the server stops."""
        assert isinstance(self.server, EndlessServer)
        try:
            self._converse(self.server)
        except OSError:
            return

    def _converse(self, server: EndlessServer) -> None:
        self._say(server.greeting)
        waiting = b""
        while True:
            while server.end not in waiting:
                data = self.request.recv(65536)
                if not data:
                    return
                waiting += data
            message, _, waiting = waiting.partition(server.end)
            server.messages.append(message)
            self._say(server.answer(message))

    def _say(self, answer: Answer) -> None:
        if isinstance(answer, bytes):
            self.request.sendall(answer)
            return
        self.request.sendall(answer.first)
        self.request.settimeout(answer.pause or None)
        while True:
            if answer.again:
                self.request.sendall(answer.again)
            if answer.pause and self._gone(answer.pause):
                return

    def _gone(self, seconds: float) -> bool:
        """Whether the peer closes within that time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if not self.request.recv(65536):
                    return True
            except TimeoutError:
                return False
        return False


@contextmanager
def serving(
    answer: Callable[[bytes], Answer], end: bytes = b"\r\n\r\n", greeting: Answer = b""
) -> Iterator[EndlessServer]:
    """The server for the length of a `with` block."""
    server = EndlessServer(answer, end, greeting)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.stop()


def http(status: str, *headers: str, again: bytes = b"", pause: float = 0.0) -> Endless:
    """An answer's head, and a body that never ends."""
    return Endless("\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode(), again, pause)


def partial(start: int, end: int, size: int) -> bytes:
    """The head of an answer that has these bytes of a file."""
    return (
        f"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{end}/{size}\r\n"
        f'ETag: "e"\r\nContent-Length: {end - start + 1}\r\n\r\n'
    ).encode()


def page(body: str | bytes) -> bytes:
    """An answer that is as it should be."""
    data = body.encode() if isinstance(body, str) else body
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


def ftp(said: Mapping[str, Answer]) -> Callable[[bytes], Answer]:
    """Answers of an FTP server up to the question for a file's size; `said` has others."""
    usual: dict[str, Answer] = {"USER": b"331 ok\r\n", "PASS": b"230 ok\r\n", "PWD": b'257 "/"\r\n'}
    usual |= {"SIZE": b"213 5\r\n", "MDTM": b"213 20261101000000\r\n", "TYPE": b"200 ok\r\n", **said}
    return lambda command: usual.get(command.split(b" ")[0].decode(), b"502 not here\r\n")


CHUNKED = "Transfer-Encoding: chunked"
CHUNK = b"1000\r\n" + bytes(4096) + b"\r\n"
REFUSAL = http("404 Not Found", CHUNKED, again=CHUNK)
REDIRECT = http("302 Found", "Location: /y.bin", CHUNKED, again=CHUNK)
HEADERS = Endless(b"HTTP/1.1 200 OK\r\n", b"X-More: of the same\r\n" * 100)
INTERIM = Endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
TRAILERS = Endless(b"HTTP/1.1 200 OK\r\n" + CHUNKED.encode() + b"\r\n\r\n0\r\n", b"X-More: of the same\r\n" * 100)
REPLY = Endless(b"", b"213-more: of the same\r\n" * 100)
