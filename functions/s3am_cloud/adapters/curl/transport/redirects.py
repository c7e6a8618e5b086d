"""Redirects of web servers, each judged before it is followed.

libcurl follows none by itself: what a head says on purpose to be read in two ways is then read only once, here. What
was judged is the very URL that libcurl gets. Requests that are signed, to S3, are followed nowhere at all.

A login belongs to the scheme, host and port that it was given for: that of the URL, those of ~/.netrc and what the user
gave to the first request's, a cookie to those of the server that set it. A login that a redirect brings with it is
dropped. A signed URL, to which a server redirects, is the login itself: it gets no other.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

import pycurl

from s3am_cloud.adapters.curl.transport.easy import CurlSettings, Response, go_to
from s3am_cloud.adapters.curl.transport.hosts import host_not_allowed, refused_host
from s3am_cloud.adapters.curl.transport.source_login import SourceLogin
from s3am_cloud.errors import BadSource, SecretElsewhere, TransferError
from s3am_cloud.limits import MAX_REDIRECTS
from s3am_cloud.logins import Headers, cookie_name
from s3am_cloud.same_source import is_signed
from s3am_cloud.url_prefixes import covers
from s3am_cloud.urls import SourceUrl, parse_source

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_PARTS = re.compile(r"(?P<scheme>[^:/?#]+)://(?:(?P<login>[^/?#]*)@)?(?P<host>[^/?#]*)(?P<path>[^?#]*)")
_UP = re.compile(r"(\.\.?)(?:/|(?=[?#])|$)")
_FOLLOWED = ("http", "https")
# Over these a password and the content are encrypted, and the server has shown who it is.
_SECURE = ("https", "ftps", "ftpes", "sftp")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_CHECK_URL = "check the URL, or give the URL of the file itself"


class _Place(NamedTuple):
    """Whose logins are whose."""

    scheme: str
    host: str
    port: int | None


class Redirects:
    """The way of one request: `url` is where it goes next. `name` is the source's displayable URL."""

    def __init__(self, url: str, name: str, settings: CurlSettings) -> None:
        """Raises BadSource for a host where sources may not be."""
        self.url, self.name, self._settings = url, name, settings
        self._start = url
        self._first = _place(url)
        match = _PARTS.match(url)
        self._login = (match["login"] if match else None) or ""
        self._given = SourceLogin(parse_source(url), settings)
        self._cookies: dict[_Place, list[str]] = {}
        self._count = 0
        self._check_host(url)

    @property
    def led_to(self) -> str | None:
        """The displayable URL that the last redirect led to, None where there was none."""
        return parse_source(self.url).display if self._count else None

    def prepare(self, easy: pycurl.Curl, digest: bool = False) -> None:
        """Has `easy` go where the way leads now, with the logins that belong there."""
        go_to(easy, self.url)
        # Portals set a cookie with a redirect and want it back. libcurl knows whose cookies are whose by the host only.
        easy.setopt(pycurl.COOKIEFILE, "")
        for cookie in self._own_cookies():
            easy.setopt(pycurl.COOKIELIST, cookie)
        if self.logs_in:
            self._given.use(easy, digest)

    def _own_cookies(self) -> list[str]:
        """Those that the server has set; and the user's, as they are now, where they belong."""
        given = self._given.cookies
        found = self._cookies.get(_place(self.url), [*given] if _place(self.url) == self._first else [])
        names = set() if self.logs_in else {cookie_name(line) for line in given}
        return [line for line in found if cookie_name(line) not in names]

    @property
    def logs_in(self) -> bool:
        """Whether the login of the first request's server belongs to where the way leads now."""
        return _place(self.url) == self._first and not (self._count and is_signed(self.url))

    @property
    def headers(self) -> Headers:
        """What the user gave for the server to which the way leads now."""
        return self._given.headers if self.logs_in else ()

    @property
    def has_login(self) -> bool:
        """Whether the first request's server gets any login that is not of ~/.netrc."""
        return bool(self._login) or self._given.given

    @property
    def denied_hint(self) -> str:
        """What to do where the server to which the way leads now refuses the request."""
        if self._count and not self.logs_in and self.has_login and not is_signed(self.url):
            to = _place(self.url)
            return f"it redirects to {to.scheme}://{to.host}, which gets no login of another server: give the URL there"
        return self._given.denied_hint(parse_source(self._start))

    def follow(self, easy: pycurl.Curl, response: Response) -> bool:
        """Whether the answer redirects; `url` is then the next place. Raises BadSource for one that is not followed."""
        if not response.redirects:
            return False
        self._cookies[_place(self.url)] = list(easy.getinfo(pycurl.INFO_COOKIELIST))
        self._count += 1
        if self._count > MAX_REDIRECTS:
            raise BadSource(f"{self.name}: more than {MAX_REDIRECTS} redirects", _CHECK_URL)
        self.url = self._judged(response.headers.all("Location"))
        return True

    def _judged(self, locations: list[str]) -> str:
        places = {_without_login(self._next(location)) for location in locations}
        if len(places) > 1:
            raise self._unreadable("to several places at once")
        [to] = places
        self._check_host(to.url)
        self._check_login(to)
        if urlsplit(self.url).scheme.lower() in _SECURE and to.scheme not in _SECURE:
            raise BadSource(
                f"{self.name} redirects to {to.display}, which is not encrypted", "use the URL of an https server"
            )
        return self._with_login(to.url)

    def _next(self, location: str) -> SourceUrl:
        place = location.strip(" \t")
        if not place or not all(c >= " " and c != "\x7f" for c in place):
            raise self._unreadable("to a place that can't be read")
        text = resolved(_written(place), self.url)
        scheme = text.partition(":")[0].lower()
        if scheme not in _FOLLOWED:
            raise self._unreadable(f"to a URL of the scheme {scheme}" if scheme.isalnum() else "to another scheme")
        try:
            return parse_source(text)
        except TransferError:
            # Its message may repeat what the URL holds.
            raise self._unreadable("to a place that can't be read") from None

    def _with_login(self, url: str) -> str:
        """The login of the first request's URL goes along as long as the server is the same."""
        if not self._login or _place(url) != self._first or is_signed(url):
            return url
        scheme, _, rest = url.partition("://")
        return f"{scheme}://{self._login}@{rest}"

    def _check_login(self, to: SourceUrl) -> None:
        """Keeps the login of a secret from the server's other folders, to which some pages redirect whoever asks."""
        within = self._settings.login_within if self.has_login and _place(to.url) == self._first else ()
        if within and not any(covers(prefix, to.url) for prefix in within):
            raise SecretElsewhere(f"{self.name} redirects to {to.display}, for which the secret may not be used")

    def _check_host(self, url: str) -> None:
        host = refused_host(url, self._settings.hosts)
        if host is not None:
            raise host_not_allowed(self.name, host)

    def _unreadable(self, where: str) -> BadSource:
        return BadSource(f"{self.name} redirects {where}", _CHECK_URL)


