"""Encryption by S3 and KMS: buckets that demand it by policy, and keys that this user may not use."""

from __future__ import annotations

from pathlib import Path

import pytest

from servers.content import Pattern, write_file
from servers.proxy import FaultyProxy
from servers.proxy_rules import (
    ABORT_UPLOAD,
    CREATE_UPLOAD,
    LIST_PARTS,
    UPLOAD_PART,
    EditReplyHead,
    Match,
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
