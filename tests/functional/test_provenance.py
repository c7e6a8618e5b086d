"""Where an object came from, in its own metadata, and what `receipt` and `verify --receipt` make of it."""

import hashlib
from pathlib import Path

import pytest

from servers.content import crc64nvme, pattern, write_file
from servers.faulty_http import FaultyHttp
from servers.proxy import FaultyProxy
from servers.proxy_rules import GET_OBJECT, FlipReplyBit
from support.command import Command
from support.stored import Stored

MIB = 1 << 20
DATA = pattern(6 * MIB, 8)
WAYS = pytest.mark.parametrize("way", [(), ("--part-size", "5MB")], ids=["by one request", "in parts"])


def metadata(stored: Stored, key: str) -> dict[str, str]:
    return stored.client.head_object(Bucket=stored.bucket, Key=key)["Metadata"]


@WAYS
def test_an_object_names_its_job_and_source_version_and_no_secret(
    way: tuple[str, ...], command: Command, stored: Stored, http_server: FaultyHttp
) -> None:
    """An object names its job, its source and the source's version and no secret."""
    http_server.add("/x y.bin", DATA)
    url = http_server.url("/x y.bin", login="anna:hidden") + "?X-Amz-Signature=hidden"
    done = command.run("upload", url, stored.url("x"), *way, "--metadata", "a=b", "--json").ended(0).document
    found = metadata(stored, "x")
    assert found["a"] == "b"
    assert found["s3am-cloud-job"] == done["job"]
    assert found["s3am-cloud-source"] == http_server.url("/x y.bin") + "?..."
    assert found["s3am-cloud-source-version"] == 'etag "first"'
    assert "hidden" not in str(found)


@WAYS
def test_a_copy_names_its_source_and_not_where_that_came_from(
    way: tuple[str, ...], command: Command, home: Path, stored: Stored
) -> None:
    """A copy says where it was copied from and not where its source came from."""
    write_file(DATA, home / "x.bin")
    command.run("upload", "x.bin", stored.url("x"), "--metadata", "run=42").ended(0)
    done = command.run("upload", stored.url("x"), stored.url("y"), *way, "--json").ended(0).document
    found = metadata(stored, "y")
    assert (found["run"], found["s3am-cloud-job"], found["s3am-cloud-source"]) == ("42", done["job"], stored.url("x"))
    command.run("upload", stored.url("x"), stored.url("z"), *way, "--no-provenance").ended(0)
    assert metadata(stored, "z") == {"run": "42"}


def test_a_receipt_without_a_report_says_what_the_object_says(command: Command, home: Path, stored: Stored) -> None:
    """A receipt says what the object alone says where no report is found."""
    write_file(DATA, home / "x.bin")
    (home / "x.bin.md5").write_text("0" * 32)
    command.run("upload", "x.bin", stored.url("x"), "--source-digest", "auto", "--keep-mismatch").ended(21)
    known = command.run("receipt", stored.url("x"), "--json").ended(0).document
    assert (known["known_from"], known["source"], known["verdict"]) == ("metadata", "x.bin", None)
    assert (known["checksum"], known["source_digest"]) == (crc64nvme(DATA), f"md5:{'0' * 32}")
    text = command.run("receipt", stored.url("x")).ended(0).stdout
    assert f"the object does not have md5:{'0' * 32}" in text
    assert "x.bin" in text
    stored.put("other", b"data")
    assert command.run("receipt", stored.url("other"), "--json").ended(0).document["known_from"] == "store"
    command.run("receipt", stored.url("missing")).ended(5)
    told = command.run("verify", "--receipt", stored.url("x"), "--json").ended(21)
    assert told.document["error"]["name"] == "NotAsStated"


@WAYS
def test_what_was_verified_is_known_of_the_object_alone(
    way: tuple[str, ...], command: Command, home: Path, stored: Stored
) -> None:
    write_file(DATA, home / "x.bin")
    sha = hashlib.sha256(DATA).hexdigest()
    (home / "x.bin.sha256").write_text(f"{sha}  x.bin\n")
    for options in ((), ("--expect", f"sha256:{sha}"), ("--source-digest", "auto")):
        done = command.run("upload", "x.bin", stored.url("x"), *way, *options, "--exists", "overwrite", "--json").ended(
            0
        )
        known = command.run("receipt", stored.url("x"), "--json").ended(0).document
        assert (
            known["verdict"] == done.document["verdict"] == ("verified-by-source" if options else "verified-in-transit")
        )
    found = command.run("verify", "--receipt", stored.url("x"), "--json").ended(0)
    assert found.document["compared_with"] == ["stored", "source"]


def test_an_object_is_read_again_and_compared_with_all_that_was_said_of_it(
    through_proxy: Command, s3_proxy: FaultyProxy, home: Path, stored: Stored
) -> None:
    write_file(DATA, home / "x.bin")
    through_proxy.run("upload", "x.bin", stored.url("x")).ended(0)
    found = through_proxy.run("verify", "--receipt", stored.url("x"), "--json").ended(0)
    assert found.document["compared_with"] == ["stored"]
    assert "no receipt of this object is found" in found.stderr
    s3_proxy.add(GET_OBJECT, FlipReplyBit(at=1000))
    through_proxy.run("verify", "--receipt", stored.url("x")).ended(21)
    through_proxy.run("verify", "--receipt", "--checksum", "md5", stored.url("x")).ended(2)
