"""Thousands of objects through interruptions: each moves once, and all bytes arrive, up and down again."""

from __future__ import annotations

import hashlib
import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from functional.test_many import files
from servers.proxy import FaultyProxy
from servers.proxy_rules import GET_OBJECT, PUT_OBJECT, Delay, Do, Match
from support.command import Command, eventually
from support.stored import Stored

ENDS = {signal.SIGINT: 130, signal.SIGTERM: 130, signal.SIGKILL: -signal.SIGKILL}
# How many downloads may be on their way when a run is killed: nobody reads their answers.
ON_THEIR_WAY = 32


def test_two_thousand_objects_move_once_each_whatever_ends_the_runs(
    through_proxy: Command, s3_proxy: FaultyProxy, stored: Stored, home: Path
) -> None:
    _copy_through_interruptions(2_000, through_proxy, s3_proxy, stored, home)


@pytest.mark.stress
@pytest.mark.timeout(900)
def test_twenty_thousand_objects_move_up_and_down_again(
    through_proxy: Command, s3_proxy: FaultyProxy, stored: Stored, home: Path
) -> None:
    made = _copy_through_interruptions(20_000, through_proxy, s3_proxy, stored, home)
    down = ("download", stored.url("p/"), "back")
    _interrupted(through_proxy, down, signal.SIGKILL, s3_proxy, GET_OBJECT, 10_000)
    assert "20,000 items" in through_proxy.run(*down).ended(0).stdout
    assert files(home / "back") == made
    _assert_once(_named(s3_proxy, GET_OBJECT), set(made), ON_THEIR_WAY)


def _copy_through_interruptions(
    count: int, command: Command, proxy: FaultyProxy, stored: Stored, home: Path
) -> dict[str, bytes]:
    """Makes the files, uploads them in four runs, and gives what they have."""
    made = {f"{number % 7}/{number:05}": os.urandom(1024) for number in range(count)}
    for name, content in made.items():
        path = home / "many" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    up = ("upload", "many/", stored.url("p/"))
    for number in ENDS:
        _interrupted(command, up, number, proxy, PUT_OBJECT, count // 4)
    assert f"{count:,} items" in command.run(*up).ended(0).stdout
    # S3 refuses a second one (If-None-Match), also after a kill.
    assert _named(proxy, PUT_OBJECT) == dict.fromkeys(made, 1)
    pages = stored.client.get_paginator("list_objects_v2").paginate(Bucket=stored.bucket)
    found = {one["Key"]: one["ETag"].strip('"') for page in pages for one in page["Contents"]}
    assert found == {f"p/{name}": hashlib.md5(content).hexdigest() for name, content in made.items()}
    return made


class _Begun:
    """Counts requests; what the proxy has recorded takes too long to look through again and again."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def _interrupted(
    command: Command,
    arguments: tuple[str, ...],
    number: signal.Signals,
    proxy: FaultyProxy,
    match: Match,
    after: int,
) -> None:
    begun = _Begun()
    proxy.add(match, Do(begun), times=None)
    proxy.add(match, Delay(0.02), times=None)
    run = command.start(*arguments)
    eventually(lambda: begun.count > after, "some of the objects", 300)
    run.signal_group(number)
    proxy.clear()
    assert run.result(120).returncode == ENDS[number]


def _named(proxy: FaultyProxy, match: Match) -> Counter[str]:
    """How often each object was sent or fetched with success, by its name."""
    made = (one.path.partition("/p/")[2] for one in proxy.matching(match) if one.status == 200)
    return Counter(name for name in made if name)


def _assert_once(found: Counter[str], names: set[str], most_again: int) -> None:
    """Each is there, and none was moved again but what a signal found on its way."""
    assert set(found) == names
    assert found.total() <= len(names) + most_again
