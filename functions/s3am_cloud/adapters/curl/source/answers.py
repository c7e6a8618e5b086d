"""What a source's answer means: the range that was asked for, of the version that was pinned, or a named error."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pycurl

from s3am_cloud.adapters.curl.source.validators import shown_header, version_error
from s3am_cloud.adapters.curl.transport.easy import Response
from s3am_cloud.adapters.proxies import proxy_error, proxy_for
from s3am_cloud.adapters.s3.codes import UNFOLLOWED, source_error_for
from s3am_cloud.adapters.s3.refusals import error_code, error_message
from s3am_cloud.errors import (
    AccessDenied,
    BadSource,
    SourceBusy,
    SourceChanged,
    SourceNotFound,
    SourceUnavailable,
    TransferError,
)
from s3am_cloud.limits import LONGEST_RETRY_AFTER
from s3am_cloud.model import Part, SourceInfo

# As old servers write it, too: without its unit, or with a colon or an equals sign behind that. More than 18 digits are
# no number of bytes.
_CONTENT_RANGE = re.compile(
    r"(?:bytes(?:\s+|\s*[=:]\s*))?(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.IGNORECASE | re.ASCII
)
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
# 421 is an answer to the connection, not to what was asked over it (RFC 9110, section 15.5.20).
BUSY = {421, 429, 503}
# What is the content itself: other statuses come with words about it, or with something that was made of it.
CONTENT = {200, 206}
# CURLE_TOO_LARGE, for which pycurl has no name: more headers than any answer has.
_TOO_LARGE = 100
# libcurl's error numbers that no second try will fix.
_FINAL = {
    pycurl.E_UNSUPPORTED_PROTOCOL: BadSource,
    pycurl.E_URL_MALFORMAT: BadSource,
    pycurl.E_TOO_MANY_REDIRECTS: BadSource,
    pycurl.E_PEER_FAILED_VERIFICATION: BadSource,
    _TOO_LARGE: BadSource,
    pycurl.E_REMOTE_ACCESS_DENIED: AccessDenied,
    pycurl.E_LOGIN_DENIED: AccessDenied,
    pycurl.E_REMOTE_FILE_NOT_FOUND: SourceNotFound,
    pycurl.E_USE_SSL_FAILED: BadSource,
    pycurl.E_SSL_CACERT_BADFILE: BadSource,
}
# The numbers of a connection that was refused, reset or closed.
BROKEN = {pycurl.E_COULDNT_CONNECT, pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR, pycurl.E_GOT_NOTHING}
# Those of a connection that a proxy may not have made; others are the proxy's where libcurl speaks of its tunnel.
_CONNECTING = {pycurl.E_COULDNT_CONNECT, pycurl.E_COULDNT_RESOLVE_PROXY}
PROXY_LOGIN = 407
_TUNNEL = re.compile(r"response (\d{3})")
_WORDS = {
    pycurl.E_UNSUPPORTED_PROTOCOL: "this protocol is not supported",
    pycurl.E_URL_MALFORMAT: "its URL can't be read",
    pycurl.E_COULDNT_RESOLVE_PROXY: "the name of the proxy can't be resolved",
    pycurl.E_FTP_WEIRD_SERVER_REPLY: "the server's answer can't be understood",
    pycurl.E_REMOTE_ACCESS_DENIED: "the server refuses to enter the folder",
    pycurl.E_FTP_WEIRD_PASV_REPLY: "the server opens no data connection",
    pycurl.E_FTP_WEIRD_227_FORMAT: "the server's answer to PASV can't be understood",
    pycurl.E_FTP_CANT_GET_HOST: "the server names a data connection that can't be resolved",
    pycurl.E_FTP_COULDNT_SET_TYPE: "the server refuses to send the file's bytes as they are (TYPE I)",
    pycurl.E_FTP_COULDNT_RETR_FILE: "the server refuses to send the file",
    pycurl.E_FTP_COULDNT_USE_REST: "the server does not begin in the middle of the file",
    pycurl.E_SSL_CONNECT_ERROR: "the TLS handshake failed",
    pycurl.E_SEND_ERROR: "the connection broke",
    pycurl.E_SSL_CACERT_BADFILE: "the file of trusted certificates can't be read",
    pycurl.E_USE_SSL_FAILED: "the server offers no TLS",
    pycurl.E_LOGIN_DENIED: "the login was refused",
    pycurl.E_REMOTE_FILE_NOT_FOUND: "it does not exist",
    pycurl.E_SSH: "the SSH session failed",
    pycurl.E_COULDNT_RESOLVE_HOST: "the name of the host can't be resolved",
    pycurl.E_COULDNT_CONNECT: "no connection to the host",
    pycurl.E_OPERATION_TIMEDOUT: "no answer in time",
    pycurl.E_PARTIAL_FILE: "the connection ended early",
    pycurl.E_RECV_ERROR: "the connection broke",
    pycurl.E_GOT_NOTHING: "the connection ended without an answer",
    _TOO_LARGE: "the answer's head goes on and on",
    pycurl.E_TOO_MANY_REDIRECTS: "too many redirects",
    pycurl.E_PEER_FAILED_VERIFICATION: "its TLS certificate can't be verified",
    pycurl.E_SSL_CONNECT_ERROR: "the TLS handshake failed",
}
# libcurl's number and words for an answer whose first line is no status line.
_WEIRD_REPLY = pycurl.E_FTP_WEIRD_SERVER_REPLY
_NO_STATUS_LINE = re.compile(r"HTTP/0\.9|status line|HTTP version|Invalid status", re.I)
_PLACES = "Multiple Location headers"
# OpenSSL's words where the two ends have no version of TLS in common, and where one of them speaks none at all.
_OLD_TLS = re.compile(r"unsupported protocol|protocol version|no protocols available|inappropriate fallback", re.I)
_NO_TLS = re.compile(r"wrong version number|packet length too long|http request|unknown protocol", re.I)


def plain_number(text: str | None) -> int | None:
    """A number of bytes or seconds as servers write it, None where it is none or has more than 18 digits."""
    return int(text) if text and _NUMBER.fullmatch(text.strip()) else None


def retry_after(text: str | None, now: datetime) -> float:
    """The seconds that a Retry-After header asks to wait from `now`, as a number or a date; 0 where it says nothing.

    No more than LONGEST_RETRY_AFTER, however many it asks for.
    """
    given = (text or "").strip()
    if given.isascii() and given.isdigit():
        seconds = plain_number(given)
        return float(LONGEST_RETRY_AFTER if seconds is None else min(seconds, LONGEST_RETRY_AFTER))
    try:
        until = parsedate_to_datetime(given)
    except (ValueError, TypeError, OverflowError, IndexError):
        return 0.0
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), float(LONGEST_RETRY_AFTER))


_NOT_HTTP = "check the address and the port: the server there does not speak HTTP as it should"
_CHANGING = "the file is being written to or is generated for each request: try again when it is complete"
_DENIED = "check the login that the source's server gets, or whether a signed URL has expired"
_DENIED_LATER = "a signed URL may have expired; if the server limits connections, use fewer --download-slots"
_BROKEN_HINT = (
    "check the address and the network, then try again, with fewer --download-slots if connections are limited"
)
_TRY_AGAIN = "check the address and the network, then try again"
_OLD = "fetch the file with another program, or ask who runs the server to allow TLS 1.2"
# The transfer's own aws-chunked is kept by some stores as if it were the content's encoding; Amazon's S3 does not.
_UNENCODED = {"", "identity", "none", "binary", "8bit", "7bit", "utf-8", "aws-chunked", "chunked"}


def range_of(scheme: str, info: SourceInfo, first: int, last: int) -> str:
    """The range to ask for. To HTTP servers it is open at the end of the file: one with more than it said sends it."""
    ends = scheme in {"http", "https"} and last + 1 == info.size
    return f"{first}-" if ends else f"{first}-{last}"


def parse_content_range(text: str | None) -> tuple[int, int, int | None] | None:
    """(first, last, total) of a Content-Range header, total None where it is `*`; None where it is none."""
    match = _CONTENT_RANGE.fullmatch(text.strip()) if text else None
    if match is None:
        return None
    first, last, total = match.groups()
    return int(first), int(last), None if total == "*" else int(total)


def status_error(status: int, name: str) -> TransferError | None:
    """The error that a status stands for; only 200 and 206 come with content. `name` is the displayable URL."""
    if status in CONTENT:
        return None
    said = f"{name} answered {status}"
    if status == 202:
        return SourceBusy(
            f"{said}: the file is not ready yet", "the server is still preparing the file: try again later"
        )
    if status < 400:
        return _not_the_file(status, name)
    if status in {401, 403, 407}:
        return AccessDenied(said, _DENIED)
    if status in {404, 410}:
        return SourceNotFound(said)
    if status in {412, 416}:
        return SourceChanged(f"{said}: it is no longer what was probed")
    if status in BUSY:
        return SourceBusy(said)
    return SourceUnavailable(said) if status >= 500 or status in {408, 425} else BadSource(said)


def _not_the_file(status: int, name: str) -> TransferError:
    if not status:
        return SourceUnavailable(f"{name} answered without an HTTP status", _NOT_HTTP)
    if 300 <= status < 400:
        return BadSource(f"{name} answered {status} without the place to go to", "give the URL of the file itself")
    return BadSource(
        f"{name} answered {status}, which does not come with the file's content", "give the URL of the file itself"
    )


def stored_error(status: int, body: bytes, name: str) -> TransferError | None:
    """The error that S3's answer to a GET stands for, in its own words; None for one that comes with content."""
    if status in CONTENT:
        return None
    if 300 <= status < 400:
        return BadSource(f"{name}: S3 answered {status}, which leads to another host", UNFOLLOWED)
    if status < 400:
        return status_error(status, name)
    code = error_code(body)
    return source_error_for(code, status, f"S3 answered {status} {code}".rstrip() + f" to {name}", error_message(body))


