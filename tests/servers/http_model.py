"""The values of a faulty HTTP server: a request, a resource, a drafted answer and the record of what was sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from servers.content import Content, Held

JANUARY = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""Last-Modified of a resource that is given none."""


@dataclass(frozen=True)
class Request:
    """A request as it was read; header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]

    def without(self, *names: str) -> "Request":
        """The same request as if it had not had these headers."""
        headers = {name: value for name, value in self.headers.items() if name not in names}
        return Request(self.method, self.path, self.query, headers)

    def with_header(self, name: str, value: str) -> "Request":
        """The same request with another header value."""
        return Request(self.method, self.path, self.query, {**self.headers, name: value})


@dataclass(frozen=True)
class RequestRecord:
    """What was asked, and what has been answered so far; `bytes_sent` counts body bytes given to the socket."""

    method: str
    path: str
    query: str
    range: str | None
    headers: Mapping[str, str]
    status: int
    bytes_sent: int


@dataclass(frozen=True)
class Resource:
    """What lives at a path; `etag` is written as on the wire, with quotes and perhaps `W/`."""

    content: Content
    etag: str | None
    last_modified: datetime | None
    content_type: str = "application/octet-stream"

    def headers(self) -> dict[str, str]:
        """The validators and the type, as headers."""
        found = {"Content-Type": self.content_type, "Accept-Ranges": "bytes"}
        if self.etag is not None:
            found["ETag"] = self.etag
        if self.last_modified is not None:
            found["Last-Modified"] = format_datetime(self.last_modified, usegmt=True)
        return found


@dataclass(frozen=True)
class Answer:
    """A drafted answer: a head, a stretch of content, and how the body is to be sent."""

    status: int
    headers: Mapping[str, str]
    content: Content = field(default_factory=lambda: Held(b""))
    first: int = 0
    length: int = 0
    framing: str = "length"
    """`length`, `chunked`, or `close`: what tells the client where the body ends."""
    cut_after: int | None = None
    reset: bool = False
    stall_after: int | None = None
    stall_seconds: float | None = None
    bytes_per_second: float | None = None
    copies: int = 1
    """How often all of it is sent."""


def plain(status: int, text: str = "", **headers: str) -> Answer:
    """A small text answer; underscores in header names stand for dashes."""
    body = Held((text or f"status {status}\n").encode())
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"Content-Type": "text/plain", **named}, body, 0, body.size)


def answer(request: Request, resource: Resource) -> Answer:
    """The answer of a server that does everything right (RFC 9110, sections 13 and 14)."""
    if not _preconditions_hold(request, resource):
        return plain(412)
    size = resource.content.size
    whole = Answer(200, resource.headers(), resource.content, 0, size)
    wanted = _range(request, size) if _range_applies(request, resource) else None
    if wanted is None:
        return whole
    first, last = wanted
    if first > last:
        return plain(416, Content_Range=f"bytes */{size}")
    headers = {**resource.headers(), "Content-Range": f"bytes {first}-{last}/{size}"}
    return Answer(206, headers, resource.content, first, last - first + 1)


def _preconditions_hold(request: Request, resource: Resource) -> bool:
    if_match = request.headers.get("if-match")
    if if_match is not None:
        return if_match.strip() == "*" or any(_strongly_equal(tag, resource.etag) for tag in if_match.split(","))
    since = request.headers.get("if-unmodified-since")
    if since is None or resource.last_modified is None:
        return True
    return resource.last_modified <= parsedate_to_datetime(since)


def _strongly_equal(tag: str, etag: str | None) -> bool:
    return etag is not None and tag.strip() == etag and not etag.startswith("W/")


def _range_applies(request: Request, resource: Resource) -> bool:
    if_range = request.headers.get("if-range")
    if if_range is None:
        return True
    if if_range.startswith(('"', "W/")):
        return _strongly_equal(if_range, resource.etag)
    return parsedate_to_datetime(if_range) == resource.last_modified


def _range(request: Request, size: int) -> tuple[int, int] | None:
    """First and last byte that are asked for; first > last if there are none; None to ignore the header."""
    unit, _, ranges = request.headers.get("range", "").partition("=")
    start, dash, stop = ranges.strip().partition("-")
    if request.method != "GET" or unit.strip() != "bytes" or not dash or not _are_numbers(start, stop):
        return None
    if not start:
        return max(size - int(stop), 0), size - 1
    return int(start), min(int(stop), size - 1) if stop else size - 1


def _are_numbers(start: str, stop: str) -> bool:
    return bool(start or stop) and all(not text or text.isdecimal() for text in (start, stop))
