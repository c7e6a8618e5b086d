"""HTTP as the benchmarks' server speaks it: nothing is kept of a body but its CRC64NVME."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from awscrt.checksums import crc64nvme

_BUFFER = 1 << 20


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
            more = self._some(_BUFFER)
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
        """Reads the body; its length and its CRC64NVME, without what aws-chunked adds."""
        if request.headers.get("expect", "").lower() == "100-continue":
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not request.chunked:
            return self._drain(request.length, 0)
        length = crc = 0
        for size in self._chunk_sizes():
            crc = self._drain(size, crc)[1]
            length += size
        return length, crc

    def text(self, request: Request) -> bytes:
        """A small body."""
        found = bytearray()
        while len(found) < request.length:
            found += self._some(request.length - len(found))
        return bytes(found)

    def _chunk_sizes(self) -> Iterator[int]:
        while True:
            size = int(self._line().split(b";")[0] or b"0", 16)
            if size == 0:
                while self._line():  # the trailer
                    pass
                return
            yield size
            self._line()

    def _line(self) -> bytes:
        line = bytearray()
        while not line.endswith(b"\r\n"):
            more = self._some(1)
            if not more:
                raise ConnectionError("the body ended early")
            line += more
        return bytes(line[:-2])

    def _drain(self, length: int, crc: int) -> tuple[int, int]:
        left = length
        while left:
            view = self._some(left)
            if not view:
                raise ConnectionError("the body ended early")
            crc = crc64nvme(view, crc)
            left -= len(view)
        return length, crc

    def _some(self, most: int) -> memoryview:
        """Up to `most` bytes, valid until the next call; none at the end."""
        if self._start == self._end:
            self._start, self._end = 0, self.sock.recv_into(self._view)
        stop = min(self._end, self._start + most)
        found = self._view[self._start : stop]
        self._start = stop
        return found
