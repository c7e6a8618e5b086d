"""S3 to S3: S3 moves the bytes, and what an object carries comes along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from servers.content import Pattern, write_file
from servers.proxy import FaultyProxy
from servers.proxy_rules import GET_OBJECT, UPLOAD_PART, Match, Respond
from support.command import Command
from support.stored import Stored, own

MIB = 1 << 20
CONTENT = Pattern(22 * MIB, seed=5)
IN_PARTS = ("--part-size", "5MB")
WAYS = pytest.mark.parametrize("way", [(), IN_PARTS], ids=["by one request", "in parts"])


@pytest.fixture
def source(stored: Stored) -> str:
    """The URL of an object with metadata, tags and headers of its own."""
    stored.client.put_object(
        Bucket=stored.bucket,
        Key="dir/source.txt",
        Body=bytes(CONTENT.read(0, CONTENT.size)),
        ChecksumAlgorithm="CRC64NVME",
        Metadata={"run": "42"},
        Tagging="lab=here&paid=yes",
        ContentType="text/x-reads",
        CacheControl="no-cache",
        ContentDisposition="attachment",
    )
    return stored.url("dir/source.txt")


@WAYS
def test_no_byte_of_a_copy_passes_through_this_machine(
    way: tuple[str, ...], through_proxy: Command, s3_proxy: FaultyProxy, source: str, stored: Stored
) -> None:
    done = through_proxy.run("upload", source, stored.url("copy/"), *way, "--json").ended(0).document
    assert done["destination"] == stored.url("copy/source.txt")
    assert done["proof"] == "full-object"
    stored.assert_holds("copy/source.txt", CONTENT)
    assert [request for request in s3_proxy.matching(GET_OBJECT) if "tagging" not in request.query] == []
    for request in s3_proxy.matching(UPLOAD_PART):
        assert request.headers["content-length"] == "0"


@WAYS
def test_a_copy_keeps_what_its_source_carries(
    way: tuple[str, ...], command: Command, source: str, stored: Stored
) -> None:
    command.run("upload", source, stored.url("copy"), *way).ended(0)
    head: Any = stored.client.head_object(Bucket=stored.bucket, Key="copy")
    assert (head["ContentType"], head["CacheControl"]) == ("text/x-reads", "no-cache")
    assert head["ContentDisposition"] == "attachment"
    assert own(head["Metadata"]) == {"run": "42"}
    assert _tags(stored, "copy") == {"lab": "here", "paid": "yes"}


@WAYS
def test_what_is_said_of_a_copy_overrides_what_its_source_carries(
    way: tuple[str, ...], command: Command, source: str, stored: Stored
) -> None:
    other = ("--content-type", "text/plain", "--metadata", "run=43", "--tag", "lab=there")
    command.run("upload", source, stored.url("copy"), *way, *other).ended(0)
    head: Any = stored.client.head_object(Bucket=stored.bucket, Key="copy")
    assert (head["ContentType"], own(head["Metadata"])) == ("text/plain", {"run": "43"})
    assert head["CacheControl"] == "no-cache"
    assert _tags(stored, "copy") == {"lab": "there"}


@WAYS
def test_a_file_s_attributes_are_those_that_were_given(
    way: tuple[str, ...], command: Command, home: Path, stored: Stored
) -> None:
    write_file(CONTENT, home / "file")
    given = ("--content-type", "text/x", "--cache-control", "private", "--metadata", "a=b", "--metadata", "c=d")
    command.run("upload", "file", stored.url("x"), *way, *given, "--tag", "t=u").ended(0)
    head: Any = stored.client.head_object(Bucket=stored.bucket, Key="x")
    assert (head["ContentType"], head["CacheControl"]) == ("text/x", "private")
    assert own(head["Metadata"]) == {"a": "b", "c": "d"}
    assert _tags(stored, "x") == {"t": "u"}


@WAYS
def test_a_copy_does_not_replace_an_object_unless_told_to(
    way: tuple[str, ...], command: Command, source: str, stored: Stored
) -> None:
    stored.put("copy", b"old")
    command.run("upload", source, stored.url("copy"), *way).ended(3)
    command.run("upload", source, stored.url("copy"), *way, "--exists", "overwrite").ended(0)
    stored.assert_holds("copy", CONTENT)


def test_an_empty_object_is_copied(command: Command, stored: Stored) -> None:
    stored.put("empty", b"")
    command.run("upload", stored.url("empty"), stored.url("copy")).ended(0)
    assert stored.client.head_object(Bucket=stored.bucket, Key="copy")["ContentLength"] == 0


def test_a_copy_that_s3_is_too_busy_for_is_tried_again(
    through_proxy: Command, s3_proxy: FaultyProxy, source: str, stored: Stored
) -> None:
    s3_proxy.add(UPLOAD_PART, Respond(503, "SlowDown"), times=3)
    done = through_proxy.run("upload", source, stored.url("copy"), *IN_PARTS, "--json").ended(0).document
    assert done["retries"] == 3
    stored.assert_holds("copy", CONTENT)


def test_a_copy_that_answers_200_with_a_failure_is_tried_again(
    through_proxy: Command, s3_proxy: FaultyProxy, source: str, stored: Stored
) -> None:
    """A copy that answers 200 and then says that it failed is tried again."""
    s3_proxy.add(UPLOAD_PART, Respond(200, "InternalError"), times=2)
    through_proxy.run("upload", source, stored.url("copy"), *IN_PARTS).ended(0)
    stored.assert_holds("copy", CONTENT)


@WAYS
def test_a_source_that_is_replaced_before_its_copy_is_never_mixed_in(
    way: tuple[str, ...], through_proxy: Command, s3_proxy: FaultyProxy, source: str, stored: Stored
) -> None:
    """S3 itself refuses: the copy names the ETag that was probed."""
    s3_proxy.add(Match("PUT", {}), Respond(412, "PreconditionFailed"), times=1)
    through_proxy.run("upload", source, stored.url("copy"), *way, "--exists", "overwrite").ended(20)
    assert stored.keys() == ["dir/source.txt"]
    asked = [request for request in s3_proxy.requests if "x-amz-copy-source" in request.headers]
    etag = stored.client.head_object(Bucket=stored.bucket, Key="dir/source.txt")["ETag"]
    assert {request.headers["x-amz-copy-source-if-match"] for request in asked} == {etag}


def test_a_source_that_is_missing_is_told(command: Command, stored: Stored) -> None:
    command.run("upload", stored.url("missing"), stored.url("copy")).ended(5)


def test_a_source_bucket_that_is_missing_is_the_source_s_fault(command: Command, stored: Stored) -> None:
    command.run("upload", "s3://no-such-bucket-anywhere/x", stored.url("copy")).ended(5)


def test_requester_pays_is_said_with_every_request(
    through_proxy: Command, s3_proxy: FaultyProxy, source: str, stored: Stored
) -> None:
    through_proxy.run("upload", source, stored.url("copy"), *IN_PARTS, "--requester-pays").ended(0)
    asked = [request for request in s3_proxy.requests if request.method != "HEAD" or "source" in request.path]
    assert asked
    assert {request.headers.get("x-amz-request-payer") for request in asked} == {"requester"}


def test_a_public_source_is_read_without_a_signature(command: Command, stored: Stored) -> None:
    """The strict server denies whoever does not sign: that it says so shows that nothing was signed."""
    stored.put("x", b"data")
    command.run("download", stored.url("x"), "x", "--no-sign-request").ended(14)


def _tags(stored: Stored, key: str) -> dict[str, str]:
    found = stored.client.get_object_tagging(Bucket=stored.bucket, Key=key)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in found}
