"""What can be wrong with an HTTP source, one small fault each, to be combined at will.

Every fault counts the requests that it matches: the first `skip` pass unharmed, the next `times` (or all) are hit.
"""

import base64
import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import ClassVar

from servers.content import Content, Flipped, Held, as_content, blocks
from servers.http_model import Answer, Request, Resource, plain


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong; `where` narrows down which requests it matches."""

    methods: ClassVar[tuple[str, ...]] = ("GET",)
    times: int | None = None
    skip: int = 0
    where: Callable[[Request], bool] | None = None

    def matches(self, request: Request) -> bool:
        """Whether this request counts for the fault."""
        return request.method in self.methods and (self.where is None or self.where(request))

    def hits(self, number: int) -> bool:
        """Whether the matching request of this number, from 0, is to suffer."""
        return number >= self.skip and (self.times is None or number < self.skip + self.times)

    def change_resource(self, resource: Resource) -> Resource:
        """What the resource is from now on, for every request."""
        return resource

    def change_request(self, request: Request) -> Request:
        """The request as the server takes it."""
        return request

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        """The answer as the server gives it."""
        return answer


@dataclass(frozen=True, kw_only=True)
class IgnoreRanges(Fault):
    """Answers a range request with 200 and the whole content; `advertise=False` drops Accept-Ranges as well."""

    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD")
    advertise: bool = False

    def change_request(self, request: Request) -> Request:
        return request.without("range", "if-range")

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        return answer if self.advertise else _without_headers(answer, "Accept-Ranges")


@dataclass(frozen=True, kw_only=True)
class IgnoreConditions(Fault):
    """Takes no notice of If-Match, If-Unmodified-Since and If-Range, as some content delivery networks do."""

    def change_request(self, request: Request) -> Request:
        return request.without("if-match", "if-unmodified-since", "if-range")


@dataclass(frozen=True, kw_only=True)
class CapRange(Fault):
    """Answers a range with at most `most` bytes of it, under a Content-Range that says so (which is allowed)."""

    most: int

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        if answer.status != 206:
            return answer
        length = min(answer.length, self.most)
        text = f"bytes {answer.first}-{answer.first + length - 1}/{answer.content.size}"
        return replace(_with_headers(answer, {"Content-Range": text}), length=length)


@dataclass(frozen=True, kw_only=True)
class NoLength(Fault):
    """Sends no Content-Length: chunked, or (`chunked=False`) a body that ends with the connection."""

    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD")
    chunked: bool = True

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        return replace(answer, framing="chunked" if self.chunked else "close")


@dataclass(frozen=True, kw_only=True)
class HeadRefused(Fault):
    """Refuses HEAD, with 405 or another status."""

    methods: ClassVar[tuple[str, ...]] = ("HEAD",)
    status: int = 405

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        return plain(self.status)


@dataclass(frozen=True, kw_only=True)
class HeadLies(Fault):
    """Answers HEAD with another Content-Length than the content has."""

    methods: ClassVar[tuple[str, ...]] = ("HEAD",)
    length: int

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        return replace(answer, length=self.length)


@dataclass(frozen=True, kw_only=True)
class Truncate(Fault):
    """Closes the connection in good order after `after` body bytes, short of what the head promised."""

    after: int

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        return replace(answer, cut_after=self.after)


@dataclass(frozen=True, kw_only=True)
class Reset(Truncate):
    """Resets the connection (RST) after `after` body bytes."""

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        return replace(answer, cut_after=self.after, reset=True)


@dataclass(frozen=True, kw_only=True)
class Stall(Fault):
    """Falls silent after `after` body bytes, for `seconds` or until the server's `release()`; then goes on."""

    after: int
    seconds: float | None = None

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        return replace(answer, stall_after=self.after, stall_seconds=self.seconds)


@dataclass(frozen=True, kw_only=True)
class Slow(Fault):
    """Sends the body at a limited rate, each connection by itself."""

    bytes_per_second: float

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        return replace(answer, bytes_per_second=self.bytes_per_second)


@dataclass(frozen=True, kw_only=True)
class ContentChanges(Fault):
    """After `skip` GETs there is other content under another ETag, for good, for HEAD too."""

    to: bytes | Content
    etag: str | None = '"changed"'
    last_modified: datetime | None = None

    def change_resource(self, resource: Resource) -> Resource:
        changed = self.last_modified or resource.last_modified
        return replace(resource, content=as_content(self.to), etag=self.etag, last_modified=changed)


