"""Easy handles as every request of ours wants them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec
import pycurl

from s3am_cloud.adapters.curl.transport.guard import Guard
from s3am_cloud.adapters.curl.transport.host_gates import HostGates
from s3am_cloud.adapters.curl.transport.hosts import Hosts
from s3am_cloud.adapters.proxies import exceptions_for_curl
from s3am_cloud.controls import on_one_line
from s3am_cloud.limits import (
    BEGIN_STALLS,
    CONNECT_SECONDS,
    CURL_BUFFER,
    LEAST_RATE,
    LEAST_RATE_SECONDS,
    MAX_HEAD,
    PATIENCE_SECONDS,
    STALL_SECONDS,
)
from s3am_cloud.logins import Headers as HeaderPairs
from s3am_cloud.logins import HostLogins
from s3am_cloud.ports.pace import RateLimit

# libcurl also speaks file, gopher, dict and more, which no source of ours is.
PROTOCOLS = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS | pycurl.PROTO_FTP | pycurl.PROTO_FTPS | pycurl.PROTO_SFTP

# CURLOPT_SUPPRESS_CONNECT_HEADERS of curl.h, for which pycurl has no name.
_SUPPRESS_CONNECT_HEADERS = 265
_STATUS_LINE = re.compile(r"HTTP/\d(?:\.\d)? (\d{3})(?: |$)", re.ASCII)
_REDIRECTS = {300, 301, 302, 303, 307, 308}
_REPLY = re.compile(r"[1-5]\d\d[ -]", re.ASCII)


class CurlSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How connections are made, and to whom.

    `allow_private` admits sources at addresses that are not public, `local_files` those that are paths of this machine.
    With `hosts`, sources are at these hosts or in S3.
    """

    ca_file: str
    allow_private: bool = True
    local_files: bool = True
    hosts: Hosts = ()
    connect_seconds: int = CONNECT_SECONDS
    stall_seconds: int = STALL_SECONDS
    # The least rate of a connection, in bytes a second over a window of `least_rate_seconds`; 0 for any rate.
    least_rate: int = LEAST_RATE
    least_rate_seconds: float = LEAST_RATE_SECONDS
    user_agent: str = "s3am-cloud"
    # Whether logins of hosts that the URL gives none for are looked up in ~/.netrc.
    netrc: bool = False
    # What the user gave for some servers, and for no other.
    logins: HostLogins = ()
    # Where requests wait for their server's turn; None where no other transfer shares one.
    gates: HostGates | None = None
    # URLs below which alone the login of the source's URL may be sent, where it is a named secret's.
    login_within: tuple[str, ...] = ()
    # SSH: what servers are known by, and what we are; None stands for what is usual in ~/.ssh.
    known_hosts: str | None = None
    ssh_key: str | None = None
    # Of all connections of all processes that have it.
    rate_limit: RateLimit | None = None

    @property
    def begin_seconds(self) -> float:
        """Seconds until an answer's content begins, redirects included: two connections have to fit into a failure."""
        return BEGIN_STALLS * self.stall_seconds

    @property
    def patience(self) -> float:
        """Seconds without progress, over several connections, after which a part fails: at least two stalls."""
        return max(PATIENCE_SECONDS, 2 * self.stall_seconds)


def guard_of(settings: CurlSettings) -> Guard:
    """A guard for one request to where a user's URL leads."""
    return Guard(settings.allow_private)


def new_easy(settings: CurlSettings) -> pycurl.Curl:
    """A handle that verifies TLS, speaks HTTP/1.1, and never raises a signal."""
    easy = pycurl.Curl()
    easy.setopt(pycurl.NOSIGNAL, 1)
    easy.setopt(pycurl.CAINFO, settings.ca_file)
    easy.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    easy.setopt(pycurl.CONNECTTIMEOUT, settings.connect_seconds)
    # What a proxy answers to CONNECT is no answer of the source or the store.
    easy.setopt(_SUPPRESS_CONNECT_HEADERS, 1)
    easy.setopt(pycurl.TCP_KEEPALIVE, 1)
    easy.setopt(pycurl.TCP_KEEPIDLE, 60)
    easy.setopt(pycurl.TCP_KEEPINTVL, 30)
    easy.setopt(pycurl.USERAGENT, settings.user_agent)
    easy.setopt(pycurl.BUFFERSIZE, CURL_BUFFER)
    easy.setopt(pycurl.UPLOAD_BUFFERSIZE, CURL_BUFFER)
    # Dots in a path are part of a key, not a way up.
    easy.setopt(pycurl.PATH_AS_IS, 1)
    return easy


def as_source(easy: pycurl.Curl, settings: CurlSettings, guard: Guard) -> pycurl.Curl:
    """Makes `easy` read from where a user's URL leads: protocols and addresses restricted, redirects left to us."""
    easy.setopt(pycurl.PROTOCOLS, PROTOCOLS)
    easy.setopt(pycurl.FOLLOWLOCATION, 0)
    # libcurl leaves time spent paused, while the PUT is the slower side, out of this.
    easy.setopt(pycurl.LOW_SPEED_LIMIT, 1)
    easy.setopt(pycurl.LOW_SPEED_TIME, settings.stall_seconds)
    # Replies of FTP servers have a limit of their own, which is two minutes by default.
    easy.setopt(pycurl.FTP_RESPONSE_TIMEOUT, settings.stall_seconds)
    guard.watch(easy)
    return easy


