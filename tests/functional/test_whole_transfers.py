"""Whole transfers on this machine: what was sent is what is stored, and what comes back is what was stored."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from servers.certificates import Certificate, make_certificate
from servers.content import Pattern, crc64nvme, write_file
from servers.faults import Slow
from servers.faulty_http import FaultyHttp
from support.command import Command
from support.stored import Stored, assert_file_holds

MIB = 1 << 20
# Around one part of 5 MiB, which is also where one request stops being enough.
SIZES = [0, 1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 25 * MIB // 2]
SMALL_PARTS = ("--part-size", "5MB")
SEVERAL_PROCESSES = 260 * MIB
RECEIPT_FIELDS = {
    "state": "succeeded",
    "checksum_algorithm": "CRC64NVME",
    "proof": "full-object",
    "retries": 0,
    "error": None,
}


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path)


@pytest.fixture
def https_server(certificate: Certificate) -> Iterator[FaultyHttp]:
    with FaultyHttp(certificate) as server:
        yield server


@pytest.mark.parametrize("size", SIZES)
def test_a_local_file_arrives_whole_and_comes_back_whole(
    size: int, command: Command, home: Path, stored: Stored
) -> None:
    content = Pattern(size, seed=1)
    write_file(content, home / "sent.bin")
    sent = command.run("upload", "sent.bin", stored.url("a/b.bin"), *SMALL_PARTS, "--json").ended(0)
    stored.assert_holds("a/b.bin", content)
    assert sent.stderr == ""
    assert sent.document.items() >= RECEIPT_FIELDS.items()
    assert sent.document["size"] == size
    assert sent.document["parts"] == max(1, -(-size // (5 * MIB)))
    assert sent.document["checksum"] == crc64nvme(content)
    got = command.run("download", stored.url("a/b.bin"), "got.bin", *SMALL_PARTS, "--json").ended(0)
    assert_file_holds(home / "got.bin", content)
    assert got.document.items() >= RECEIPT_FIELDS.items()
    assert got.document["checksum"] == crc64nvme(content)
    assert command.records() == []
    assert stored.unfinished() == []
    assert {path.name for path in home.iterdir()} - {"state"} == {"sent.bin", "got.bin"}


@pytest.mark.parametrize("size", SIZES)
def test_a_url_arrives_whole(size: int, command: Command, stored: Stored, http_server: FaultyHttp) -> None:
    content = Pattern(size, seed=2)
    url = http_server.add("/file.bin", content, content_type="application/x-tar")
    sent = command.run("upload", url, stored.url("b.bin"), *SMALL_PARTS, "--json").ended(0)
    stored.assert_holds("b.bin", content)
    assert sent.stderr == ""
    assert sent.document["source"] == url
    assert sent.document["source_etag"] == ('"first"' if size else None)
    head = stored.client.head_object(Bucket=stored.bucket, Key="b.bin")
    # Nothing tells the type of an empty source: the answer about it has a body of its own.
    assert head["ContentType"] == ("application/x-tar" if size else "binary/octet-stream")
    if size:
        # One byte more is sent: the probe asks for the first.
        assert http_server.bytes_sent("/file.bin") == size + 1
    assert command.records() == []


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "AWS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_https_source_is_read_where_its_certificate_is_trusted(
    variable: str, command: Command, stored: Stored, https_server: FaultyHttp, certificate: Certificate
) -> None:
    content = Pattern(12 * MIB)
    url = https_server.add("/file.bin", content)
    command.run("upload", url, stored.url("s.bin"), *SMALL_PARTS, **{variable: str(certificate.file)}).ended(0)
    stored.assert_holds("s.bin", content)


def test_an_https_source_that_nobody_vouches_for_is_refused(
    command: Command, stored: Stored, https_server: FaultyHttp
) -> None:
    url = https_server.add("/file.bin", b"x")
    refused = command.run("upload", url, stored.url("s.bin")).ended(5)
    assert "certificate" in refused.error_line
    stored.assert_untouched()


def test_hundreds_of_megabytes_go_there_and_back_over_several_processes(
    command: Command, home: Path, stored: Stored, http_server: FaultyHttp
) -> None:
    content = Pattern(SEVERAL_PROCESSES, seed=3)
    url = http_server.add("/large.bin", content)
    sent = command.run("upload", url, stored.url("large.bin"), "--part-size", "20MB", "--json").ended(0)
    assert sent.document["parts"] == 13
    # Two bytes more are sent: the probe asks for the first and for the last.
    assert http_server.bytes_sent("/large.bin") == content.size + 2
    got = command.run("download", stored.url("large.bin"), "large.bin", "--part-size", "20MB", "--json").ended(0)
    assert got.document["checksum"] == sent.document["checksum"]
    assert_file_holds(home / "large.bin", content)
    head = stored.client.head_object(Bucket=stored.bucket, Key="large.bin", ChecksumMode="ENABLED")
    assert head["ChecksumCRC64NVME"] == crc64nvme(content) == sent.document["checksum"]


def test_no_more_connections_than_slots_read_the_source(
    command: Command, stored: Stored, http_server: FaultyHttp
) -> None:
    content = Pattern(40 * MIB)
    url = http_server.add("/file.bin", content, Slow(bytes_per_second=30 * MIB))
    command.run("upload", url, stored.url("b.bin"), *SMALL_PARTS, "--download-slots", "3").ended(0)
    assert http_server.most_at_once == 3
    stored.assert_holds("b.bin", content)


def test_the_text_result_is_on_stdout_and_nothing_else_is(command: Command, home: Path, stored: Stored) -> None:
    content = Pattern(6 * MIB)
    write_file(content, home / "sent.bin")
    sent = command.run("upload", "sent.bin", stored.url("b.bin"), *SMALL_PARTS).ended(0)
    fields = dict(re.split(r"\s{2,}|(?<=destination)\s", line, maxsplit=1) for line in sent.stdout.splitlines())
    assert fields["source"] == "sent.bin"
    assert fields["destination"] == stored.url("b.bin")
    assert fields["moved"].startswith("6.0 MiB (6,291,456 bytes) in 2 parts")
    assert fields["checksum"] == f"CRC64NVME {crc64nvme(content)}"
    assert fields["proof"].startswith("verified")
    assert sent.stderr == ""


@pytest.mark.parametrize(
    ("path", "destination", "key"),
    [
        ("/runs/a%20b.bin", "runs/", "runs/a b.bin"),
        ("/runs/%E2%82%AC%2B.bin?token=1", "", "€+.bin"),
    ],
)
def test_a_destination_with_a_slash_gets_the_sources_decoded_name(
    path: str, destination: str, key: str, command: Command, stored: Stored, http_server: FaultyHttp
) -> None:
    """A destination that ends in a slash gets the decoded name of the source."""
    http_server.add(unquote(path.partition("?")[0]), b"content")
    url = f"http://127.0.0.1:{http_server.port}{path}"
    sent = command.run("upload", url, stored.url(destination), "--json").ended(0)
    assert sent.document["destination"] == stored.url(key)
    assert stored.keys() == [key]


@pytest.mark.parametrize("key", ["a b+c&d=e?f#g%20h", "naïve/€/🧬'quo\"ted'.", "~tilde*(!)/x;y,z:@$"])
def test_an_odd_key_is_taken_literally(key: str, command: Command, home: Path, stored: Stored) -> None:
    content = Pattern(6 * MIB, seed=4)
    write_file(content, home / "sent.bin")
    command.run("upload", "sent.bin", stored.url(key), *SMALL_PARTS).ended(0)
    assert stored.keys() == [key]
    command.run("download", stored.url(key), "got.bin").ended(0)
    assert_file_holds(home / "got.bin", content)


@pytest.mark.parametrize("form", ["{path}", "file:{path}", "file://{path}", "file://localhost{path}", "./{name}"])
def test_every_form_of_a_local_path_is_read(form: str, command: Command, home: Path, stored: Stored) -> None:
    path = write_file(Pattern(10), home / "sent.bin")
    command.run("upload", form.format(path=path, name=path.name), stored.url("dir/")).ended(0)
    stored.assert_holds("dir/sent.bin", Pattern(10))


def test_a_download_into_a_folder_keeps_the_objects_name(command: Command, home: Path, stored: Stored) -> None:
    stored.put("deep/run.tar", b"content")
    (home / "folder").mkdir()
    command.run("download", stored.url("deep/run.tar"), "folder").ended(0)
    assert (home / "folder" / "run.tar").read_bytes() == b"content"


def test_an_object_is_copied_from_s3_to_s3(command: Command, stored: Stored) -> None:
    content = Pattern(6 * MIB, seed=5)
    stored.put("from.bin", content.read(0, content.size))
    command.run("upload", stored.url("from.bin"), stored.url("to/"), *SMALL_PARTS).ended(0)
    stored.assert_holds("to/from.bin", content)


def test_an_object_with_a_content_encoding_is_downloaded_as_stored(
    command: Command, home: Path, stored: Stored
) -> None:
    """An object with an encoding noted on it is downloaded as it is stored."""
    packed = gzip.compress(b"content")
    stored.client.put_object(Bucket=stored.bucket, Key="x.gz", Body=packed, ContentEncoding="gzip")
    command.run("download", stored.url("x.gz"), "x.gz").ended(0)
    assert (home / "x.gz").read_bytes() == packed
