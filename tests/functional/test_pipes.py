"""Uploads from standard input, pipes and FIFOs: the whole content, or nothing in S3 and an error."""

from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path

import pytest

from s3am_cloud.urls import parse_s3
from servers.content import Pattern
from servers.proxy import FaultyProxy
from servers.proxy_rules import ABORT_UPLOAD, ACCESS_DENIED, UPLOAD_PART
from support.command import Command, eventually
from support.stored import Stored

MIB = 1 << 20
CONTENT = Pattern(20 * MIB, seed=21)
FED = ("/bin/sh", "-c", 'cat "$0" | "$@"')


@pytest.fixture
def fed(tmp_path: Path) -> tuple[str, ...]:
    """What feeds CONTENT to the command through a pipe."""
    (tmp_path / "content").write_bytes(CONTENT.read(0, CONTENT.size))
    return (*FED, str(tmp_path / "content"))


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_what_comes_through_a_pipe_becomes_the_object(
    name: str, command: Command, stored: Stored, fed: tuple[str, ...]
) -> None:
    expected = f"sha256:{hashlib.sha256(CONTENT.read(0, CONTENT.size)).hexdigest()}"
    done = command.run("upload", name, stored.url("x"), "--expect", expected, "--json", before=fed).ended(0).document
    assert (done["size"], done["expected"], done["verdict"]) == (CONTENT.size, expected, "verified-by-source")
    stored.assert_holds("x", CONTENT)


def test_what_is_not_expected_of_a_pipe_leaves_nothing(command: Command, stored: Stored, fed: tuple[str, ...]) -> None:
    wrong = f"sha256:{'0' * 64}"
    failed = command.run("upload", "-", stored.url("x"), "--expect", wrong, before=fed).ended(21)
    assert "--resume" not in failed.stderr
    assert (stored.keys(), stored.unfinished()) == ([], [])


def test_an_interrupted_pipe_leaves_nothing_and_advises_no_resume(
    installed: Command, stored: Stored, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "fifo")
    running = installed.start("upload", str(tmp_path / "fifo"), stored.url("x"))
    try:
        with (tmp_path / "fifo").open("wb", buffering=0) as writer:
            writer.write(CONTENT.read(0, 9 * MIB))
            eventually(stored.unfinished, "the upload")
            running.signal_group(signal.SIGINT)
            failed = running.result().ended(130)
    finally:
        running.end()
    assert "--resume" not in failed.stderr
    assert (stored.keys(), stored.unfinished()) == ([], [])


def test_a_pipe_whose_upload_cannot_be_discarded_says_what_is_left(
    through_proxy: Command, s3_proxy: FaultyProxy, stored: Stored, fed: tuple[str, ...]
) -> None:
    s3_proxy.add(UPLOAD_PART, ACCESS_DENIED, times=None)
    s3_proxy.add(ABORT_UPLOAD, ACCESS_DENIED, times=None)
    failed = through_proxy.run("upload", "-", stored.url("x"), before=fed)
    assert failed.returncode not in {0, 1}
    assert "s3am-cloud cancel" in failed.stderr
    assert "--resume" not in failed.stderr
    assert len(stored.unfinished()) == 1


def test_a_pipe_is_not_resumed_and_no_hint_advises_it(command: Command, stored: Stored, fed: tuple[str, ...]) -> None:
    refused = command.run("upload", "-", stored.url("x"), "--resume", before=fed).ended(2)
    assert "can't be resumed" in refused.error_line
    stored.begin("x")
    exists = command.run("upload", "-", stored.url("x"), before=fed).ended(4)
    assert "--resume" not in exists.stderr
    assert parse_s3(stored.url("x")).key in exists.error_line


def test_standard_input_is_refused_where_it_cannot_be_the_source(command: Command, stored: Stored) -> None:
    for words in (("submit", "-", stored.url("x")), ("plan", "-", stored.url("x"))):
        assert "standard input is on this machine" in command.run(*words).error_line
    assert "no file name" in command.run("upload", "-", stored.url("p/")).ended(6).error_line
    several = command.run("upload", "-", "a.bam", stored.url("p/")).ended(5)
    assert "standard input is one object" in several.error_line
    closed = command.run("upload", "-", stored.url("x"), before=("/bin/sh", "-c", '"$0" "$@" <&-')).ended(5)
    assert "standard input is not open" in closed.error_line
    assert (stored.keys(), stored.unfinished()) == ([], [])