def range_error(
    response: Response, info: SourceInfo, part: Part, first: int, name: str, stored: bool = False
) -> TransferError | None:
    """Whether the answer holds the bytes `first` to the part's last of the pinned version, and nothing else.

    `stored` sources, such as S3, give the bytes as they keep them: a Content-Encoding is only a note about them.
    """
    error = stored_error(response.status, b"", name) if stored else status_error(response.status, name)
    if response.status == 403 and not stored:
        return AccessDenied(f"{name} answered 403", _DENIED_LATER)
    if error is not None:
        return error
    if info.ranges and response.status != 206:
        return SourceChanged(f"{name} answered {response.status} where a part (206) was asked for")
    if not stored and (coding := encoding(response)) != info.encoding:
        return BadSource(f"{name} answered with Content-Encoding {coding} where it had {info.encoding}")
    if not info.ranges:
        return _whole_error(response, info, name)
    sent = parse_content_range(response.header("Content-Range"))
    if sent is None or sent[:2] != (first, part.last) or sent[2] not in {None, info.size}:
        said = shown_header(response.header("Content-Range"))
        return SourceChanged(f"{name} answered range {said} where bytes {first}-{part.last}/{info.size} are due")
    return version_error(response, info, name, stored)


def _whole_error(response: Response, info: SourceInfo, name: str) -> TransferError | None:
    """One answer is one version, whatever its validators are; it has to have the size that was planned for."""
    if response.status != 200:
        return BadSource(f"{name} answered {response.status} where no part was asked for")
    length = plain_number(response.header("Content-Length"))
    if length is not None and info.size is not None and length != info.size:
        return SourceChanged(f"{name} has {length:,} bytes where it had {info.size:,}", _CHANGING)
    if info.size is None and info.end_told and not tells_its_end(response):
        return SourceUnavailable(f"{name} answered without saying where the content ends", _TRY_AGAIN)
    return None