def go_to(easy: pycurl.Curl, url: str) -> None:
    """Has the request go to `url`. libcurl finds the proxy by itself, for every redirect anew."""
    easy.setopt(pycurl.URL, url)
    exceptions = exceptions_for_curl(url)
    if exceptions is not None:
        easy.setopt(pycurl.NOPROXY, exceptions)


def set_headers(
    easy: pycurl.Curl, headers: Mapping[str, str], encoding: str = "utf-8", without: Iterable[str] = ()
) -> None:
    """`encoding` is that of what is beyond ASCII: UTF-8 as in signatures for S3. `without` are headers of libcurl's own
    that are not to be sent."""
    lines = [*_lines(headers), *[f"{name}:" for name in without]]
    easy.setopt(pycurl.HTTPHEADER, [line.encode(encoding) for line in lines])


def set_source_headers(easy: pycurl.Curl, headers: Mapping[str, str], given: HeaderPairs) -> None:
    """Those of a request to a source's server: what it said goes back in the very bytes that it came in, and what the
    user has `given` beside that in UTF-8."""
    own = [line.encode("iso-8859-1") for line in _lines(headers)]
    easy.setopt(pycurl.HTTPHEADER, [*own, *(on_one_line(f"{name}: {value}").encode() for name, value in given)])


def _lines(headers: Mapping[str, str]) -> list[str]:
    # libcurl drops a header without a value unless a semicolon follows its name.
    lines = [f"{name}: {value}" if value else f"{name};" for name, value in headers.items()]
    # Nearly always, and quicker to ask of all at once.
    if "".join(lines).isprintable():
        return lines
    return [on_one_line(line) for line in lines]


class Headers:
    """Names in any case; each may come more than once. `email.message` does more, and takes twice the time."""

    def __init__(self) -> None:
        self._values: dict[str, list[str]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._values.values()))

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def add(self, name: str, value: str) -> None:
        self._values.setdefault(name.lower(), []).append(value)

    def joined(self) -> dict[str, str]:
        """By names in lower case; of one that came more than once, all values, joined by commas."""
        return {name: ", ".join(values) for name, values in self._values.items()}

    def all(self, name: str) -> list[str]:
        """All values, in their order."""
        return self._values.get(name.lower(), [])


class Response:
    """Status and headers of the last head of an answer: those of redirects, 100 Continue and a proxy are dropped.

    A status line is the first line of a head and nothing else. A head ends with an empty line; header lines that follow
    the last head are trailers, which change nothing. `reply` is the last line that an FTP server said, which has no
    status. `explains` says that the bodies of refusals are read, for the reason in them.
    """

    def __init__(self, explains: bool = False) -> None:
        self._explains = explains
        self.status = 0
        self.headers = Headers()
        self.reply = ""
        self.length = 0
        self._in_head = self._is_file_server = self._has_body = False

    @property
    def endless(self) -> bool:
        """Whether the head is longer than any that is meant well."""
        return self.length > MAX_HEAD

    @property
    def refuses(self) -> bool:
        """Whether the status alone says that no content will come. To a challenge, libcurl may have an answer."""
        return self.status >= 400 and self.status not in {401, 407}

    @property
    def ends_at_its_head(self) -> bool:
        """Whether nobody reads its body."""
        return (self.refuses and not self._explains) or self.redirects

    @property
    def redirects(self) -> bool:
        """Whether its whole head names another place to ask at. A 300 may name one; 304 and 305 are no redirects."""
        return self.status in _REDIRECTS and "Location" in self.headers and not self._in_head

    def take_line(self, raw: bytes) -> None:
        self.length += len(raw)
        if self.endless:
            return
        line = raw.decode("iso-8859-1").rstrip("\r\n")
        if self._has_body and self.status:
            return
        if self._is_file_server or not self._in_head:
            self._take_first(line)
        elif not line:
            self._in_head = False
        else:
            self._take_header(line)

    def begin_body(self) -> None:
        """To be called with the first byte of the body: no line that comes later belongs to the head."""
        self._has_body = True

    def _take_first(self, line: str) -> None:
        status = None if self._is_file_server else _STATUS_LINE.match(line)
        if status is not None:
            self.status, self.headers, self._in_head = int(status[1]), Headers(), True
        elif _REPLY.match(line):
            # Behind the head of a proxy's CONNECT, too.
            self._is_file_server, self.status = True, 0
            self.reply = line if line[3] == " " else self.reply
        elif not self.status:
            self._take_header(line)

    def _take_header(self, line: str) -> None:
        name, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            self.headers.add(name.strip(), on_one_line(value).strip())

    def header(self, name: str) -> str | None:
        return next(iter(self.headers.all(name)), None)

    def all(self, name: str) -> str:
        """All values of a header, joined by commas; empty where it is not there."""
        return ", ".join(self.headers.all(name))


def listen(easy: pycurl.Curl, response: Response) -> None:
    """Has `response` take the answer's head. It ends the request at the end of a head whose body nobody reads, a
    redirect's or a refusal's, and where the head has no end."""

    def take(raw: bytes) -> int | None:
        response.take_line(raw)
        ends = response.endless or (response.ends_at_its_head and not raw.strip())
        return 0 if ends else None

    easy.setopt(pycurl.HEADERFUNCTION, take)
