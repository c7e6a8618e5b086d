"""Trouble between us and S3, fault by fault: the right object or file, or a named error and none."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from servers.content import Pattern, write_file
from servers.proxy import FaultyProxy
from servers.proxy_rules import (
    ABORT_UPLOAD,
    ACCESS_DENIED,
    COMPLETE_UPLOAD,
    ERROR_IN_200,
    UPLOAD_PART,
    Delay,
    FlipReplyBit,
    FlipRequestBit,
    Respond,
    upload_part,
)
from support.command import Command, eventually
from support.stored import CONTENT_READ, Stored, assert_file_holds

if TYPE_CHECKING:
    pass

MIB = 1 << 20
PART = 5 * MIB
CONTENT = Pattern(25 * MIB // 2, seed=31)
SMALL = Pattern(MIB, seed=32)
SMALL_PARTS = ("--part-size", "5MB")
FLIPPED = FlipRequestBit(at=1000)
GONE_WRONG = FlipReplyBit(at=1000)


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


def test_an_object_replaced_during_its_download_makes_no_mixed_file(
    through_proxy: Command, home: Path, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    """An object that is replaced while it is downloaded makes no mixed file."""
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
