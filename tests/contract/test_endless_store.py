"""S3 stores whose answers never end: control calls end by name, after little time and in little memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from botocore.retries.standard import ExponentialBackoff

from s3am_cloud.adapters.s3 import bounded
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.documents import Bucket
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.errors import StoreUnavailable
from s3am_cloud.handlers import runtime
from s3am_cloud.model import Upload, UploadedPart
from s3am_cloud.urls import S3Url
from servers import endless
from servers.endless import Answer, Endless, serving
from support.fakes import FakeClock

UPLOAD = Upload(target=S3Url("b", "k"), upload_id="u", full_object=True)
BLANKS = endless.http("200 OK", endless.CHUNKED, again=b"1\r\n \r\n", pause=0.02)
BOMB = '<!DOCTYPE r [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><R><Name>&b;</Name></R>'
Call = Callable[[S3Access, S3Store], object]


def parts(access: S3Access, store: S3Store) -> object:
    return list(store.parts(UPLOAD))


def unfinished(access: S3Access, store: S3Store) -> object:
    return store.unfinished(UPLOAD.target)


def complete(access: S3Access, store: S3Store) -> object:
    store.complete(UPLOAD, [UploadedPart(1, 1, "e", 1)], 1, 1, True)
    return None


def put_part(access: S3Access, store: S3Store) -> object:
    return store.put_part(UPLOAD, 1, bytearray(1 << 20), 1)


def read(access: S3Access, store: S3Store) -> object:
    return Bucket(access, "b").read("x")


def names(access: S3Access, store: S3Store) -> object:
    return list(Bucket(access, "b").names("x"))


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch, s3_environment: None) -> None:
    monkeypatch.setattr(bounded, "CALL_SECONDS", 0.2)
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.0)


def calling(call: Call, answer: Answer | Callable[[bytes], Answer]) -> tuple[StoreUnavailable, list[bytes]]:
    """What the call raises at a store that gives that answer to all but HeadBucket, and what it asked for."""

    def answered(request: bytes) -> Answer:
        if request.startswith(b"HEAD /b "):
            return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx-amz-bucket-region: us-east-1\r\n\r\n"
        return answer(request) if callable(answer) else answer

    with serving(answered) as server:
        access = S3Access(S3Settings(endpoint_url=f"http://127.0.0.1:{server.port}", region="us-east-1"))
        with pytest.raises(StoreUnavailable) as caught:
            call(access, S3Store(access, FakeClock()))
        return caught.value, [one for one in server.messages if not one.startswith(b"HEAD /b ")]


@pytest.mark.parametrize("call", [parts, read])
@pytest.mark.parametrize(
    "answer",
    [
        endless.SILENCE,
        Endless(b"HTTP/1.1 200 OK\r\nX-", b"x", 0.02),
        Endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.02),
        endless.http("200 OK", endless.CHUNKED, again=b"1\r\n \r\n", pause=0.02),
        endless.http("200 OK", endless.CHUNKED, again=b"1;more=x\r\n \r\n", pause=0.02),
    ],
    ids=["silence", "a slow head", "100 Continue", "blanks", "chunk extensions"],
)
def test_a_store_that_does_not_answer_in_time_is_asked_twice(call: Call, answer: Endless) -> None:
    error, requests = calling(call, answer)
    assert "gave no answer within 0 s, 2 times" in error.message
    assert len(requests) == 2


@pytest.mark.parametrize("answer", [endless.SILENCE, BLANKS], ids=["silence", "blanks"])
def test_a_call_that_is_given_up_leaves_no_thread_while_its_store_goes_on(answer: Endless) -> None:
    with serving(lambda _: answer) as server:
        access = S3Access(S3Settings(endpoint_url=f"http://127.0.0.1:{server.port}", region="us-east-1"))
        with pytest.raises(StoreUnavailable):
            Bucket(access, "b").read("x")
        left = [one for one in threading.enumerate() if one.name == "s3 call"]
        for thread in left:
            thread.join(5)
        assert not any(thread.is_alive() for thread in left)


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("sts", "get_caller_identity", {}),
        ("cloudformation", "describe_stacks", {}),
        ("stepfunctions", "describe_execution", {"executionArn": "arn:aws:states:us-east-1:1:execution:m:e"}),
        ("logs", "filter_log_events", {"logGroupName": "group"}),
    ],
)
@pytest.mark.parametrize("answer", [endless.SILENCE, BLANKS], ids=["silence", "blanks"])
def test_the_calls_of_every_service_end(
    service: str, operation: str, arguments: dict[str, str], answer: Endless
) -> None:
    with serving(lambda _: answer) as server:
        access = S3Access(S3Settings(region="us-east-1"))
        make: Any = access.boto.client
        client = make(service, endpoint_url=f"http://127.0.0.1:{server.port}")
        with pytest.raises(StoreUnavailable, match="no answer within"):
            getattr(client, operation)(**arguments)
        assert len(server.messages) == 2


@pytest.mark.parametrize("service", ["kms", "secretsmanager", "events", "stepfunctions"])
def test_the_calls_of_a_function_end(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda _: BLANKS) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        calls = {"kms": "list_keys", "secretsmanager": "list_secrets", "events": "list_rules"}
        client = runtime._client(service)
        with pytest.raises(StoreUnavailable, match="no answer within"):
            getattr(client, calls.get(service, "list_state_machines"))()


def test_completing_is_asked_for_once_as_it_may_be_done_all_the_same() -> None:
    error, requests = calling(complete, endless.http("200 OK", endless.CHUNKED, again=b"1\r\n \r\n", pause=0.02))
    assert "gave no answer" in error.message
    assert len(requests) == 1


def test_a_part_that_nobody_takes_is_given_up() -> None:
    error, _ = calling(put_part, endless.SILENCE)
    assert "gave no answer" in error.message


@pytest.mark.parametrize("call", [parts, read])
def test_an_answer_that_is_too_long_is_not_kept(call: Call) -> None:
    error, requests = calling(call, endless.http("200 OK", endless.CHUNKED, again=endless.CHUNK))
    assert "more than 5,242,880 bytes" in error.message
    assert len(requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        '<?xml version="1.0"?>\n<!doctype r SYSTEM "file:///etc/passwd"><R/>',
        "<R>" + "<Contents/>" * 200_000 + "</R>",
        "<R>" * 200_000,
        "\ufeff" + BOMB,
        BOMB.encode("utf-16"),
        BOMB.encode("utf-16-le"),
    ],
    ids=["entities", "an outer document", "elements", "depth", "a mark before it", "UTF-16", "UTF-16 without a mark"],
)
@pytest.mark.parametrize("call", [parts, names])
def test_a_document_that_would_take_all_memory_is_not_parsed(
    call: Call, body: str | bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[object] = []
    parse = ElementTree.XMLParser

    def parser(*arguments: Any, **options: Any) -> ElementTree.XMLParser:
        parsed.append(arguments)
        return parse(*arguments, **options)

    monkeypatch.setattr(ElementTree, "XMLParser", parser)
    error, requests = calling(call, endless.page(body))
    assert "no service" in error.message
    assert len(requests) == 1
    assert not parsed


def test_what_an_object_holds_is_not_taken_for_a_document(s3_environment: None) -> None:
    body = '<!DOCTYPE html><!ENTITY a "b">'
    with serving(lambda head: endless.page("" if head.startswith(b"HEAD /b ") else body)) as server:
        access = S3Access(S3Settings(endpoint_url=f"http://127.0.0.1:{server.port}", region="us-east-1"))
        assert Bucket(access, "b").read("x") == body.encode()


def test_a_refusal_that_is_too_long_is_judged_by_its_status() -> None:
    error, _ = calling(read, endless.http("500 Internal Server Error", endless.CHUNKED, again=endless.CHUNK))
    assert "500" in error.message


def test_a_line_between_chunks_that_is_too_long_is_not_kept() -> None:
    calling(parts, endless.http("200 OK", endless.CHUNKED, again=b"x" * 65536))


@pytest.mark.parametrize("call", [parts, unfinished])
def test_a_listing_that_comes_to_no_next_page_ends(call: Call) -> None:
    page = (
        "<R><IsTruncated>true</IsTruncated><NextPartNumberMarker>7</NextPartNumberMarker>"
        "<NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>u</NextUploadIdMarker></R>"
    )
    error, requests = calling(call, endless.page(page))
    assert "does not end" in error.message
    assert len(requests) == 2


@pytest.mark.parametrize("call", [parts, unfinished, names])
def test_a_listing_of_ever_new_empty_pages_ends(call: Call) -> None:
    count = iter(range(1, 20_000))

    def page(_: bytes) -> Answer:
        number = next(count)
        return endless.page(
            f"<R><IsTruncated>true</IsTruncated><NextPartNumberMarker>{number}</NextPartNumberMarker>"
            f"<NextKeyMarker>k{number}</NextKeyMarker><NextUploadIdMarker>u</NextUploadIdMarker>"
            f"<NextContinuationToken>{number}</NextContinuationToken></R>"
        )

    error, requests = calling(call, page)
    assert "does not end" in error.message
    assert len(requests) < 150
