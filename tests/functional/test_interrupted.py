"""Transfers that are interrupted or killed midway: what is left is told, nothing runs on, and the rest can follow."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from servers.content import Pattern
from servers.faults import Stall
from servers.faulty_http import FaultyHttp
from servers.http_model import Request
from servers.proxy import FaultyProxy
from servers.proxy_rules import Delay
from support.command import Command, Running, eventually, group
from support.stored import CONTENT_READ, Stored, assert_file_holds

MIB = 1 << 20
PART = 5 * MIB
CONTENT = Pattern(25 * MIB, seed=11)
# Enough to be worth two processes; only its first parts are moved before the rest is held back.
LARGE = Pattern(260 * MIB, seed=12)
LARGE_PART = 20 * MIB
ONE_SLOT = ("--part-size", "5MB", "--download-slots", "1")
LARGE_PARTS = ("--part-size", "20MB", "--download-slots", "2")
SEVERAL_CORES = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core makes one process")


def _from(first: int) -> Callable[[Request], bool]:
    """Requests for ranges that begin at or after this offset."""

    def beyond(request: Request) -> bool:
        return _is_part_from(request.headers.get("range"), first)

    return beyond


def _is_part_from(asked: str | None, first: int) -> bool:
    """Whether this is the range of a part. The look at the source's end asks for a range without an end."""
    begin, _, end = (asked or "").removeprefix("bytes=").partition("-")
    return end != "" and int(begin) >= first


@pytest.fixture
def command(installed: Command) -> Command:
    """Started as a user starts it: how signals reach its processes depends on that."""
    return installed


@pytest.fixture
def start(command: Command) -> Iterator[Callable[..., Running]]:
    """Starts the command, and kills what is left of it after the test."""
    started: list[Running] = []

    def begin(*arguments: str) -> Running:
        started.append(command.start(*arguments))
        return started[-1]

    yield begin
    for running in started:
        running.end()


def _stalled(server: FaultyHttp, path: str, first: int) -> Callable[[], bool]:
    """Whether a range from this offset on has been asked for, and is held back."""
    return lambda: any(_is_part_from(one.range, first) for one in server.requests_for(path))


def _all_gone(running: Running) -> Callable[[], bool]:
    return lambda: not group(running.pid)


def test_an_upload_killed_midway_is_resumed_with_only_the_missing_bytes(
    command: Command, stored: Stored, http_server: FaultyHttp, start: Callable[..., Running]
) -> None:
    url = http_server.add("/x.bin", CONTENT, Stall(after=MIB, where=_from(3 * PART)))
    running = start("upload", url, stored.url("x.bin"), *ONE_SLOT)
    eventually(_stalled(http_server, "/x.bin", 3 * PART), "the fourth part")
    running.signal_group(signal.SIGKILL)
    running.result()
    assert stored.parts("x.bin") == [1, 2, 3]
    http_server.set_faults("/x.bin")
    before = len(http_server.requests)
    resumed = command.run("upload", url, stored.url("x.bin"), "--resume", "--json").ended(0)
    assert resumed.document["parts"] == 5
    asked = http_server.requests[before:]
    assert (
        sum(one.bytes_sent for one in asked) == CONTENT.size - 3 * PART + 2
    )  # a byte of the probe, and one of the look at the end
    stored.assert_holds("x.bin", CONTENT)
    assert stored.unfinished() == []
    assert command.records() == []


def test_an_upload_may_be_killed_and_resumed_again_and_again(
    command: Command, stored: Stored, http_server: FaultyHttp, start: Callable[..., Running]
) -> None:
    url = http_server.add("/x.bin", CONTENT)
    for parts in (1, 3):
        http_server.set_faults("/x.bin", Stall(after=0, where=_from(parts * PART)))
        running = start("upload", url, stored.url("x.bin"), *ONE_SLOT, "--resume")
        eventually(lambda: stored.parts("x.bin") == list(range(1, parts + 1)), "parts")  # noqa: B023 - called here
        running.signal_group(signal.SIGKILL)
        running.result()
    http_server.set_faults("/x.bin")
    command.run("upload", url, stored.url("x.bin"), "--resume").ended(0)
    stored.assert_holds("x.bin", CONTENT)
    assert command.records() == []


