"""What answers of sources and of S3 mean."""

from __future__ import annotations

import pycurl
import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)

from s3am_cloud.adapters.curl.source.answers import curl_error, parse_content_range, range_error, status_error
from s3am_cloud.adapters.curl.source.validators import pins, unproven_error
from s3am_cloud.adapters.curl.store.answers import store_error
from s3am_cloud.adapters.curl.transport.easy import Response
from s3am_cloud.adapters.s3 import codes
from s3am_cloud.adapters.s3.answers import named_client
from s3am_cloud.adapters.s3.refusals import error_code
from s3am_cloud.errors import (
    AccessDenied,
    BadDestination,
    BadSource,
    ChecksumMismatch,
    NoCredentials,
    ObjectExists,
    SourceBusy,
    SourceChanged,
    SourceNotFound,
    SourceUnavailable,
    StoreBusy,
    StoreUnavailable,
    TransferError,
    Unexpected,
    UploadGone,
    Usage,
)
from s3am_cloud.model import Part, SourceInfo

INFO = SourceInfo(size=100, ranges=True, etag='"e"', last_modified="Fri, 02 Jan 2026 03:04:05 GMT", version="v1")
PART = Part(2, 10, 20)
GOOD = {
    "Content-Range": "bytes 10-29/100",
    "ETag": '"e"',
    "Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT",
    "x-amz-version-id": "v1",
}


def answer(status: int = 206, **headers: str | None) -> Response:
    """A good answer with some headers replaced, underscores for dashes, None to leave one out."""
    response = Response()
    response.take_line(f"HTTP/1.1 {status} Whatever\r\n".encode())
    named = {**GOOD, **{name.replace("_", "-"): value for name, value in headers.items()}}
    for name, value in named.items():
        if value is not None:
            response.take_line(f"{name}: {value}\r\n".encode())
    return response


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("bytes 0-0/1", (0, 0, 1)),
        ("bytes 10-29/*", (10, 29, None)),
        ("Bytes  10-29/100 ", (10, 29, 100)),
        (None, None),
        ("", None),
        ("bytes */100", None),
        ("bytes 10-29", None),
        ("items 10-29/100", None),
        ("bytes 10-29/100x", None),
        ("bytes -10-29/100", None),
    ],
)
def test_a_content_range_is_read_or_none(text: str | None, found: tuple[int, int, int | None] | None) -> None:
    assert parse_content_range(text) == found


@pytest.mark.parametrize(
    "response",
    [
        answer(),
        answer(Content_Range="bytes 10-29/*"),
        answer(ETag=None, Last_Modified=None, x_amz_version_id=None),
        answer(Content_Encoding="identity"),
        answer(Content_Encoding="binary, UTF-8"),
        answer(ETag="e"),
        answer(Last_Modified="Sat, 03 Jan 2026 03:04:05 GMT"),
        answer(Content_Range="10-29/100"),
        answer(Content_Range="bytes=10-29/100"),
        answer(Content_Range="bytes: 10-29/100"),
    ],
)
def test_an_answer_that_is_the_range_of_the_pinned_version_is_good(response: Response) -> None:
    assert range_error(response, INFO, PART, 10, "name") is None


def test_an_answer_that_continues_a_part_has_to_begin_at_its_place() -> None:
    """An answer that continues within the part is held to where it continues."""
    assert range_error(answer(Content_Range="bytes 15-29/100"), INFO, PART, 15, "name") is None
    assert isinstance(range_error(answer(), INFO, PART, 15, "name"), SourceChanged)


@pytest.mark.parametrize(
    "response",
    [
        answer(200),
        answer(Content_Range=None),
        answer(Content_Range="bytes 9-29/100"),
        answer(Content_Range="bytes 11-29/100"),
        answer(Content_Range="bytes 10-28/100"),
        answer(Content_Range="bytes 10-30/100"),
        answer(Content_Range="bytes 10-29/101"),
        answer(ETag='"other"'),
        answer(ETag='W/"e"'),
        answer(ETag=None, Last_Modified="Sat, 03 Jan 2026 03:04:05 GMT"),
        answer(x_amz_version_id="v2"),
        answer(412),
        answer(416),
    ],
)
def test_an_answer_that_is_another_range_or_version_is_a_changed_source(response: Response) -> None:
    assert isinstance(range_error(response, INFO, PART, 10, "name"), SourceChanged)


