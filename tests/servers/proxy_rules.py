"""What a faulty proxy does to which requests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape


@dataclass(frozen=True)
class ProxiedRequest:
    """The head of a request as it came; header names in lower case, values of repeated names joined by a comma."""

    method: str
    target: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The query's names and values; an empty value where there is none."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))


@dataclass(frozen=True)
class Match:
    """Which requests: by method, by what the query must have, by names that it must not have, and by a header."""

    method: str
    query: Mapping[str, str | None] = field(default_factory=dict)
    """A value to be equal to, or None for any."""
    without: tuple[str, ...] = ()
    header: tuple[str, str] | None = None
    """A header's name in lower case, and what its value begins with."""
    lacks: tuple[str, str] | None = None
    """The same of a header that the request must not have: what a bucket's policy denies."""

    def matches(self, request: ProxiedRequest) -> bool:
        """Whether this request is meant."""
        query = request.query
        return (
            request.method == self.method
            and all(name in query and value in (None, query[name]) for name, value in self.query.items())
            and not any(name in query for name in self.without)
            and (self.header is None or _has(request, *self.header))
            and (self.lacks is None or not _has(request, *self.lacks))
        )


def _has(request: ProxiedRequest, name: str, value: str) -> bool:
    return request.headers.get(name, "").startswith(value)


CREATE_UPLOAD = Match("POST", {"uploads": None})
COMPLETE_UPLOAD = Match("POST", {"uploadId": None})
ABORT_UPLOAD = Match("DELETE", {"uploadId": None})
LIST_PARTS = Match("GET", {"uploadId": None})
UPLOAD_PART = Match("PUT", {"uploadId": None, "partNumber": None})
PUT_OBJECT = Match("PUT", {}, without=("uploadId",))
GET_OBJECT = Match("GET", {}, without=("uploadId", "uploads", "list-type", "location", "versioning"))
HEAD = Match("HEAD")
LIST_UPLOADS = Match("GET", {"uploads": None})
GET_TAGS = Match("GET", {"tagging": None})
TRAILED_PUT = Match("PUT", header=("x-amz-content-sha256", "STREAMING"))
PLAIN_PUT = Match("PUT", header=("x-amz-content-sha256", "UNSIGNED-PAYLOAD"))


def upload_part(number: int) -> Match:
    """UploadPart (or UploadPartCopy) of this part."""
    return Match("PUT", {"uploadId": None, "partNumber": str(number)})


@dataclass(frozen=True)
class Respond:
    """Answer with an S3 error, without a word to the store."""

    status: int
    code: str
    retry_after: int | None = None
    body: bytes | None = None
    """Instead of the error."""
    message: str = "made by the tests"
    headers: tuple[tuple[str, str], ...] = ()

    def reply(self, method: str = "GET") -> bytes:
        """The whole answer, head and body; that to a HEAD has none."""
        body = _error_xml(self.code, self.message) if self.body is None else self.body
        more = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        retry = f"Retry-After: {self.retry_after}\r\n" if self.retry_after is not None else ""
        return _head(self.status, body, retry + more) + (b"" if method == "HEAD" else body)


SLOW_DOWN = Respond(503, "SlowDown")
INTERNAL_ERROR = Respond(500, "InternalError")
REQUEST_TIMEOUT = Respond(400, "RequestTimeout")
ACCESS_DENIED = Respond(403, "AccessDenied")
ERROR_IN_200 = Respond(200, "InternalError")
"""What CompleteMultipartUpload may answer: 200, and an error in the body. The store is not told."""


@dataclass(frozen=True)
class ResetBefore:
    """Reset the client's connection once its request has come, without a word to the store."""


@dataclass(frozen=True)
class LoseReply:
    """Let the store do what is asked, then reset the client's connection in place of the answer."""


@dataclass(frozen=True)
class Delay:
    """Wait the given seconds before the request is passed on."""

    seconds: float


@dataclass(frozen=True)
class FlipRequestBit:
    """Turn over a bit of the request's body, at this offset of what is on the wire (framing included)."""

    at: int
    bit: int = 0


@dataclass(frozen=True)
class FlipReplyBit:
    """Turn over a bit of the answer's body, at this offset."""

    at: int
    bit: int = 0


@dataclass(frozen=True)
class CutReply:
    """Reset the client's connection after the given bytes of the answer's body."""

    after: int


@dataclass(frozen=True)
class EditReplyHead:
    """Replace what this pattern finds in the head of the answer."""

    pattern: bytes
    by: bytes


@dataclass(frozen=True)
class Do:
    """Do this when the request has come, or (`after`) when the store has answered it; then go on."""

    what: Callable[[], object]
    after: bool = False


Action = Respond | ResetBefore | LoseReply | Delay | FlipRequestBit | FlipReplyBit | CutReply | EditReplyHead | Do


class Gate(Protocol):
    """Who decides for a user what the store may do and say."""

    def before(self, request: ProxiedRequest) -> Respond | None:
        """What is answered in the store's place, None where it is asked."""

    def after(self, request: ProxiedRequest, status: int) -> Respond | None:
        """What is answered in place of the store's answer with that status, None where it is passed on."""


@dataclass(frozen=True)
class Rule:
    """An action on the matching requests that come after the first `skip`, on `times` of them (None: on all)."""

    match: Match
    action: Action
    skip: int = 0
    times: int | None = 1

    def hits(self, number: int) -> bool:
        """Whether the matching request of this number, from 0, is to suffer."""
        return number >= self.skip and (self.times is None or number < self.skip + self.times)


def _error_xml(code: str, message: str) -> bytes:
    text = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message><RequestId>0</RequestId></Error>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def _head(status: int, body: bytes, extra: str) -> bytes:
    lines = f"HTTP/1.1 {status} Injected\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
    return f"{lines}{extra}Connection: close\r\n\r\n".encode()