def resolved(location: str, base: str) -> str:
    """The absolute URL that a Location stands for at `base`, without a fragment. Dots within a path are left alone."""
    location = location.partition("#")[0]
    if _SCHEME.match(location):
        return location
    match = _PARTS.match(base)
    if match is None:
        return location
    root = f"{match['scheme']}://{match['host']}"
    if location.startswith("//"):
        return f"{match['scheme']}:{location}"
    if location.startswith("/"):
        return root + location
    if not location or location.startswith("?"):
        return root + match["path"] + location
    folder = match["path"].rpartition("/")[0]
    while (up := _UP.match(location)) is not None:
        folder = folder.rpartition("/")[0] if up[1] == ".." else folder
        location = location[up.end() :]
    return f"{root}{folder}/{location}"


def _written(location: str) -> str:
    """A header's value, which has one character for each byte, with what browsers make of spaces and of UTF-8."""
    raw = location.encode("iso-8859-1").replace(b" ", b"%20")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in raw)


def _without_login(source: SourceUrl) -> SourceUrl:
    match = _PARTS.match(source.url)
    if match is None or match["login"] is None:
        return source
    return SourceUrl(source.scheme, source.url.replace(f"{match['login']}@", "", 1))


def _place(url: str) -> _Place:
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    port = parts.port if parts.port is not None else _DEFAULT_PORTS.get(scheme)
    return _Place(scheme, (parts.hostname or "").lower(), port)
