"""Trouble between us and S3, fault by fault: the right object or file, or a named error and none."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from functional.ahead import Ahead
from functional.command import Command, Result, eventually
from functional.stored import CONTENT_READ, Stored, assert_file_holds
from servers.content import Pattern, write_file
from servers.proxy import FaultyProxy
from servers.proxy_rules import (
    ABORT_UPLOAD,
    ACCESS_DENIED,
    COMPLETE_UPLOAD,
    CREATE_UPLOAD,
    ERROR_IN_200,
    HEAD,
    INTERNAL_ERROR,
    LIST_PARTS,
    PUT_OBJECT,
    REQUEST_TIMEOUT,
    SLOW_DOWN,
    UPLOAD_PART,
    Action,
    CutReply,
    Delay,
    FlipReplyBit,
    FlipRequestBit,
    LoseReply,
    Match,
    ResetBefore,
    Respond,
    upload_part,
)
from servers.strict_s3 import StrictS3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1 << 20
PART = 5 * MIB
CONTENT = Pattern(25 * MIB // 2, seed=31)
SMALL = Pattern(MIB, seed=32)
SMALL_PARTS = ("--part-size", "5MB")
FLIPPED = FlipRequestBit(at=1000)
GONE_WRONG = FlipReplyBit(at=1000)


@dataclass(frozen=True)
class Fault:
    """What the proxy does to the first `times` matching requests of a transfer."""

    name: str
    match: Match
    action: Action
    times: int = 1
    content: Pattern = CONTENT
    repeated: bool = True
    """Whether the receipt counts it: retries of control calls are boto3's own."""

    def __hash__(self) -> int:
        return hash(self.name)


UPLOADS = [
    Fault("a bit of a part flipped on its way", upload_part(2), FLIPPED),
    Fault("a bit of every part flipped on its way", UPLOAD_PART, FLIPPED, times=3),
    Fault("503 SlowDown for parts", UPLOAD_PART, SLOW_DOWN, times=3),
    Fault("500 InternalError for parts", UPLOAD_PART, INTERNAL_ERROR, times=3),
    Fault("400 RequestTimeout for parts", UPLOAD_PART, REQUEST_TIMEOUT, times=3),
    Fault("403 RequestExpired for a part", UPLOAD_PART, Respond(403, "RequestExpired")),
    Fault("parts reset", UPLOAD_PART, ResetBefore(), times=3),
    Fault("answers to parts lost", UPLOAD_PART, LoseReply(), times=3),
    Fault("503 SlowDown to Create", CREATE_UPLOAD, SLOW_DOWN, repeated=False),
    Fault("503 SlowDown to ListParts", LIST_PARTS, SLOW_DOWN, repeated=False),
    Fault("503 SlowDown to HEAD", HEAD, SLOW_DOWN, repeated=False),
    Fault("500 InternalError to Complete", COMPLETE_UPLOAD, INTERNAL_ERROR, repeated=False),
    Fault("an error in Complete's 200", COMPLETE_UPLOAD, ERROR_IN_200, repeated=False),
    Fault("Complete reset", COMPLETE_UPLOAD, ResetBefore(), repeated=False),
    Fault("the answer to Complete lost", COMPLETE_UPLOAD, LoseReply(), repeated=False),
    Fault("a bit of a small object flipped on its way", PUT_OBJECT, FLIPPED, content=SMALL),
    Fault("503 SlowDown to PutObject", PUT_OBJECT, SLOW_DOWN, times=2, content=SMALL),
    Fault("PutObject reset", PUT_OBJECT, ResetBefore(), content=SMALL),
    Fault("the answer to PutObject lost", PUT_OBJECT, LoseReply(), content=SMALL),
]

