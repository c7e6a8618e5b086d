"""A loopback HTTP/1.1 server with real sockets that can go wrong in every way that sources do."""

import select
import socketserver
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from typing import Self, cast
from urllib.parse import quote

from servers import http_model
from servers.certificates import Certificate
from servers.content import BLOCK, Content, as_content
from servers.faults import Fault
from servers.http_model import JANUARY, Answer, Request, RequestRecord, Resource
from servers.sockets import TrackingServer, reset

_TICK = 0.05
"""Seconds between two looks at whether a stalled connection has been given up by its client."""


@dataclass
class _Entry:
    """A request as it is being answered."""

    request: Request
    status: int = 0
    bytes_sent: int = 0

    def record(self) -> RequestRecord:
        asked = self.request
        wanted = asked.headers.get("range")
        return RequestRecord(
            asked.method, asked.path, asked.query, wanted, dict(asked.headers), self.status, self.bytes_sent
        )


@dataclass
class _Site:
    """What a server serves, and what has been asked of it; every access holds the lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    resources: dict[str, Resource] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    seen: dict[tuple[str, int], int] = field(default_factory=dict)
    log: list[_Entry] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    busy: int = 0
    most_busy: int = 0

    def take(self, request: Request) -> tuple[_Entry, Answer]:
        """Log the request and draft its answer."""
        entry = _Entry(request)
        with self.lock:
            self.log.append(entry)
            faults = self._hitting(request)
            resource = self.resources.get(request.path)
            if resource is None:
                drafted = http_model.plain(404)
            else:
                for fault in faults:
                    resource = fault.change_resource(resource)
                self.resources[request.path] = resource
                drafted = _answer(request, resource, faults)
            entry.status = drafted.status
        return entry, drafted

    def _hitting(self, request: Request) -> list[Fault]:
        hitting = []
        for index, fault in enumerate(self.faults.get(request.path, [])):
            if fault.matches(request):
                number = self.seen.get((request.path, index), 0)
                self.seen[request.path, index] = number + 1
                if fault.hits(number):
                    hitting.append(fault)
        return hitting

    def occupy(self, change: int) -> None:
        """Count a request in (1) or out (-1)."""
        with self.lock:
            self.busy += change
            self.most_busy = max(self.busy, self.most_busy)


def _answer(request: Request, resource: Resource, faults: Sequence[Fault]) -> Answer:
    taken = request
    for fault in faults:
        taken = fault.change_request(taken)
    drafted = http_model.answer(taken, resource)
    for fault in faults:
        drafted = fault.change_answer(request, drafted)
    return drafted


class FaultyHttp:
    """A server on 127.0.0.1 for the length of a `with` block; resources and faults may be added while it runs."""

    def __init__(self, certificate: Certificate | None = None) -> None:
        """HTTP, or HTTPS under the certificate."""
        self._scheme = "https" if certificate else "http"
        self._site = _Site()
        self._server = _Server(self._site, certificate)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._site.ended.set()
        self._site.released.set()
        self._server.stop()
        self._thread.join(10)

    @property
    def port(self) -> int:
        """The TCP port."""
        return self._server.port

    def url(self, path: str, *, login: str = "") -> str:
        """The URL of a path; `login` is `user:password` to be written into it."""
        at = f"{login}@" if login else ""
        return f"{self._scheme}://{at}127.0.0.1:{self.port}{quote(path, safe='/?=&%')}"

    def add(
        self,
        path: str,
        data: bytes | Content,
        *faults: Fault,
        etag: str | None = '"first"',
        last_modified: datetime | None = JANUARY,
        content_type: str = "application/octet-stream",
    ) -> str:
        """Serve data at a path, with these faults, and give its URL. `etag` is written as on the wire, with quotes."""
        with self._site.lock:
            self._site.resources[quote(path)] = Resource(as_content(data), etag, last_modified, content_type)
        self.set_faults(path, *faults)
        return self.url(path)

    def set_faults(self, path: str, *faults: Fault) -> None:
        """Put these faults in the place of a path's faults, and count its requests from 0 again."""
        name = quote(path)
        with self._site.lock:
            self._site.faults[name] = list(faults)
            self._site.seen = {key: count for key, count in self._site.seen.items() if key[0] != name}

    def remove(self, path: str) -> None:
        """Answer 404 at this path from now on."""
        with self._site.lock:
            del self._site.resources[quote(path)]

    def release(self) -> None:
        """Let every stalled answer go on, those to come too."""
        self._site.released.set()

    @property
    def requests(self) -> list[RequestRecord]:
        """Every request so far, in the order of arrival."""
        with self._site.lock:
            return [entry.record() for entry in self._site.log]

    def requests_for(self, path: str, method: str = "GET") -> list[RequestRecord]:
        """The requests of a method for a path."""
        return [one for one in self.requests if one.path == quote(path) and one.method == method]

    def bytes_sent(self, path: str) -> int:
        """Body bytes given to sockets for a path."""
        return sum(one.bytes_sent for one in self.requests if one.path == quote(path))

    @property
    def connections(self) -> int:
        """TCP connections accepted so far."""
        return self._server.accepted

    @property
    def most_at_once(self) -> int:
        """The largest number of requests that were being answered at the same time."""
        with self._site.lock:
            return self._site.most_busy


