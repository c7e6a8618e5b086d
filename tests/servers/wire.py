"""HTTP/1.1 messages as they are on the wire: heads kept byte for byte, bodies passed on as they come."""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from servers.content import BLOCK


class Ended(Exception):
    """The peer has closed the connection."""


@dataclass(frozen=True)
class Head:
    """The head of a message: its bytes, its first line's words, and its headers (names in lower case)."""

    raw: bytes
    first: tuple[str, ...]
    headers: Mapping[str, str]

    @property
    def status(self) -> int:
        """The status, if it is an answer's head."""
        return int(self.first[1])

    @property
    def keeps(self) -> bool:
        """Whether the connection stays open behind this message."""
        return self.headers.get("connection", "").lower() != "close"


class Wire:
    """A connection that is read with a buffer, so that a head can be told from what follows it."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._buffer = b""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes | bytearray) -> None:
        """Send all of it. OSError if the peer has gone."""
        self.socket.sendall(data)

    def head(self) -> Head:
        """The next message's head. Ended if there is none."""
        raw = self._until(b"\r\n\r\n")
        lines = raw.decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        for line in filter(None, lines[1:]):
            name, _, value = line.partition(":")
            known = headers.get(name.lower())
            headers[name.lower()] = value.strip() if known is None else f"{known},{value.strip()}"
        return Head(raw, tuple(lines[0].split(" ", 2)), headers)

    def request_body(self, head: Head) -> Iterator[bytes]:
        """The body that follows a request's head, framing included."""
        return self._body(head, until_end=False)

    def answer_body(self, head: Head, method: str) -> Iterator[bytes]:
        """The body that follows an answer's head, framing included."""
        if method == "HEAD" or head.status in (204, 304):
            return iter(())
        return self._body(head, until_end=True)

    def _body(self, head: Head, *, until_end: bool) -> Iterator[bytes]:
        if head.headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunks()
        if "content-length" in head.headers:
            return self._exactly(int(head.headers["content-length"]))
        return self._rest() if until_end else iter(())

    def _chunks(self) -> Iterator[bytes]:
        while True:
            line = self._until(b"\r\n")
            size = int(line.split(b";")[0], 16)
            yield line
            if size == 0:
                break
            yield from self._exactly(size + 2)
        while (line := self._until(b"\r\n")) != b"\r\n":
            yield line
        yield line

    def _exactly(self, size: int) -> Iterator[bytes]:
        while size:
            data = self._take(size)
            size -= len(data)
            yield data

    def _rest(self) -> Iterator[bytes]:
        while True:
            try:
                yield self._take(BLOCK)
            except Ended:
                return

    def _take(self, most: int) -> bytes:
        if not self._buffer:
            self._buffer = self._receive()
        taken, self._buffer = self._buffer[:most], self._buffer[most:]
        return taken

    def _until(self, mark: bytes) -> bytes:
        while (at := self._buffer.find(mark)) < 0:
            self._buffer += self._receive()
        at += len(mark)
        taken, self._buffer = self._buffer[:at], self._buffer[at:]
        return taken

    def _receive(self) -> bytes:
        data = self.socket.recv(BLOCK)
        if not data:
            raise Ended
        return data
