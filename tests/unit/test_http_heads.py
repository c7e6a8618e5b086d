"""Heads of HTTP answers, numbers and dates in them, and connections that never become one."""

from __future__ import annotations

from datetime import UTC, datetime

import pycurl
import pytest

from s3am_cloud.adapters.curl.source.answers import curl_error, parse_content_range, plain_number, retry_after
from s3am_cloud.adapters.curl.transport.easy import Response
from s3am_cloud.errors import BadSource, SourceUnavailable
from s3am_cloud.limits import LONGEST_RETRY_AFTER


def heads(text: str) -> Response:
    response = Response()
    for line in text.splitlines():
        response.take_line(f"{line}\r\n".encode("iso-8859-1"))
    return response


@pytest.mark.parametrize(
    "text",
    [
        'HTTP/1.1 206 Partial\nHTTP/2-Push: no\nETag: "e"\n',
        'HTTP/1.1 206 Partial\nHTTP/1.1 200 OK\nETag: "e"\n',
        'HTTP/1.1 206 Partial\nHTTP/: x\nETag: "e"\n',
        'HTTP/1.1 100 Continue\nETag: "x"\n\nHTTP/1.1 206 Partial\nETag: "e"\n',
        'HTTP/1.1 200 Connection established\n\nHTTP/1.1 302 Found\nETag: "x"\n\nHTTP/1.1 206 Partial\nETag: "e"\n',
        'HTTP/1.1 206 Partial\nETag: "e"\n\nETag: "x"\nHTTP/2-Push: no\n',
        'HTTP/2 206\nETag: "e"\n',
    ],
)
def test_a_status_line_is_the_first_line_of_a_head_and_nothing_else(text: str) -> None:
    response = heads(text)
    assert response.status == 206
    assert response.header("ETag") == '"e"'


def test_no_line_behind_the_first_byte_of_the_body_changes_the_head() -> None:
    response = heads("HTTP/1.1 206 Partial\n\n")
    response.begin_body()
    for line in (b"HTTP/1.1 200 OK\r\n", b"ETag: x\r\n", b"\r\n"):
        response.take_line(line)
    assert (response.status, response.header("ETag")) == (206, None)


@pytest.mark.parametrize("text", ["HTTP/1.1", "HTTP/1.1 20 OK", "HTTP/1.1 ²00 OK", "HTTP/1.1 2000 OK", "SSH-2.0-x"])
def test_what_is_no_status_line_has_no_status(text: str) -> None:
    assert heads(text).status == 0


def test_a_reply_of_an_ftp_server_has_no_status() -> None:
    """A reply of an FTP server has no status whatever its lines look like."""
    response = heads("HTTP/1.1 200 Connection established\n\n220-Hello\nHTTP/1.1 206 Partial\n220 ready\n")
    assert (response.status, response.reply) == (0, "220 ready")


NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        (" 0 ", 0),
        ("3600", LONGEST_RETRY_AFTER),
        ("9" * 5000, LONGEST_RETRY_AFTER),
        ("-5", 0),
        ("²", 0),
        ("1.5", 0),
        (None, 0),
        ("soon", 0),
        ("Fri, 02 Jan 2026 03:04:15 GMT", 10),
        ("Fri, 02 Jan 2026 03:04:00 GMT", 0),
        ("Friday, 02-Jan-26 03:04:15 GMT", 10),
        ("Fri, 02 Jan 2026 03:04:15", 10),
        ("Sat, 99 Jan 2026 03:04:15 GMT", 0),
        ("Fri, 02 Jan 9999999 03:04:15 GMT", 0),
    ],
)
def test_a_retry_after_is_a_number_or_a_date_and_never_a_crash(text: str | None, seconds: float) -> None:
    assert retry_after(text, NOW) == seconds


@pytest.mark.parametrize("text", ["²", "-1", "9" * 5000, "", None, "1e3", "+5"])
def test_what_is_no_plain_number_of_bytes_is_none(text: str | None) -> None:
    assert plain_number(text) is None
    assert parse_content_range(f"bytes 0-0/{text}") is None


@pytest.mark.parametrize(
    ("message", "kind", "word"),
    [
        ("TLS connect error: error:0A000102:SSL routines::unsupported protocol", BadSource, "TLS 1.2"),
        ("TLS connect error: error:0A00010B:SSL routines::wrong version number", BadSource, "does not speak TLS"),
        ("Recv failure: Connection reset by peer", SourceUnavailable, "handshake"),
    ],
)
def test_a_tls_that_can_never_work_is_told_from_one_that_broke(message: str, kind: type, word: str) -> None:
    found = curl_error(pycurl.E_SSL_CONNECT_ERROR, message, "name")
    assert type(found) is kind
    assert word in found.message
