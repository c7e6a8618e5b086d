"""What happens where something is there already: the object, unfinished uploads, the file, a partial download."""

from pathlib import Path

import pytest

from servers.content import Pattern, write_file
from servers.faults import ContentChanges, Stall, Status
from servers.faulty_http import FaultyHttp
from servers.http_model import Request
from support.command import Command, eventually
from support.stored import Stored, assert_file_holds

MIB = 1 << 20
PART = 5 * MIB
SMALL_PARTS = ("--part-size", "5MB")
CONTENT = Pattern(25 * MIB // 2, seed=7)
OLD = b"what was there before"


def _not_the_first_part(request: Request) -> bool:
    return not request.headers.get("range", "").startswith("bytes=0-")


@pytest.fixture
def sent(home: Path) -> Path:
    return write_file(CONTENT, home / "sent.bin")


@pytest.fixture
def unfinished(command: Command, stored: Stored, http_server: FaultyHttp) -> str:
    """The URL of a source whose upload to x.bin has come as far as its first part, and then failed."""
    url = http_server.add("/x.bin", CONTENT, Status(status=404, where=_not_the_first_part))
    running = command.start("upload", url, stored.url("x.bin"), *SMALL_PARTS, "--download-slots", "1")
    running.result().ended(5)
    assert stored.parts("x.bin") == [1]
    http_server.set_faults("/x.bin")
    return url


def test_an_object_that_exists_is_left_alone(command: Command, sent: Path, stored: Stored) -> None:
    stored.put("x.bin", OLD)
    refused = command.run("upload", sent, stored.url("x.bin"), "--json").ended(3)
    assert refused.document["error"].items() >= {"code": 3, "name": "ObjectExists", "retryable": False}.items()
    assert "--exists overwrite" in refused.document["error"]["hint"]
    assert stored.client.get_object(Bucket=stored.bucket, Key="x.bin")["Body"].read() == OLD
    assert command.records() == []


@pytest.mark.parametrize("content", [CONTENT, Pattern(3)], ids=["in parts", "in one request"])
def test_exists_overwrite_replaces_the_object(content: Pattern, command: Command, home: Path, stored: Stored) -> None:
    stored.put("x.bin", OLD)
    write_file(content, home / "new.bin")
    command.run("upload", "new.bin", stored.url("x.bin"), *SMALL_PARTS, "--exists", "overwrite").ended(0)
    stored.assert_holds("x.bin", content)


def test_exists_skip_leaves_the_object_and_succeeds(command: Command, sent: Path, stored: Stored) -> None:
    stored.put("x.bin", OLD)
    skipped = command.run("upload", sent, stored.url("x.bin"), "--exists", "skip", "--json").ended(0)
    assert skipped.document["state"] == "skipped"
    assert stored.client.get_object(Bucket=stored.bucket, Key="x.bin")["Body"].read() == OLD
    assert command.records() == []


def test_an_object_that_appears_while_parts_move_is_not_replaced(
    command: Command, stored: Stored, http_server: FaultyHttp
) -> None:
    url = http_server.add("/x.bin", CONTENT, Stall(after=MIB, where=_not_the_first_part))
    running = command.start("upload", url, stored.url("x.bin"), *SMALL_PARTS)
    eventually(lambda: stored.parts("x.bin") == [1], "the first part")
    stored.put("x.bin", OLD)
    http_server.release()
    refused = running.result().ended(3)
    assert "--exists" in refused.error_line
    assert stored.client.get_object(Bucket=stored.bucket, Key="x.bin")["Body"].read() == OLD


def test_an_unfinished_upload_is_not_touched_unless_told_to(command: Command, stored: Stored, unfinished: str) -> None:
    refused = command.run("upload", unfinished, stored.url("x.bin"), *SMALL_PARTS).ended(4)
    assert "--resume" in refused.error_line
    assert "--force" in refused.error_line
    assert stored.parts("x.bin") == [1]


def test_resume_moves_only_what_is_missing(
    command: Command, stored: Stored, unfinished: str, http_server: FaultyHttp
) -> None:
    before = http_server.bytes_sent("/x.bin")
    command.run("upload", unfinished, stored.url("x.bin"), "--resume").ended(0)
    stored.assert_holds("x.bin", CONTENT)
    assert http_server.bytes_sent("/x.bin") - before == CONTENT.size - PART + 1
    assert command.records() == []
    assert stored.unfinished() == []


def test_resume_with_another_part_size_is_refused(command: Command, stored: Stored, unfinished: str) -> None:
    command.run("upload", unfinished, stored.url("x.bin"), "--resume", "--part-size", "6MB").ended(8)
    assert stored.parts("x.bin") == [1]


def test_resume_of_a_source_that_is_another_by_now_is_refused(
    command: Command, stored: Stored, unfinished: str, http_server: FaultyHttp
) -> None:
    http_server.set_faults("/x.bin", ContentChanges(to=Pattern(CONTENT.size, seed=8)))
    refused = command.run("upload", unfinished, stored.url("x.bin"), "--resume").ended(20)
    assert "--force" in refused.error_line
    assert stored.keys() == []


def test_resume_where_nothing_is_unfinished_starts_afresh(command: Command, sent: Path, stored: Stored) -> None:
    command.run("upload", sent, stored.url("x.bin"), *SMALL_PARTS, "--resume").ended(0)
    stored.assert_holds("x.bin", CONTENT)


def test_a_resume_without_a_record_uses_only_the_sources_parts(command: Command, sent: Path, stored: Stored) -> None:
    """Resume of an upload without a record uses no part that is not the source's."""
    others = Pattern(PART, seed=99).read(0, PART)
    stored.client.upload_part(
        Bucket=stored.bucket, Key="x.bin", UploadId=stored.begin("x.bin"), PartNumber=1, Body=others
    )
    command.run("upload", sent, stored.url("x.bin"), *SMALL_PARTS, "--resume").ended(0)
    stored.assert_is("x.bin", CONTENT)


def test_force_discards_every_unfinished_upload_first(command: Command, stored: Stored, unfinished: str) -> None:
    stored.begin("x.bin")
    stored.begin("x.bin.other")
    command.run("upload", unfinished, stored.url("x.bin"), *SMALL_PARTS, "--force").ended(0)
    stored.assert_holds("x.bin", CONTENT)
    assert [key for key, _ in stored.unfinished()] == ["x.bin.other"]
    assert command.records() == []


@pytest.mark.parametrize("option", ["", "--resume"])
def test_several_unfinished_uploads_are_too_many(option: str, command: Command, sent: Path, stored: Stored) -> None:
    stored.begin("x.bin")
    stored.begin("x.bin")
    refused = command.run("upload", sent, stored.url("x.bin"), *filter(None, [option])).ended(13)
    assert "--force" not in refused.error_line, "they may be at work"
    assert len(stored.unfinished()) == 2


def test_cancel_discards_the_unfinished_uploads_and_their_records(
    command: Command, stored: Stored, unfinished: str
) -> None:
    stored.begin("x.bin")
    cancelled = command.run("cancel", stored.url("x.bin"), "--json").ended(0)
    assert cancelled.document == {"destination": stored.url("x.bin"), "cancelled": 2}
    stored.assert_untouched()
    assert command.records() == []
    assert command.run("cancel", stored.url("x.bin"), "--json").ended(0).document["cancelled"] == 0


def test_a_file_that_exists_is_left_alone(command: Command, home: Path, stored: Stored) -> None:
    (home / "x.bin").write_bytes(OLD)
    stored.put("x.bin", b"new")
    refused = command.run("download", stored.url("x.bin"), "x.bin").ended(11)
    assert "--file-exists overwrite" in refused.error_line
    assert (home / "x.bin").read_bytes() == OLD


def test_file_exists_overwrite_replaces_the_file(command: Command, home: Path, stored: Stored) -> None:
    (home / "x.bin").write_bytes(OLD)
    stored.put("x.bin", b"new")
    command.run("download", stored.url("x.bin"), "x.bin", "--file-exists", "overwrite").ended(0)
    assert (home / "x.bin").read_bytes() == b"new"


def test_file_exists_skip_leaves_the_file_and_succeeds(command: Command, home: Path, stored: Stored) -> None:
    (home / "x.bin").write_bytes(OLD)
    stored.put("x.bin", b"new")
    skipped = command.run("download", stored.url("x.bin"), "x.bin", "--file-exists", "skip", "--json").ended(0)
    assert skipped.document["state"] == "skipped"
    assert (home / "x.bin").read_bytes() == OLD


def test_a_partial_download_is_not_touched_unless_told_to(command: Command, home: Path, stored: Stored) -> None:
    partial = home / ".x.bin.partial"
    partial.write_bytes(OLD)
    stored.put("x.bin", b"new")
    refused = command.run("download", stored.url("x.bin"), "x.bin").ended(12)
    assert "--download-exists resume" in refused.error_line
    assert partial.read_bytes() == OLD


@pytest.mark.parametrize("choice", ["resume", "discard"])
def test_a_partial_download_of_who_knows_what_is_never_mixed_in(
    choice: str, command: Command, home: Path, stored: Stored
) -> None:
    (home / ".x.bin.partial").write_bytes(Pattern(CONTENT.size, seed=9).read(0, CONTENT.size))
    stored.put("x.bin", CONTENT.read(0, CONTENT.size))
    command.run("download", stored.url("x.bin"), "x.bin", *SMALL_PARTS, "--download-exists", choice).ended(0)
    assert_file_holds(home / "x.bin", CONTENT)
    assert not list(home.glob(".x.bin.*"))