def encoding(response: Response) -> str | None:
    """The Content-Encoding of an answer; None for those that leave the bytes as they are."""
    codings = (one.strip().lower().removeprefix("x-") for one in response.all("Content-Encoding").split(","))
    return ", ".join(one for one in codings if one not in _UNENCODED) or None


def tells_its_end(response: Response) -> bool:
    """Whether the head says where the body ends; else only the end of the connection does."""
    chunked = "chunked" in response.all("Transfer-Encoding").lower()
    return chunked or plain_number(response.header("Content-Length")) is not None


def refused_by_proxy(
    number: int, message: str, status: int, name: str, url: str, unavailable: type[TransferError] = SourceUnavailable
) -> TransferError | None:
    """The error where the proxy on the way to `url`, and not the server there, refused the connection.

    Over plain http it answers in the server's place, and only a 407 shows that it was the proxy.
    """
    if not (status == PROXY_LOGIN or number in _CONNECTING or "CONNECT" in message):
        return None
    proxy = proxy_for(url)
    if proxy is None:
        return None
    refused = _TUNNEL.search(message)
    code = int(refused[1]) if refused else status or None
    return proxy_error(name, proxy, code, unavailable)


def curl_error(number: int, message: str, name: str) -> TransferError:
    """The error that libcurl's own number stands for; its message is left out, as it may repeat the whole URL."""
    if (proxied := refused_by_proxy(number, message, 0, name, name)) is not None:
        return proxied
    if number in {pycurl.E_UNSUPPORTED_PROTOCOL, _WEIRD_REPLY} and _NO_STATUS_LINE.search(message):
        return SourceUnavailable(f"{name} answered without a status line of HTTP/1 (as HTTP/0.9 does)", _NOT_HTTP)
    if number == _WEIRD_REPLY and _PLACES in message:
        return BadSource(f"{name} redirects to several places at once", "give the URL of the file itself")
    if number == pycurl.E_SSL_CONNECT_ERROR and (error := _tls_error(message, name)):
        return error
    kind = _FINAL.get(number, SourceUnavailable)
    if number in BROKEN:
        return SourceUnavailable(f"{name}: {_WORDS.get(number, 'the connection broke')}", _BROKEN_HINT)
    if number == pycurl.E_PEER_FAILED_VERIFICATION:
        return kind(f"{name}: {_WORDS[number]}", "name the file of its authority's certificate in AWS_CA_BUNDLE")
    return kind(f"{name}: {curl_words(number)}")


def curl_words(number: int) -> str:
    """What libcurl's error number means."""
    return _WORDS.get(number, f"libcurl error {number}")


def _tls_error(message: str, name: str) -> TransferError | None:
    if _OLD_TLS.search(message):
        return BadSource(
            f"{name}: the server speaks only versions of TLS that are no longer safe (before TLS 1.2)", _OLD
        )
    if _NO_TLS.search(message):
        return BadSource(f"{name}: the server does not speak TLS on this port", "use http:// if the server has no TLS")
    return None