class _Server(TrackingServer):
    def __init__(self, site: _Site, certificate: Certificate | None) -> None:
        self.site = site
        super().__init__(_Handler, certificate)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: socketserver.BaseServer

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
            # A client may end a kept connection the hard way, or not trust the certificate.
            self.close_connection = True

    def do_GET(self) -> None:
        self._respond()

    def do_HEAD(self) -> None:
        self._respond()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Nothing: the log is `FaultyHttp.requests`."""

    @property
    def site(self) -> _Site:
        return cast(_Server, self.server).site

    def _respond(self) -> None:
        site = self.site
        site.occupy(1)
        try:
            path, _, query = self.path.partition("?")
            headers = {name.lower(): value for name, value in self.headers.items()}
            entry, answer = site.take(Request(self.command, path, query, headers))
            for _ in range(answer.copies):
                self._head(answer)
                if self.command != "HEAD":
                    self._body(answer, entry)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            # The client has had enough, which is its right; what it took is in the record.
            self.close_connection = True
        finally:
            site.occupy(-1)

    def _head(self, answer: Answer) -> None:
        if not answer.status:
            self.close_connection = True
            return  # a body without a head, as HTTP/0.9 had it
        self.send_response(answer.status)
        for name, value in _framing(answer).items():
            self.send_header(name, value)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _body(self, answer: Answer, entry: _Entry) -> None:
        end = answer.length if answer.cut_after is None else min(answer.cut_after, answer.length)
        sent = 0
        while sent < end:
            if sent == answer.stall_after and not self._stalled(answer):
                return
            step = min(end - sent, _step(answer, sent))
            entry.bytes_sent += step
            self._send(answer, sent, step)
            sent += step
            if answer.bytes_per_second:
                self.site.ended.wait(step / answer.bytes_per_second)
        self._finish(answer, sent)

    def _send(self, answer: Answer, sent: int, step: int) -> None:
        data = answer.content.read(answer.first + sent, step)
        if answer.framing == "chunked":
            self.wfile.write(b"%x\r\n" % step)
        self.wfile.write(data)
        if answer.framing == "chunked":
            self.wfile.write(b"\r\n")

    def _finish(self, answer: Answer, sent: int) -> None:
        cut = answer.cut_after is not None and sent < answer.length
        if cut and answer.reset:
            reset(self.connection)
        elif answer.framing == "chunked" and not cut:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = self.close_connection or cut or answer.framing == "close"

    def _stalled(self, answer: Answer) -> bool:
        """Wait; whether to go on (not so if the client has gone or the server ends)."""
        deadline = None if answer.stall_seconds is None else time.monotonic() + answer.stall_seconds
        while not self.site.released.wait(_TICK):
            if select.select([self.connection], [], [], 0)[0]:
                self.close_connection = True
                return False
            if deadline is not None and time.monotonic() >= deadline:
                break
        self.close_connection = self.close_connection or self.site.ended.is_set()
        return not self.site.ended.is_set()


def _step(answer: Answer, sent: int) -> int:
    step = BLOCK
    if answer.bytes_per_second:
        step = min(step, max(int(answer.bytes_per_second / 20), 1))
    if answer.stall_after is not None and sent < answer.stall_after:
        step = min(step, answer.stall_after - sent)
    return step


def _framing(answer: Answer) -> Mapping[str, str]:
    if answer.framing == "chunked":
        return {"Transfer-Encoding": "chunked"}
    if answer.framing == "close":
        return {"Connection": "close"}
    return {"Content-Length": str(answer.length)}
