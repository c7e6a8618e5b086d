"""A loopback proxy in front of an S3 endpoint that passes everything on, unchanged but for what its rules say.

The client addresses the proxy and signs for the proxy's host name. As the head is passed on byte for byte, Host
included, the store checks the signature against the very name that was signed. A store that answers to its own name
only, and checks no signature, is named in `Host` where that is asked for.
"""

import re
import socket
import socketserver
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self, cast
from urllib.parse import urlsplit

from servers.proxy_rules import (
    Action,
    CutReply,
    Delay,
    Do,
    EditReplyHead,
    FlipReplyBit,
    FlipRequestBit,
    Gate,
    LoseReply,
    Match,
    ProxiedRequest,
    ResetBefore,
    Respond,
    Rule,
)
from servers.sockets import TrackingServer, reset
from servers.wire import Ended, Head, Wire

_TIMEOUT = 120.0


@dataclass(frozen=True)
class ProxyRecord:
    """A request as it came; `status` is None until it is answered, and for good if the answer was withheld."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    status: int | None
    injected: tuple[Action, ...]


@dataclass
class _Entry:
    request: ProxiedRequest
    actions: tuple[Action, ...]
    status: int | None = None

    def record(self) -> ProxyRecord:
        one = self.request
        return ProxyRecord(one.method, one.path, one.query, dict(one.headers), self.status, self.actions)


@dataclass
class _Book:
    """The rules, how often each has matched, and what came; every access holds the lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    rules: list[Rule] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    log: list[_Entry] = field(default_factory=list)
    gate: Gate | None = None

    def enter(self, request: ProxiedRequest) -> _Entry:
        with self.lock:
            actions = []
            for index, rule in enumerate(self.rules):
                if rule.match.matches(request):
                    self.seen[index] += 1
                    if rule.hits(self.seen[index] - 1):
                        actions.append(rule.action)
            entry = _Entry(request, tuple(actions))
            self.log.append(entry)
            return entry


class FaultyProxy:
    """The proxy for the length of a `with` block; `upstream` is an endpoint URL (http)."""

    def __init__(self, upstream: str, names_upstream: bool = False) -> None:
        parts = urlsplit(upstream)
        self._book = _Book()
        host = parts.netloc.encode() if names_upstream else None
        self._server = _Server(self._book, (parts.hostname or "127.0.0.1", parts.port or 80), host)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._thread.join(10)

    @property
    def endpoint_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.port}"

    def add(self, match: Match, action: Action, *, skip: int = 0, times: int | None = 1) -> None:
        """Do this to matching requests after the first `skip` from now, to `times` of them (None: to all)."""
        with self._book.lock:
            self._book.rules.append(Rule(match, action, skip, times))
            self._book.seen.append(0)

    def clear(self) -> None:
        """Drop all rules."""
        with self._book.lock:
            self._book.rules.clear()
            self._book.seen.clear()

    def admit(self, gate: Gate | None) -> None:
        """Let nothing through from now on but what this gate does; None lets everything through."""
        self._book.gate = gate

    @property
    def requests(self) -> list[ProxyRecord]:
        """Every request so far, in the order of arrival."""
        with self._book.lock:
            return [entry.record() for entry in self._book.log]

    def matching(self, match: Match) -> list[ProxyRecord]:
        """The requests so far that match."""
        with self._book.lock:
            return [entry.record() for entry in self._book.log if match.matches(entry.request)]

    @property
    def connections(self) -> int:
        """TCP connections accepted so far."""
        return self._server.accepted


class _Server(TrackingServer):
    def __init__(self, book: _Book, upstream: tuple[str, int], host: bytes | None) -> None:
        self.book = book
        self.upstream = upstream
        self.host = host
        super().__init__(_Handler)


class _Handler(socketserver.BaseRequestHandler):
    """One client connection, with an upstream connection of its own."""

    def handle(self) -> None:
        server = cast(_Server, self.server)
        client = Wire(self.request)
        with socket.create_connection(server.upstream, _TIMEOUT) as connection:
            store = Wire(connection)
            try:
                while _Exchange(server, client, store).run():
                    pass
            except (Ended, ConnectionError):
                # Either side may end the connection at any time; the other side is told by its own being closed.
                return