def test_a_download_killed_midway_is_resumed_with_only_the_missing_bytes(
    through_proxy: Command, home: Path, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    stored.put("x.bin", CONTENT.read(0, CONTENT.size))
    s3_proxy.add(CONTENT_READ, Delay(5), skip=3, times=None)
    running = through_proxy.start("download", stored.url("x.bin"), "x.bin", *ONE_SLOT)
    eventually(lambda: len(s3_proxy.matching(CONTENT_READ)) == 4, "the fourth range")
    running.signal_group(signal.SIGKILL)
    running.result()
    assert not (home / "x.bin").exists()
    s3_proxy.clear()
    before = len(s3_proxy.matching(CONTENT_READ))
    through_proxy.run("download", stored.url("x.bin"), "x.bin", "--download-exists", "resume").ended(0)
    asked = [one.headers["range"] for one in s3_proxy.matching(CONTENT_READ)[before:]]
    assert sorted(asked) == [f"bytes={n * PART}-{(n + 1) * PART - 1}" for n in (3, 4)]
    assert_file_holds(home / "x.bin", CONTENT)
    assert not list(home.glob(".x.bin.*"))


def test_a_part_that_was_spoiled_on_disk_is_fetched_again(
    through_proxy: Command, home: Path, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    stored.put("x.bin", CONTENT.read(0, CONTENT.size))
    s3_proxy.add(CONTENT_READ, Delay(5), skip=2, times=None)
    running = through_proxy.start("download", stored.url("x.bin"), "x.bin", *ONE_SLOT)
    eventually(lambda: len(s3_proxy.matching(CONTENT_READ)) == 3, "the third range")
    running.signal_group(signal.SIGKILL)
    running.result()
    with (home / ".x.bin.partial").open("r+b") as file:
        file.seek(PART + 17)
        file.write(b"spoiled")
    s3_proxy.clear()
    through_proxy.run("download", stored.url("x.bin"), "x.bin", "--download-exists", "resume").ended(0)
    assert_file_holds(home / "x.bin", CONTENT)


def test_ctrl_c_ends_an_upload_at_once_and_tells_what_is_left(
    command: Command, stored: Stored, http_server: FaultyHttp, start: Callable[..., Running]
) -> None:
    url = http_server.add("/x.bin", CONTENT, Stall(after=MIB, where=_from(PART)))
    running = start("upload", url, stored.url("x.bin"), *ONE_SLOT)
    eventually(_stalled(http_server, "/x.bin", PART), "the second part")
    _interrupt(running)
    told = running.result().ended(130)
    assert stored.url("x.bin") in told.stderr
    assert "unfinished upload" in told.stderr
    assert "--resume" in told.error_line
    assert f"s3am-cloud cancel {stored.url('x.bin')}" in told.error_line
    assert told.stdout == ""
    http_server.set_faults("/x.bin")
    command.run("upload", url, stored.url("x.bin"), "--resume").ended(0)
    stored.assert_holds("x.bin", CONTENT)


@SEVERAL_CORES
def test_ctrl_c_ends_the_worker_processes_too(
    stored: Stored, http_server: FaultyHttp, start: Callable[..., Running]
) -> None:
    running = _two_workers(stored, http_server, start)
    _interrupt(running)
    told = running.result().ended(130)
    assert "unfinished upload" in told.stderr
    assert "--resume" in told.error_line
    eventually(_all_gone(running), "every process's end", 5)


def test_ctrl_c_while_a_source_says_nothing_to_the_probe_leaves_nothing(
    stored: Stored, http_server: FaultyHttp, start: Callable[..., Running], command: Command
) -> None:
    url = http_server.add("/x.bin", CONTENT, Stall(after=0))
    running = start("upload", url, stored.url("x.bin"))
    eventually(lambda: bool(http_server.requests_for("/x.bin")), "the probe")
    _interrupt(running)
    running.result().ended(130)
    stored.assert_untouched()
    assert command.records() == []


def test_ctrl_c_ends_a_download_at_once_and_says_how_to_go_on(
    through_proxy: Command, home: Path, stored: Stored, s3_proxy: FaultyProxy
) -> None:
    stored.put("x.bin", CONTENT.read(0, CONTENT.size))
    s3_proxy.add(CONTENT_READ, Delay(5), skip=1, times=None)
    running = through_proxy.start("download", stored.url("x.bin"), "x.bin", *ONE_SLOT)
    eventually(lambda: len(s3_proxy.matching(CONTENT_READ)) == 2, "the second range")
    _interrupt(running)
    told = running.result().ended(130)
    assert "--download-exists resume" in told.error_line
    assert not (home / "x.bin").exists()
    assert (home / ".x.bin.partial").exists()


@SEVERAL_CORES
def test_a_transfer_whose_worker_process_was_killed_can_be_resumed(
    command: Command, stored: Stored, http_server: FaultyHttp, start: Callable[..., Running]
) -> None:
    """A worker process that is killed fails the transfer which can then be resumed."""
    running = _two_workers(stored, http_server, start)
    os.kill(running.workers()[0], signal.SIGKILL)
    told = running.result().ended(24)
    assert "worker process died" in told.error_line
    assert "--resume" in told.error_line
    assert stored.url("x.bin") in told.stderr
    eventually(_all_gone(running), "every process's end", 5)
    before = http_server.bytes_sent("/x.bin")
    http_server.set_faults("/x.bin")
    command.run("upload", http_server.url("/x.bin"), stored.url("x.bin"), "--resume").ended(0)
    assert http_server.bytes_sent("/x.bin") - before == LARGE.size - 2 * LARGE_PART + 2
    stored.assert_holds("x.bin", LARGE)


@SEVERAL_CORES
def test_worker_processes_end_with_a_parent_that_is_killed(
    stored: Stored, http_server: FaultyHttp, start: Callable[..., Running]
) -> None:
    running = _two_workers(stored, http_server, start)
    os.kill(running.pid, signal.SIGKILL)
    eventually(_all_gone(running), "the workers' end", 5)


def _two_workers(stored: Stored, server: FaultyHttp, start: Callable[..., Running]) -> Running:
    """An upload over two processes, each of which has moved one part and waits for its second one."""
    url = server.add("/x.bin", LARGE, Stall(after=MIB, where=_from(2 * LARGE_PART)))
    running = start("upload", url, stored.url("x.bin"), *LARGE_PARTS)
    eventually(lambda: stored.parts("x.bin") == [1, 2], "the first two parts")
    eventually(lambda: len([1 for one in server.requests_for("/x.bin") if _held(one.range)]) == 2, "two held ranges")
    assert len(running.workers()) == 2
    return running


def _held(asked: str | None) -> bool:
    return _is_part_from(asked, 2 * LARGE_PART)


def _interrupt(running: Running) -> None:
    """Ctrl-C, after which the command has ended within 2 s."""
    pressed = time.monotonic()
    running.signal_group(signal.SIGINT)
    eventually(lambda: running.pid not in group(running.pid), "the end after Ctrl-C", 10)
    assert time.monotonic() - pressed < 2
