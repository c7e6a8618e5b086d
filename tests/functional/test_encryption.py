"""Encryption by S3 and KMS: buckets that demand it by policy, and keys that this user may not use."""

from __future__ import annotations

from pathlib import Path

import pytest

from servers.content import Pattern, write_file
from servers.proxy import FaultyProxy
from servers.proxy_rules import (
    ABORT_UPLOAD,
    CREATE_UPLOAD,
    GET_OBJECT,
    LIST_PARTS,
    PUT_OBJECT,
    UPLOAD_PART,
    EditReplyHead,
    Match,
    ProxiedRequest,
    Respond,
)
from support.command import Command
from support.stored import Stored

MIB = 1 << 20
CONTENT = Pattern(6 * MIB, seed=61)
IN_PARTS = ("--part-size", "5MB")
KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
USER = "arn:aws:iam::444455556666:user/ann"
HEADER = "x-amz-server-side-encryption"
MADE = (Match("POST", {"uploads": None}, lacks=(HEADER, "")), Match("PUT", without=("uploadId",), lacks=(HEADER, "")))


def denied(why: str) -> Respond:
    """AccessDenied in the words of AWS."""
    body = (
        f"<Error><Code>AccessDenied</Code><Message>User: {USER} is not authorized to perform: {why}</Message></Error>"
    )
    return Respond(403, "AccessDenied", body=body.encode())


class OnlyEncrypts:
    """Who has kms:GenerateDataKey on a bucket's key, and not kms:Decrypt: nothing can be read, nor its checksums."""

    def before(self, request: ProxiedRequest) -> Respond | None:
        """The store is asked first: of what is not there AWS says so."""

    def after(self, request: ProxiedRequest, status: int) -> Respond | None:
        reads = GET_OBJECT.matches(request) and "/" in request.path.strip("/")
        looks = request.method == "HEAD" and "x-amz-checksum-mode" in request.headers
        if status >= 300 or not (reads or looks):
            return None
        return denied(f"kms:Decrypt on resource: {KEY} because no policy allows the action")


def demand_encryption(proxy: FaultyProxy) -> None:
    """A bucket policy that denies requests which make objects without a word of their encryption."""
    for made in MADE:
        lacking = Match(made.method, made.query, made.without, lacks=(HEADER, "A"))
        proxy.add(lacking, denied("s3:PutObject with an explicit deny in a resource-based policy"), times=None)


