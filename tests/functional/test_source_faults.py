"""Sources that misbehave: what follows from it. Fault by fault they are in the matrix, tests/integrity."""

import pytest

from servers.content import Pattern
from servers.faults import ContentChanges, IgnoreRanges, Redirect, Status, Truncate
from servers.faulty_http import FaultyHttp
from support.command import Command
from support.stored import Stored

MIB = 1 << 20
TIB = 1 << 40
CONTENT = Pattern(25 * MIB // 2, seed=21)
OTHER = Pattern(CONTENT.size, seed=22)
SMALL_PARTS = ("--part-size", "5MB")


def test_retries_are_counted_in_the_receipt(command: Command, stored: Stored, http_server: FaultyHttp) -> None:
    url = http_server.add("/x.bin", CONTENT, Truncate(after=MIB, skip=1, times=4))
    sent = command.run("upload", url, stored.url("x.bin"), *SMALL_PARTS, "--json").ended(0)
    assert sent.document["retries"] == 4


def test_a_source_is_given_the_time_that_it_asks_for(command: Command, stored: Stored, http_server: FaultyHttp) -> None:
    url = http_server.add("/x.bin", CONTENT, Status(status=503, retry_after="2", skip=1, times=1))
    sent = command.run("upload", url, stored.url("x.bin"), *SMALL_PARTS, "--json").ended(0)
    assert sent.document["seconds"] >= 2


def test_a_source_without_ranges_of_many_parts_arrives_whole(
    command: Command, stored: Stored, http_server: FaultyHttp
) -> None:
    content = Pattern(40 * MIB, seed=23)
    url = http_server.add("/x.bin", content, IgnoreRanges())
    command.run("upload", url, stored.url("x.bin"), *SMALL_PARTS).ended(0)
    stored.assert_holds("x.bin", content)


def test_a_source_that_changed_is_transferred_afresh_with_force(
    command: Command, stored: Stored, http_server: FaultyHttp
) -> None:
    url = http_server.add("/x.bin", CONTENT, ContentChanges(to=OTHER, skip=2))
    command.run("upload", url, stored.url("x.bin"), *SMALL_PARTS, "--download-slots", "1").ended(20)
    command.run("upload", url, stored.url("x.bin"), *SMALL_PARTS, "--force").ended(0)
    stored.assert_holds("x.bin", OTHER)
    assert stored.unfinished() == []


def test_a_source_without_ranges_that_is_too_large_to_stream_is_refused(
    command: Command, stored: Stored, http_server: FaultyHttp
) -> None:
    url = http_server.add("/x.bin", Pattern(2 * TIB), IgnoreRanges())
    refused = command.run("upload", url, stored.url("x.bin")).ended(22)
    assert "ranges" in refused.error_line
    stored.assert_untouched()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(status: int, command: Command, stored: Stored, http_server: FaultyHttp) -> None:
    http_server.add("/real.bin", CONTENT)
    url = http_server.add("/x.bin", b"", Redirect(to="/real.bin", hops=3, status=status))
    command.run("upload", url, stored.url("to/"), *SMALL_PARTS).ended(0)
    stored.assert_holds("to/x.bin", CONTENT)
