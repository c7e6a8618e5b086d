"""Sources that serve no ranges, or do not tell their size: moved in sequence, in parts that grow."""

from __future__ import annotations

import pytest

from servers.content import Pattern
from servers.faults import ContentChanges, IgnoreRanges, NoLength, Truncate
from servers.faulty_http import FaultyHttp
from servers.proxy import FaultyProxy
from servers.proxy_rules import upload_part
from support.command import Command
from support.stored import Stored

MIB = 1 << 20


@pytest.mark.parametrize("size", [0, 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 20 * MIB])
def test_a_source_that_does_not_tell_its_size_arrives_whole(
    size: int, command: Command, http_server: FaultyHttp, stored: Stored
) -> None:
    content = Pattern(size)
    url = http_server.add("/x", content, IgnoreRanges(), NoLength())
    done = command.run("upload", url, stored.url("x"), "--json").ended(0).document
    assert (done["size"], done["proof"]) == (size, "full-object")
    stored.assert_holds("x", content)


def test_a_source_without_ranges_is_asked_for_each_byte_once(
    command: Command, http_server: FaultyHttp, stored: Stored
) -> None:
    content = Pattern(70 * MIB)
    url = http_server.add("/x", content, IgnoreRanges())
    done = command.run("upload", url, stored.url("x"), "--json").ended(0).document
    assert done["parts"] == 9
    stored.assert_holds("x", content)


def test_a_stream_that_ends_early_makes_no_object(command: Command, http_server: FaultyHttp, stored: Stored) -> None:
    url = http_server.add("/x", Pattern(20 * MIB), IgnoreRanges(), NoLength(), Truncate(after=12 * MIB))
    failed = command.run("upload", url, stored.url("x")).ended(23)
    assert "unfinished upload" in failed.stderr
    assert stored.keys() == []


def test_a_broken_stream_is_resumed_without_sending_its_parts_again(
    through_proxy: Command, s3_proxy: FaultyProxy, http_server: FaultyHttp, stored: Stored
) -> None:
    content = Pattern(30 * MIB)
    url = http_server.add("/x", content, IgnoreRanges(), NoLength(), Truncate(after=28 * MIB, skip=1))
    through_proxy.run("upload", url, stored.url("x")).ended(23)
    assert stored.parts("x")[:2] == [1, 2]
    http_server.set_faults("/x", IgnoreRanges(), NoLength())
    through_proxy.run("upload", url, stored.url("x"), "--resume").ended(0)
    stored.assert_holds("x", content)
    assert len(s3_proxy.matching(upload_part(1))) == len(s3_proxy.matching(upload_part(2))) == 1


def test_a_stream_of_another_version_is_not_mixed_into_an_upload(
    command: Command, http_server: FaultyHttp, stored: Stored
) -> None:
    """A stream of another version is not mixed into an unfinished upload."""
    url = http_server.add("/x", Pattern(30 * MIB), IgnoreRanges(), NoLength(), Truncate(after=20 * MIB, skip=1))
    command.run("upload", url, stored.url("x")).ended(23)
    http_server.set_faults("/x", IgnoreRanges(), NoLength(), ContentChanges(to=Pattern(30 * MIB, seed=2)))
    command.run("upload", url, stored.url("x"), "--resume").ended(20)
    assert stored.keys() == []
