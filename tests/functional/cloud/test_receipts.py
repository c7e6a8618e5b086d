"""What is known of objects that the cloud has written, and what the cloud finds out about them by itself."""

from __future__ import annotations

import hashlib
from typing import Any

from servers.content import Pattern
from servers.faulty_http import FaultyHttp
from support.command import Command

MIB = 1024 * 1024
CONTENT = Pattern(11 * MIB + 1)
SHA = hashlib.sha256(bytes(CONTENT.read(0, CONTENT.size))).hexdigest()
IN_PARTS = ("--part-size", "5MB")


def test_a_job_is_compared_with_the_digest_beside_its_source(
    command: Command, http_server: FaultyHttp, s3: Any, destination: str
) -> None:
    """A job is compared with the digest beside its source and its object names it."""
    url, target = http_server.add("/x.bin", CONTENT), f"s3://{destination}/x.bin"
    http_server.add("/x.bin.sha256", f"{SHA}  x.bin\n".encode())
    done = command.run("submit", "--wait", "--json", *IN_PARTS, "--source-digest", "auto", url, target).ended(0)
    receipt = done.document["receipt"]
    assert (receipt["verdict"], receipt["source_digest"]) == ("verified-by-source", f"sha256:{SHA}")
    known = command.run("receipt", "--json", target).ended(0).document
    assert (known["known_from"], known["job"], known["source"]) == ("report", done.document["job"], url)
    assert (known["verdict"], known["checksum"]) == (receipt["verdict"], receipt["checksum"])
    again = command.run("verify", "--receipt", "--json", target).ended(0).document
    assert again["compared_with"] == ["stored", "receipt", "source"]
    assert again["checksums"]["sha256"] == SHA


def test_a_job_whose_content_is_not_what_was_expected_leaves_nothing(
    command: Command, http_server: FaultyHttp, s3: Any, destination: str
) -> None:
    url = http_server.add("/x.bin", CONTENT)
    expect = ("--expect", f"sha256:{'0' * 64}")
    command.run("submit", "--wait", *IN_PARTS, *expect, url, f"s3://{destination}/x.bin").ended(21)
    assert s3.list_objects_v2(Bucket=destination).get("Contents", []) == []
    assert s3.list_multipart_uploads(Bucket=destination).get("Uploads", []) == []


def test_the_receipt_of_an_upload_from_here_is_found_with_the_stack(
    command: Command, http_server: FaultyHttp, destination: str
) -> None:
    """The receipt of an upload from this machine is found with the stack."""
    url, target = http_server.add("/y.bin", CONTENT), f"s3://{destination}/y.bin"
    done = command.run("upload", "--json", *IN_PARTS, url, target).ended(0).document
    known = command.run("receipt", "--json", target).ended(0).document
    assert (known["known_from"], known["verdict"], known["job"]) == ("report", "verified-in-transit", done["job"])