def test_an_encoded_answer_is_no_range_of_the_content() -> None:
    assert isinstance(range_error(answer(Content_Encoding="gzip"), INFO, PART, 10, "name"), BadSource)


def test_a_source_without_ranges_may_answer_200() -> None:
    whole = SourceInfo(size=100, ranges=False, etag='"e"')
    assert range_error(answer(200, Content_Range=None), whole, Part(1, 0, 100), 0, "name") is None
    assert range_error(answer(200, ETag='"x"', Content_Length="100"), whole, Part(1, 0, 100), 0, "name") is None
    for other in (answer(200, Content_Length="99"), answer(200, Content_Length="101")):
        assert isinstance(range_error(other, whole, Part(1, 0, 100), 0, "name"), SourceChanged)
    assert isinstance(range_error(answer(206), whole, Part(1, 0, 100), 0, "name"), BadSource)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (200, None),
        (206, None),
        (0, SourceUnavailable),
        *((status, BadSource) for status in (201, 203, 204, 205, 207, 208, 226, 299)),
        *((status, BadSource) for status in (300, 302, 304, 305, 399)),
        (202, SourceBusy),
        (400, BadSource),
        (401, AccessDenied),
        (403, AccessDenied),
        (404, SourceNotFound),
        (405, BadSource),
        (407, AccessDenied),
        (408, SourceUnavailable),
        (410, SourceNotFound),
        (412, SourceChanged),
        (416, SourceChanged),
        (429, SourceBusy),
        (500, SourceUnavailable),
        (502, SourceUnavailable),
        (503, SourceBusy),
        (504, SourceUnavailable),
    ],
)
def test_a_sources_status_has_a_name(status: int, error: type[TransferError] | None) -> None:
    found = status_error(status, "name")
    assert (None if found is None else type(found)) is error


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (pycurl.E_COULDNT_CONNECT, SourceUnavailable),
        (pycurl.E_COULDNT_RESOLVE_HOST, SourceUnavailable),
        (pycurl.E_OPERATION_TIMEDOUT, SourceUnavailable),
        (pycurl.E_PARTIAL_FILE, SourceUnavailable),
        (pycurl.E_RECV_ERROR, SourceUnavailable),
        (pycurl.E_SSL_CONNECT_ERROR, SourceUnavailable),
        (pycurl.E_UNSUPPORTED_PROTOCOL, BadSource),
        (pycurl.E_TOO_MANY_REDIRECTS, BadSource),
        (pycurl.E_PEER_FAILED_VERIFICATION, BadSource),
        (pycurl.E_LOGIN_DENIED, AccessDenied),
        (pycurl.E_REMOTE_FILE_NOT_FOUND, SourceNotFound),
    ],
)
def test_what_libcurl_says_has_a_name_and_its_own_words_are_left_out(number: int, error: type[TransferError]) -> None:
    found = curl_error(number, "https://ann:s3cret@host", "name")
    assert type(found) is error
    assert "s3cret" not in str(found)


def xml(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>m</Message></Error>".encode()


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (200, "", None),
        (204, "", None),
        (200, "InternalError", StoreUnavailable),
        (200, "SlowDown", StoreBusy),
        (503, "SlowDown", StoreBusy),
        (503, "ServiceUnavailable", StoreBusy),
        (503, "", StoreBusy),
        (429, "", StoreBusy),
        (500, "InternalError", StoreUnavailable),
        (502, "", StoreUnavailable),
        (400, "RequestTimeout", StoreUnavailable),
        (400, "IncompleteBody", StoreUnavailable),
        (400, "ExpiredToken", StoreUnavailable),
        (409, "OperationAborted", StoreUnavailable),
        (409, "ConditionalRequestConflict", StoreUnavailable),
        (0, "", StoreUnavailable),
        (400, "BadDigest", ChecksumMismatch),
        (400, "XAmzContentChecksumMismatch", ChecksumMismatch),
        (404, "NoSuchUpload", UploadGone),
        (404, "NoSuchBucket", BadDestination),
        (412, "PreconditionFailed", ObjectExists),
        (403, "AccessDenied", AccessDenied),
        (403, "RequestTimeTooSkewed", AccessDenied),
        (401, "", AccessDenied),
        (301, "PermanentRedirect", BadDestination),
        (400, "InvalidRequest", BadDestination),
    ],
)
def test_an_answer_of_s3_to_a_put_has_a_name(status: int, code: str, error: type[TransferError] | None) -> None:
    found = store_error(status, xml(code) if code else b"", "part 1")
    assert (None if found is None else type(found)) is error