DOWNLOADS = [
    Fault("503 SlowDown", CONTENT_READ, SLOW_DOWN, times=3),
    Fault("500 InternalError", CONTENT_READ, INTERNAL_ERROR, times=3),
    Fault("reset before the answer", CONTENT_READ, ResetBefore(), times=3),
    # Half a MiB: what one cut leaves of the shortest part is long enough for the next.
    Fault("reset in the middle of the answer", CONTENT_READ, CutReply(after=MIB // 2), times=4),
    Fault("503 SlowDown to HEAD", HEAD, SLOW_DOWN, repeated=False),
]


@dataclass(frozen=True)
class Came:
    """What came of a transfer of x.bin."""

    result: Result
    command: Command
    stored: Stored


Outcomes = Ahead[Fault, Came]


@pytest.fixture(scope="module")
def outcomes(
    strict_s3: StrictS3, s3_client: "S3Client", tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Outcomes]:
    """An upload or a download with each fault on its way."""

    def transfer(fault: Fault) -> Came:
        stored = Stored(s3_client, strict_s3.bucket())
        with FaultyProxy(strict_s3.endpoint_url) as proxy:
            home = tmp_path_factory.mktemp("user")
            command = Command(home, strict_s3.environment(endpoint_url=proxy.endpoint_url))
            proxy.add(fault.match, fault.action, times=fault.times)
            if fault in DOWNLOADS:
                stored.put("x.bin", fault.content.read(0, fault.content.size))
                arguments = ("download", stored.url("x.bin"), "x.bin")
            else:
                write_file(fault.content, home / "x.bin")
                arguments = ("upload", "x.bin", stored.url("x.bin"))
            return Came(command.run(*arguments, *SMALL_PARTS, "--json"), command, stored)

    ahead = Ahead([*UPLOADS, *DOWNLOADS], transfer)
    yield ahead
    ahead.close()


@pytest.mark.parametrize("fault", UPLOADS, ids=lambda fault: fault.name)
def test_a_passing_fault_on_the_way_to_s3_does_not_show_in_the_object(fault: Fault, outcomes: Outcomes) -> None:
    came = outcomes.of(fault)
    sent = came.result.ended(0)
    came.stored.assert_holds("x.bin", fault.content)
    assert (sent.document["retries"] == fault.times) == fault.repeated
    assert sent.document["proof"] == "full-object"
    assert sent.stderr == ""
    assert came.stored.unfinished() == []
    assert came.command.records() == []


@pytest.mark.parametrize("fault", DOWNLOADS, ids=lambda fault: fault.name)
def test_a_passing_fault_on_the_way_from_s3_does_not_show_in_the_file(fault: Fault, outcomes: Outcomes) -> None:
    came = outcomes.of(fault)
    got = came.result.ended(0)
    assert_file_holds(came.command.home / "x.bin", fault.content)
    assert (got.document["retries"] == fault.times) == fault.repeated
    assert got.stderr == ""


def test_completes_errors_in_200_are_never_taken_for_success(
    through_proxy: Command, home: Path, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    write_file(CONTENT, home / "x.bin")
    s3_proxy.add(COMPLETE_UPLOAD, ERROR_IN_200, times=None)
    failed = through_proxy.run("upload", "x.bin", stored.url("x.bin"), *SMALL_PARTS).ended(23)
    assert "--resume" in failed.stderr
    assert stored.keys() == []
    s3_proxy.clear()
    through_proxy.run("upload", "x.bin", stored.url("x.bin"), "--resume").ended(0)
    stored.assert_holds("x.bin", CONTENT)


def test_a_denied_part_ends_the_upload_at_once(
    through_proxy: Command, home: Path, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    write_file(CONTENT, home / "x.bin")
    s3_proxy.add(UPLOAD_PART, ACCESS_DENIED, times=None)
    began = time.monotonic()
    denied = through_proxy.run("upload", "x.bin", stored.url("x.bin"), *SMALL_PARTS).ended(14)
    assert time.monotonic() - began < 5
    assert "AccessDenied" in denied.error_line
    assert "unfinished upload" in denied.stderr
    # None is tried twice.
    assert len(s3_proxy.matching(UPLOAD_PART)) <= 3
    assert stored.keys() == []


def test_an_upload_that_somebody_aborts_ends_and_leaves_nothing(
    through_proxy: Command, home: Path, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    write_file(CONTENT, home / "x.bin")
    s3_proxy.add(upload_part(3), Respond(404, "NoSuchUpload"), times=None)
    gone = through_proxy.run("upload", "x.bin", stored.url("x.bin"), *SMALL_PARTS).ended(25)
    assert gone.stderr == gone.error_line + "\n"
    assert s3_proxy.matching(ABORT_UPLOAD) == []
    assert through_proxy.records() == []


@pytest.mark.parametrize("slots", ["1", "8"])
def test_a_bit_that_flips_on_the_way_from_s3_makes_no_file(
    slots: str, through_proxy: Command, home: Path, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    write_file(CONTENT, home / "sent.bin")
    through_proxy.run("upload", "sent.bin", stored.url("x.bin"), *SMALL_PARTS).ended(0)
    s3_proxy.add(CONTENT_READ, GONE_WRONG, skip=1)
    arguments = ("download", stored.url("x.bin"), "x.bin", *SMALL_PARTS, "--download-slots", slots)
    spoiled = through_proxy.run(*arguments).ended(21)
    assert "CRC64NVME" in spoiled.error_line
    assert not (home / "x.bin").exists()
    # Whatever is left there is not gone on with: it holds the flipped bit.
    through_proxy.run(*arguments, "--download-exists", "resume").ended(0)
    assert_file_holds(home / "x.bin", CONTENT)


def test_a_denied_download_ends_at_once(
    through_proxy: Command, home: Path, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    stored.put("x.bin", b"content")
    s3_proxy.add(CONTENT_READ, ACCESS_DENIED, times=None)
    denied = through_proxy.run("download", stored.url("x.bin"), "x.bin").ended(14)
    assert denied.stderr.endswith(denied.error_line + "\n")
    assert not (home / "x.bin").exists()


def test_an_object_that_is_replaced_while_it_is_downloaded_makes_no_mixed_file(
    through_proxy: Command, home: Path, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    stored.put("x.bin", CONTENT.read(0, CONTENT.size))
    s3_proxy.add(CONTENT_READ, Delay(1), skip=1)
    running = through_proxy.start("download", stored.url("x.bin"), "x.bin", *SMALL_PARTS, "--download-slots", "1")
    eventually(lambda: len(s3_proxy.matching(CONTENT_READ)) == 2, "the second range")
    newer = Pattern(CONTENT.size, seed=33)
    stored.put("x.bin", newer.read(0, newer.size))
    running.result().ended(20)
    assert not (home / "x.bin").exists()
    through_proxy.run("download", stored.url("x.bin"), "x.bin", "--download-exists", "resume").ended(0)
    assert_file_holds(home / "x.bin", newer)
