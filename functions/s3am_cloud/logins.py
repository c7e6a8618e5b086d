"""What a server gets besides the request for a file: headers, a user with a password, cookies.

It belongs to one place, which is a scheme, a host and a port, and is sent nowhere else: not along a redirect, and not
over http to a host that it was given for by https.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from s3am_cloud.controls import breaks_lines, is_header_name
from s3am_cloud.errors import Usage
from s3am_cloud.same_source import is_signed
from s3am_cloud.urls import NETWORK_SCHEMES, SourceUrl, place_of

Headers = tuple[tuple[str, str], ...]
# Requests have these already, or a part would not be the one that was requested, encoded as it is stored.
_OURS = {"accept-encoding", "connection", "content-length", "expect", "host", "range", "te", "transfer-encoding"}
_OURS |= {"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "upgrade"}
_HTTP_ONLY = "#HttpOnly_"
_COOKIE_FIELDS = 7
_LOGIN = re.compile(r"[^:/?#]+://[^/?#]*@")


class HostLogin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is sent to `place`, as `place_of` writes it. `cookies` are lines of a file in Netscape's format.

    With `always`, also where the URL has a login or a signature of its own.
    """

    place: str
    headers: Headers = ()
    user: str | None = None
    password: str | None = None
    cookies: tuple[str, ...] = ()
    always: bool = False

    def __repr__(self) -> str:
        return f"HostLogin({self.place!r})"


HostLogins = tuple[HostLogin, ...]


def logins_of(logins: Iterable[HostLogin], source: SourceUrl) -> HostLogins:
    """What goes with a request for that source."""
    if not logins or source.scheme not in NETWORK_SCHEMES:
        return ()
    place, own = place_of(source), brings_its_own(source)
    return tuple(one for one in logins if one.place == place and (one.always or not own))


def brings_its_own(source: SourceUrl) -> bool:
    """Whether the URL has a user, or is signed: a second login would be one too many."""
    return has_user(source) or is_signed(source.url)


def has_user(source: SourceUrl) -> bool:
    return _LOGIN.match(source.url) is not None


def header_line(text: str) -> tuple[str, str]:
    """NAME: VALUE. Raises Usage, which never repeats the value."""
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    if not colon or not is_header_name(name):
        raise Usage("a header is not NAME: VALUE", "write it in quotes, as in 'X-Auth-Token: VALUE'")
    if not value:
        raise Usage(f"the header {name} has no value", "write name and value in one pair of quotes")
    if breaks_lines(value.replace("\t", " ")):
        raise Usage(f"the header {name} has a control character", "write it in one line")
    if name.lower() in _OURS:
        raise Usage(f"the header {name} can't be given", "s3am-cloud sets it in each request")
    return name, value


def header_lines(text: str) -> Headers:
    """A header in each line; empty lines and those that begin with # are left out. Raises Usage."""
    lines = (line.strip() for line in text.splitlines())
    return tuple(header_line(line) for line in lines if line and not line.startswith("#"))


def bearer_header(token: str) -> tuple[str, str]:
    """Raises Usage for what is no token."""
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise Usage("the bearer token can't be read", "the file has the token and nothing else, in one line")
    return "Authorization", f"Bearer {token}"


def user_and_password(text: str) -> tuple[str, str]:
    """USER:PASSWORD. Raises Usage."""
    user, colon, password = text.strip("\r\n").partition(":")
    if not colon or not user or breaks_lines(user + password):
        raise Usage("a basic login is not USER:PASSWORD", "write both in one line, with a colon between them")
    return user, password


def cookie_lines(text: str) -> tuple[str, ...]:
    """The cookies of a file in Netscape's format, which browsers' extensions and curl write. Raises Usage."""
    lines = [line for line in text.splitlines() if line.strip()]
    found = tuple(line for line in lines if line.startswith(_HTTP_ONLY) or not line.startswith("#"))
    if not found or not all(map(_is_cookie, found)):
        raise Usage(
            "the cookies can't be read", "in Netscape's format each line has seven fields with tabs between them"
        )
    return found


def cookies_for(lines: Iterable[str], host: str) -> tuple[str, ...]:
    """The cookies that a browser would send to `host`; their paths and dates are left to whoever sends them."""
    return tuple(line for line in lines if _is_for(line, host.lower()))


def cookie_name(line: str) -> str:
    return line.split("\t")[_COOKIE_FIELDS - 2]


def has_expired(line: str, now: float) -> bool:
    """Whether a cookie is too old to be sent; one that ends with the browser's session has 0 there."""
    until = float(line.split("\t")[4])
    return 0 < until < now


def _is_cookie(line: str) -> bool:
    fields = line.split("\t")
    is_text = not any(breaks_lines(field) for field in fields)
    return len(fields) == _COOKIE_FIELDS and is_text and fields[4].isascii() and fields[4].isdigit()


def _is_for(line: str, host: str) -> bool:
    domain, tail = line.removeprefix(_HTTP_ONLY).split("\t")[:2]
    domain = domain.lower()
    name = domain.removeprefix(".")
    below = tail.upper() == "TRUE" or domain.startswith(".")
    return host == name or (below and host.endswith(f".{name}"))