@pytest.mark.parametrize("body", [b"", b"<html>", b"<Code></Code>", b"\xff\xfe", b"<Code>bad code</Code>"])
def test_a_body_without_a_code_has_none(body: bytes) -> None:
    assert error_code(body) == ""


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("NoSuchUpload", 404, UploadGone),
        ("NoSuchBucket", 404, BadDestination),
        ("PreconditionFailed", 412, ObjectExists),
        ("BadDigest", 400, ChecksumMismatch),
        ("InvalidPart", 400, ChecksumMismatch),
        ("AccessDenied", 403, AccessDenied),
        ("403", 403, AccessDenied),
        ("SlowDown", 503, StoreBusy),
        ("InternalError", 500, StoreUnavailable),
        ("Odd", 502, StoreUnavailable),
        ("Odd", 400, Unexpected),
    ],
)
def test_an_answer_to_a_control_call_has_a_name(code: str, status: int, error: type[TransferError]) -> None:
    raised = ClientError(
        {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "Any",
    )
    found = named_client(raised, "s3://bucket/key")
    assert type(found) is error
    assert "s3://bucket/key" in found.message
    assert code in found.message


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (NoCredentialsError(), NoCredentials),
        (ProfileNotFound(profile="p"), NoCredentials),
        (NoRegionError(), Usage),
        (EndpointConnectionError(endpoint_url="https://h"), StoreUnavailable),
        (BotoCoreError(), Unexpected),
    ],
)
def test_what_boto3_can_not_do_has_a_name(raised: BotoCoreError, error: type[TransferError]) -> None:
    assert type(named_client(raised)) is error


def test_a_redirect_at_which_the_http_client_fails_is_a_redirect() -> None:
    error = named_client(HTTPClientError(error=TypeError("expected str instance, bytes found")), "s3://b")
    assert (type(error), error.message) == (BadDestination, "s3://b: the answer was 303")
    assert "redirect" in error.hint


def test_a_version_is_pinned_by_its_strong_etag_or_else_its_date() -> None:
    assert pins(INFO) == {"If-Match": '"e"'}
    weak = SourceInfo(size=1, ranges=True, etag='W/"e"', last_modified="then")
    assert pins(weak) == {"If-Unmodified-Since": "then"}
    assert pins(SourceInfo(size=1, ranges=True)) == {}


def test_only_the_last_response_counts() -> None:
    response = answer(302, ETag='"redirect"')
    for line in (b"\r\n", b"HTTP/1.1 206 Partial Content\r\n", b"Content-Range: bytes 10-29/100\r\n", b"\r\n"):
        response.take_line(line)
    assert response.status == 206
    assert response.header("ETag") is None
    assert response.header("content-range") == "bytes 10-29/100"


def test_an_answer_after_412_has_to_show_the_pinned_version_itself() -> None:
    assert unproven_error(answer(), INFO, "name") is None
    assert isinstance(unproven_error(answer(ETag=None), INFO, "name"), SourceChanged)
    dated = SourceInfo(size=100, ranges=True, last_modified="Fri, 02 Jan 2026 03:04:05 GMT")
    assert unproven_error(answer(ETag=None), dated, "name") is None
    assert isinstance(unproven_error(answer(Last_Modified=None), dated, "name"), SourceChanged)


def test_a_part_is_tried_again_where_the_table_says_that_it_is_worth_it() -> None:
    for code, meaning in codes._BY_CODE.items():
        error = store_error(400, xml(code), "part 1")
        assert isinstance(error, StoreBusy | StoreUnavailable | ChecksumMismatch) == meaning.worth_another_try, code