class _Exchange:
    """One request and its answer."""

    def __init__(self, server: _Server, client: Wire, store: Wire) -> None:
        self._client = client
        self._store = store
        self._host = server.host
        self._head = client.head()
        self._gate = server.book.gate
        self._entry = server.book.enter(ProxiedRequest(self._head.first[0], self._head.first[1], self._head.headers))
        self._actions = self._entry.actions
        self._body_is_due = self._head.headers.get("expect", "").lower() != "100-continue"

    def run(self) -> bool:
        """Whether the connection can be used again."""
        for action in self._actions:
            if isinstance(action, Delay):
                time.sleep(action.seconds)
            elif isinstance(action, Do) and not action.after:
                action.what()
            elif isinstance(action, Respond):
                return self._respond(action)
            elif isinstance(action, ResetBefore):
                self._read_body()
                reset(self._client.socket)
                return False
        denied = self._gate.before(self._entry.request) if self._gate else None
        return self._respond(denied) if denied else self._pass_on()

    def _respond(self, action: Respond) -> bool:
        self._read_body()
        self._entry.status = action.status
        self._client.send(action.reply(self._head.first[0]))
        return False

    def _read_body(self) -> None:
        """Take the body and drop it, because closing with unread data would reset the connection.

        A client that waits for 100 Continue is not asked for its body.
        """
        if self._body_is_due:
            for _ in self._client.request_body(self._head):
                pass

    def _pass_on(self) -> bool:
        self._store.send(_named(self._head.raw, self._host))
        answer = None if self._body_is_due else self._interim()
        refused = answer is not None
        whole = not refused and self._send_body()
        answer = answer or self._store.head()
        for action in self._actions:
            if isinstance(action, Do) and action.after:
                action.what()
        if any(isinstance(action, LoseReply) for action in self._actions):
            for _ in self._store.answer_body(answer, self._head.first[0]):
                pass
            reset(self._client.socket)
            return False
        hidden = self._gate.after(self._entry.request, answer.status) if self._gate else None
        if hidden is not None:
            self._entry.status = hidden.status
            self._client.send(hidden.reply(self._head.first[0]))
            return False
        self._entry.status = answer.status
        complete = self._send_answer(answer)
        return complete and whole and answer.keeps and self._head.keeps

    def _interim(self) -> Head | None:
        """Pass on 100 Continue and give None; or give the final answer, if that came in its place."""
        answer = self._store.head()
        if answer.status != 100:
            return answer
        self._client.send(answer.raw)
        return None

    def _send_body(self) -> bool:
        """Pass the body on; false if the store stopped listening, which it does when it refuses a request early."""
        flips = {one.at: one.bit for one in self._actions if isinstance(one, FlipRequestBit)}
        for data in _flipped(self._client.request_body(self._head), flips):
            try:
                self._store.send(data)
            except ConnectionError:
                return False
        return True

    def _send_answer(self, answer: Head) -> bool:
        """Pass the answer on; false if it was cut short."""
        flips = {one.at: one.bit for one in self._actions if isinstance(one, FlipReplyBit)}
        cuts = [one.after for one in self._actions if isinstance(one, CutReply)]
        left = min(cuts) if cuts else None
        self._client.send(_edited(answer.raw, self._actions))
        for data in _flipped(self._store.answer_body(answer, self._head.first[0]), flips):
            if left is not None and len(data) >= left:
                self._client.send(data[:left])
                reset(self._client.socket)
                return False
            self._client.send(data)
            left = None if left is None else left - len(data)
        return True


def _named(head: bytes, host: bytes | None) -> bytes:
    """The head with another `Host`, if one is given."""
    return head if host is None else re.sub(rb"(?im)^host:[^\r\n]*", b"Host: " + host, head)


def _edited(head: bytes, actions: tuple[Action, ...]) -> bytes:
    for action in actions:
        if isinstance(action, EditReplyHead):
            head = re.sub(action.pattern, action.by, head, flags=re.IGNORECASE)
    return head


def _flipped(pieces: Iterator[bytes], flips: Mapping[int, int]) -> Iterator[bytes]:
    """The pieces with the bits at these offsets turned over."""
    start = 0
    for piece in pieces:
        hit = {at - start: bit for at, bit in flips.items() if start <= at < start + len(piece)}
        start += len(piece)
        changed = bytearray(piece)
        for at, bit in hit.items():
            changed[at] ^= 1 << bit
        yield bytes(changed) if hit else piece
