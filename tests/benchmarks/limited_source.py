"""An HTTP source that gives each connection, or all together, so much a second, or is too busy for more than some.

python -m benchmarks.limited_source SIZE EACH TOTAL MOST       bytes, MB/s, MB/s, connections; prints its port
"""

from __future__ import annotations

import json
import os
import socketserver
import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

_SLICE = 1 << 18
_BLOCK = os.urandom(_SLICE)
_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Kind:
    """MB/s of each connection and of all, 0 for any; the requests that are answered at once, 0 for any number."""

    each: int = 0
    total: int = 0
    most: int = 0


class Pace:
    """Bytes a second that many share. Nobody saves up what was not taken."""

    def __init__(self, rate: int) -> None:
        self._rate, self._free, self._lock = rate * 10**6, 0.0, threading.Lock()

    def wait(self, count: int) -> None:
        if not self._rate:
            return
        with self._lock:
            begin = max(self._free, time.monotonic() - 0.01)
            self._free = end = begin + count / self._rate
        time.sleep(max(0.0, end - time.monotonic()))


class Source:
    """What the server serves, and what it has seen."""

    def __init__(self, size: int, kind: Kind) -> None:
        self.size, self.kind, self.total = size, kind, Pace(kind.total)
        self._lock, self._busy = threading.Lock(), 0
        self.refused, self.at_once = 0, list[int]()

    def enter(self) -> bool:
        with self._lock:
            if self.kind.most and self._busy >= self.kind.most:
                self.refused += 1
                return False
            self._busy += 1
            return True

    def leave(self) -> None:
        with self._lock:
            self._busy -= 1

    def look(self) -> None:
        """Notes how many requests are being answered, again and again."""
        while True:
            time.sleep(_LOOK_SECONDS)
            if self._busy:
                self.at_once.append(self._busy)


class Server(ThreadingHTTPServer):
    request_queue_size = 256

    def __init__(self, source: Source) -> None:
        self.source = source
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: socketserver.BaseServer

    @property
    def source(self) -> Source:
        return cast(Server, self.server).source

    def do_HEAD(self) -> None:
        self._head(200, self.source.size)

    def do_GET(self) -> None:
        if self.path == "/seen":
            self._json({"at_once": self.source.at_once, "refused": self.source.refused})
        elif not self.source.enter():
            self._head(503, 0)
        else:
            try:
                self._range()
            finally:
                self.source.leave()

    def _range(self) -> None:
        first, _, last = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        begin, end = int(first), int(last or self.source.size - 1)
        self._head(206, end - begin + 1, f"bytes {begin}-{end}/{self.source.size}")
        own, at = Pace(self.source.kind.each), begin
        while at <= end:
            data = memoryview(_BLOCK)[at % _SLICE :][: end + 1 - at]
            self.source.total.wait(len(data))
            own.wait(len(data))
            self.connection.sendall(data)
            at += len(data)

    def _head(self, status: int, length: int, content_range: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", '"one"')
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()

    def _json(self, document: object) -> None:
        body = json.dumps(document).encode()
        self._head(200, len(body))
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Nobody reads it."""


def main(size: int, each: int, total: int, most: int) -> None:
    source = Source(size, Kind(each, total, most))
    server = Server(source)
    threading.Thread(target=source.look, daemon=True).start()
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:5]))