@dataclass(frozen=True, kw_only=True)
class WrongContentRange(Fault):
    """Answers 206 with a Content-Range moved by `shift`, or with a total that is wrong by `total_shift`."""

    shift: int = 0
    total_shift: int = 0

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        if answer.status != 206:
            return answer
        first = answer.first + self.shift
        text = f"bytes {first}-{first + answer.length - 1}/{answer.content.size + self.total_shift}"
        return _with_headers(answer, {"Content-Range": text})


@dataclass(frozen=True, kw_only=True)
class OtherRange(Fault):
    """Answers with the range `shift` bytes further on, under a Content-Range that says so: another request's answer."""

    shift: int

    def change_request(self, request: Request) -> Request:
        first, _, last = request.headers.get("range", "").removeprefix("bytes=").partition("-")
        if not (first and last):
            return request
        return request.with_header("range", f"bytes={int(first) + self.shift}-{int(last) + self.shift}")


@dataclass(frozen=True, kw_only=True)
class Relabelled(OtherRange):
    """Does the same, and says that it is the range that was asked for."""

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        if answer.status != 206:
            return answer
        first = answer.first - self.shift
        text = f"bytes {first}-{first + answer.length - 1}/{answer.content.size}"
        return _with_headers(answer, {"Content-Range": text})


@dataclass(frozen=True, kw_only=True)
class SentTwice(Fault):
    """Sends the whole answer, head and body, a second time on the same connection."""

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        return replace(answer, copies=2)


@dataclass(frozen=True, kw_only=True)
class NoContentRange(Fault):
    """Answers 206 without saying which range it is."""

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        return _without_headers(answer, "Content-Range")


@dataclass(frozen=True, kw_only=True)
class Status(Fault):
    """Answers with this status instead, with Retry-After if given (seconds or a date); 0 stands for no head at all."""

    status: int
    retry_after: str | None = None
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD")

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        return plain(self.status) if self.retry_after is None else plain(self.status, Retry_After=self.retry_after)


@dataclass(frozen=True, kw_only=True)
class Redirect(Fault):
    """Sends the client to `to` (a path or a URL) by way of `hops` redirects; to its own path, it is a loop."""

    to: str
    hops: int = 1
    status: int = 302
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD")

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        hop = int(request.query.removeprefix("hop=") or 0) if request.query.startswith("hop=") else 0
        place = self.to if hop + 1 >= self.hops else f"{request.path}?hop={hop + 1}"
        return plain(self.status, Location=place)


@dataclass(frozen=True, kw_only=True)
class Gzipped(Fault):
    """Compresses the whole content and says so in Content-Encoding, whatever the client accepts."""

    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD")

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        packed = _packed(answer.content)  # type: ignore[arg-type]  # all kinds are frozen
        head = _with_headers(_without_headers(answer, "Content-Range"), {"Content-Encoding": "gzip"})
        return replace(head, status=200, content=packed, first=0, length=packed.size)


@dataclass(frozen=True, kw_only=True)
class FlipBit(Fault):
    """Turns over one bit of the byte at offset `at` of the content, in every answer that holds that byte."""

    at: int
    bit: int = 0

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        return replace(answer, content=Flipped(answer.content, self.at, self.bit))


@dataclass(frozen=True, kw_only=True)
class BasicAuth(Fault):
    """Answers 401 unless the request carries this user name and password."""

    user: str
    password: str
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD")

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        wanted = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if request.headers.get("authorization") == wanted:
            return answer
        return plain(401, WWW_Authenticate='Basic realm="tests"')


@dataclass(frozen=True, kw_only=True)
class NeedsHeader(Fault):
    """Answers 403 unless the request carries this header."""

    name: str
    value: str
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD")

    def change_answer(self, request: Request, answer: Answer) -> Answer:
        return answer if request.headers.get(self.name.lower()) == self.value else plain(403)


@lru_cache(maxsize=4)
def _packed(content: Content) -> Held:
    return Held(gzip.compress(b"".join(blocks(content)), compresslevel=1, mtime=0))


def _with_headers(answer: Answer, headers: Mapping[str, str]) -> Answer:
    return replace(answer, headers={**answer.headers, **headers})


def _without_headers(answer: Answer, *names: str) -> Answer:
    return replace(answer, headers={name: value for name, value in answer.headers.items() if name not in names})