@pytest.mark.parametrize("way", [("--part-size", "5MB"), ("--part-size", "8MB")], ids=["in parts", "by one request"])
def test_a_bucket_that_demands_encryption_takes_what_names_it(
    way: tuple[str, ...], through_proxy: Command, home: Path, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    """A file, and then its copy inside S3."""
    write_file(CONTENT, home / "x.bin")
    demand_encryption(s3_proxy)
    through_proxy.run("upload", "x.bin", stored.url("made"), *way, "--sse", "AES256").ended(0)
    through_proxy.run("upload", stored.url("made"), stored.url("copy"), *way, "--sse", "AES256").ended(0)
    stored.assert_is("copy", CONTENT)


def test_a_bucket_that_demands_encryption_refuses_others_with_a_hint(
    through_proxy: Command, home: Path, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    """A bucket that demands encryption refuses other uploads with a hint."""
    write_file(CONTENT, home / "x.bin")
    demand_encryption(s3_proxy)
    assert "--sse" in through_proxy.run("upload", "x.bin", stored.url("made")).ended(14).error_line


def test_a_key_that_may_not_be_used_is_named_before_a_byte_moves(
    through_proxy: Command, home: Path, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    write_file(CONTENT, home / "x.bin")
    why = f"kms:GenerateDataKey on resource: {KEY} because no resource-based policy allows the action"
    s3_proxy.add(CREATE_UPLOAD, denied(why), times=None)
    refused = through_proxy.run("upload", "x.bin", stored.url("x.bin"), *IN_PARTS).ended(14)
    assert f"kms:GenerateDataKey on resource: {KEY}" in refused.error_line
    assert f"ask for kms:GenerateDataKey and kms:Decrypt on {KEY}" in refused.error_line
    assert s3_proxy.matching(UPLOAD_PART) == []


def test_a_key_that_only_encrypts_is_refused_and_its_upload_discarded(
    through_proxy: Command, home: Path, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    """AWS names no key where kms:Decrypt is missing, but S3 has named it when the upload was begun."""
    write_file(CONTENT, home / "x.bin")
    kms = f"\r\n{HEADER}: aws:kms\r\n{HEADER}-aws-kms-key-id: {KEY}\r\n\r\n".encode()
    s3_proxy.add(CREATE_UPLOAD, EditReplyHead(rb"\r\n\r\n", kms))
    s3_proxy.add(LIST_PARTS, denied("kms:Decrypt on the resource associated with this ciphertext"), times=None)
    refused = through_proxy.run("upload", "x.bin", stored.url("x.bin"), *IN_PARTS).ended(14)
    assert f"kms:Decrypt on {KEY} is missing" in refused.error_line
    assert s3_proxy.matching(UPLOAD_PART) == []
    assert len(s3_proxy.matching(ABORT_UPLOAD)) == 1


def test_one_request_takes_no_right_to_decrypt(
    through_proxy: Command, home: Path, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    """PutObject needs kms:GenerateDataKey alone: S3's answer shows the bytes, and a HEAD without checksums the object.
    So nothing is there that a refusal would come too late for."""
    write_file(CONTENT, home / "x.bin")
    s3_proxy.admit(OnlyEncrypts())
    upload = ("upload", "x.bin", stored.url("x.bin"), "--json")
    done = through_proxy.run(*upload).ended(0).document
    assert (done["state"], done["verdict"], done["size"]) == ("succeeded", "verified-in-transit", CONTENT.size)
    assert through_proxy.run(*upload, "--exists", "skip").ended(0).document["state"] == "skipped"
    through_proxy.run(*upload).ended(3)
    assert s3_proxy.matching(CREATE_UPLOAD) == []
    stored.assert_is("x.bin", CONTENT)


def test_a_source_that_can_not_be_decrypted_is_refused_before_a_byte_moves(
    through_proxy: Command, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    stored.put("source", bytes(CONTENT.read(0, CONTENT.size)))
    s3_proxy.admit(OnlyEncrypts())
    for command in (("upload", stored.url("source"), stored.url("copy")), ("download", stored.url("source"), "copy")):
        assert f"kms:Decrypt on resource: {KEY}" in through_proxy.run(*command).ended(14).error_line
    assert not (through_proxy.home / "copy").exists()
    assert stored.unfinished() == []


def test_a_dataset_whose_key_may_not_be_used_stores_no_byte(
    through_proxy: Command, home: Path, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    """S3 refuses a PutObject for want of kms:GenerateDataKey as it refuses to begin an upload."""
    for name in ("a", "b", "c"):
        (home / "folder").mkdir(exist_ok=True)
        (home / "folder" / name).write_bytes(b"few")
    why = f"kms:GenerateDataKey on resource: {KEY} because no resource-based policy allows the action"
    s3_proxy.add(PUT_OBJECT, denied(why), times=None)
    refused = through_proxy.run("upload", "folder/", stored.url("to/")).ended(25)
    assert f"ask for kms:GenerateDataKey and kms:Decrypt on {KEY}" in refused.stdout
    stored.assert_untouched()


def test_a_dataset_takes_no_right_to_decrypt(
    through_proxy: Command, home: Path, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    (home / "folder").mkdir()
    (home / "folder" / "a").write_bytes(b"few")
    s3_proxy.admit(OnlyEncrypts())
    assert "1 copied" in through_proxy.run("upload", "folder/", stored.url("to/")).ended(0).stdout
