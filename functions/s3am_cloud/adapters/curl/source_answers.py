"""What a source's answer means: the range that was asked for, of the version that was pinned, or a named error."""

from __future__ import annotations

import re

import pycurl

from s3am_cloud.adapters.curl.easy import Response
from s3am_cloud.errors import (
    AccessDenied,
    BadSource,
    SourceBusy,
    SourceChanged,
    SourceNotFound,
    SourceUnavailable,
    TransferError,
)
from s3am_cloud.etags import plain
from s3am_cloud.model import Part, SourceInfo

_CONTENT_RANGE = re.compile(r"bytes\s+(\d+)-(\d+)/(\d+|\*)$", re.IGNORECASE)
# 421 is an answer to the connection, not to what was asked over it (RFC 9110, section 15.5.20).
BUSY = {421, 429, 503}
# Some stores keep the transfer's own aws-chunked as if it were the content's encoding; Amazon's S3 does not.
UNENCODED = {None, "", "identity", "aws-chunked"}
# CURLE_TOO_LARGE, for which pycurl has no name: more headers than any answer has.
_TOO_LARGE = 100
# libcurl's error numbers that no second try will mend.
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
}


def parse_content_range(text: str | None) -> tuple[int, int, int | None] | None:
    """(first, last, total) of a Content-Range header, total None where it is `*`; None where it is none."""
    match = _CONTENT_RANGE.match(text.strip()) if text else None
    if match is None:
        return None
    first, last, total = match.groups()
    return int(first), int(last), None if total == "*" else int(total)


def check_status(status: int, name: str) -> TransferError | None:
    """The error that a status of 400 or more stands for; `name` is the source's displayable URL."""
    if status < 400:
        return None
    said = f"{name} answered {status}"
    if status in {401, 403, 407}:
        return AccessDenied(said, "check the user name and password, or whether a signed URL has expired")
    if status in {404, 410}:
        return SourceNotFound(said)
    if status in {412, 416}:
        return SourceChanged(f"{said}: it is no longer what was probed")
    if status in BUSY:
        return SourceBusy(said)
    return SourceUnavailable(said) if status >= 500 or status == 408 else BadSource(said)


def check_range(
    response: Response, info: SourceInfo, part: Part, first: int, name: str, stored: bool = False
) -> TransferError | None:
    """Whether the answer holds the bytes `first` to the part's last of the pinned version, and nothing else.

    `stored` sources, such as S3, give the bytes as they keep them: a Content-Encoding is only a note about them.
    """
    error = check_status(response.status, name)
    if error is not None and stored and response.status == 400:
        # What was probed with these credentials was readable then (S3's ExpiredToken is a 400).
        return AccessDenied(error.message, "renew the credentials, then try again")
    if error is not None:
        return error
    if info.ranges and response.status != 206:
        return SourceChanged(f"{name} answered {response.status} where a part (206) was asked for")
    if not stored and response.header("Content-Encoding") not in UNENCODED:
        return BadSource(f"{name} answered with Content-Encoding {response.header('Content-Encoding')}")
    if info.ranges:
        there = parse_content_range(response.header("Content-Range"))
        if there is None or there[:2] != (first, part.last) or there[2] not in {None, info.size}:
            said = response.header("Content-Range")
            return SourceChanged(f"{name} answered range {said!r} where bytes {first}-{part.last}/{info.size} are due")
    return _check_validators(response, info, name)


def _check_validators(response: Response, info: SourceInfo, name: str) -> TransferError | None:
    for header, pinned in (("ETag", info.etag), ("Last-Modified", info.last_modified)):
        now = response.header(header)
        if pinned is not None and now is not None and plain(now) != plain(pinned):
            return SourceChanged(f"{name} has {header} {now} where it had {pinned}")
    if info.version is not None and response.header("x-amz-version-id") not in {None, info.version}:
        return SourceChanged(f"{name} answered with another version than was asked for")
    return None


def check_curl(number: int, message: str, name: str) -> TransferError:
    """The error that libcurl's own number stands for; its message is left out, as it may repeat the whole URL."""
    kind = _FINAL.get(number, SourceUnavailable)
    return kind(f"{name}: {_WORDS.get(number, f'libcurl error {number}')}")
