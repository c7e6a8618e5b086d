"""HTTP as the benchmarks' server speaks it: nothing is kept of a body but its CRC64NVME."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from awscrt.checksums import crc64nvme

_BUFFER = 1 << 20
Some = Callable[[int], memoryview]
"""Gives up to the requested number of bytes, valid until it is called again; none at the end."""


@dataclass(frozen=True)
class Request:
    """One request, without its body. Header names are in lower case, the path is decoded."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]

    @property
    def length(self) -> int:
        return int(self.headers.get("content-length", 0))

    @property
    def chunked(self) -> bool:
        """Whether the body is in aws-chunks, each with its length before it."""
        return "aws-chunked" in self.headers.get("content-encoding", "") or self.headers.get(
            "x-amz-content-sha256", ""
        ).startswith("STREAMING-")


class Connection:
    """A connection's bytes, read into one buffer that is used again and again."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0

    def request(self) -> Request | None:
        """The next request, None at the connection's end."""
        head = bytearray()
        while b"\r\n\r\n" not in head:
            more = self.some(_BUFFER)
            if not more:
                return None
            head += more
        text, rest = bytes(head).split(b"\r\n\r\n", 1)
        self._start -= len(rest)
        lines = text.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        return Request(method, unquote(parts.path), query, headers)

    def body(self, request: Request) -> tuple[int, int]:
        """Reads the body; its length and its CRC64NVME, without what chunks add, be they HTTP's, AWS's or both."""
        if request.headers.get("expect", "").lower() == "100-continue":
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in request.headers.get("transfer-encoding", ""):
            outer = Chunks(self.some)
            found = _drained(Chunks(outer.some).some if request.chunked else outer.some)
            _drained(outer.some)
            return found
        return _drained(Chunks(self.some).some if request.chunked else _Limited(self.some, request.length).some)

    def text(self, request: Request) -> bytes:
        """A small body."""
        found = bytearray()
        while len(found) < request.length:
            found += _surely(self.some, request.length - len(found))
        return bytes(found)

    def some(self, most: int) -> memoryview:
        """Up to `most` bytes, valid until the next call; none at the end."""
        if self._start == self._end:
            self._start, self._end = 0, self.sock.recv_into(self._view)
        stop = min(self._end, self._start + most)
        found = self._view[self._start : stop]
        self._start = stop
        return found


class _Limited:
    """The next `length` bytes. Raises ConnectionError where the connection ends before."""

    def __init__(self, some: Some, length: int) -> None:
        self._some, self._left = some, length

    def some(self, most: int) -> memoryview:
        """Up to `most` bytes; none at the end."""
        found = _surely(self._some, min(most, self._left)) if self._left else memoryview(b"")
        self._left -= len(found)
        return found


class Chunks:
    """What a body in chunks holds, each with its length before it. Raises ConnectionError where it ends too early."""

    def __init__(self, some: Some) -> None:
        self._some, self._chunk, self._begun, self._ended = some, _Limited(some, 0), False, False

    def some(self, most: int) -> memoryview:
        """Up to `most` bytes of a chunk; none at the end."""
        found = self._chunk.some(most)
        if not found and not self._ended:
            self._next()
            found = self._chunk.some(most)
        return found

    def _next(self) -> None:
        if self._begun:
            self._line()
        self._begun, size = True, int(self._line().split(b";")[0], 16)
        self._chunk = _Limited(self._some, size)
        if not size:
            self._ended = True
            while self._line():  # the trailer
                pass

    def _line(self) -> bytes:
        line = bytearray()
        while not line.endswith(b"\r\n"):
            line += _surely(self._some, 1)
        return bytes(line[:-2])


def _surely(some: Some, most: int) -> memoryview:
    found = some(most)
    if not found:
        raise ConnectionError("the body ended early")
    return found


def _drained(some: Some) -> tuple[int, int]:
    """Reads to the end; length and CRC64NVME."""
    length = crc = 0
    while found := some(_BUFFER):
        crc = crc64nvme(found, crc)
        length += len(found)
    return length, crc
