"""A web server with sample files, for the demo: one that serves well, and one that fails now and then."""

from __future__ import annotations

import hashlib
import itertools
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_BLOCK = 1 << 20
_RANGE = re.compile(r"bytes=(\d+)-(\d*)$")


class Sample:
    """A file of `size` bytes that no memory holds: each MiB is made from its number when it is asked for.

    Of its requests, every `fails_every`-th breaks off halfway and the one before that is answered 503.
    """

    def __init__(self, name: str, size: int, fails_every: int = 0) -> None:
        self.name, self.size, self.fails_every = name, size, fails_every
        self.failed = 0
        self._asked = itertools.count(1)

    @property
    def etag(self) -> str:
        return f'"{self.name}-{self.size}"'

    def blocks(self, first: int, length: int) -> Iterator[bytes]:
        while length:
            number, skip = divmod(first, _BLOCK)
            block = self._block(number)[skip : skip + length]
            yield block
            first += len(block)
            length -= len(block)

    def sha256(self) -> str:
        digest = hashlib.sha256()
        for block in self.blocks(0, self.size):
            digest.update(block)
        return digest.hexdigest()

    def mood(self) -> str:
        """How the next request is answered: well, broken off halfway, or refused as busy."""
        if not self.fails_every:
            return "well"
        turn = next(self._asked) % self.fails_every
        mood = {0: "breaks", self.fails_every - 1: "busy"}.get(turn, "well")
        self.failed += mood != "well"
        return mood

    def _block(self, number: int) -> bytes:
        seed = hashlib.sha256(f"{self.name} {number}".encode()).digest()
        return (seed * (_BLOCK // len(seed)))[:_BLOCK]


class SampleServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, samples: list[Sample]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.samples = {f"/{sample.name}": sample for sample in samples}

    def url(self, sample: Sample) -> str:
        return f"http://127.0.0.1:{self.server_port}/{sample.name}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has what it wanted may hang up."""


@contextmanager
def serving(*samples: Sample) -> Iterator[SampleServer]:
    with SampleServer(list(samples)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SampleServer

    def do_GET(self) -> None:
        sample = self.server.samples.get(self.path)
        if sample is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        mood = sample.mood()
        if mood == "busy":
            self._refuse()
            return
        requested = _RANGE.match(self.headers.get("Range", ""))
        first, last = 0, sample.size - 1
        if requested:
            first, last = int(requested[1]), min(int(requested[2] or last), last)
        self._head(sample, first, last, partial=requested is not None)
        length = last - first + 1
        self._body(sample, first, length // 2 if mood == "breaks" else length)
        if mood == "breaks":
            self.close_connection = True

    def _refuse(self) -> None:
        self.send_response(HTTPStatus.SERVICE_UNAVAILABLE)
        self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _head(self, sample: Sample, first: int, last: int, partial: bool) -> None:
        self.send_response(HTTPStatus.PARTIAL_CONTENT if partial else HTTPStatus.OK)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("ETag", sample.etag)
        self.send_header("Accept-Ranges", "bytes")
        if partial:
            self.send_header("Content-Range", f"bytes {first}-{last}/{sample.size}")
        self.end_headers()

    def _body(self, sample: Sample, first: int, length: int) -> None:
        for block in sample.blocks(first, length):
            self.wfile.write(block)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
        """The demo has its own words."""
