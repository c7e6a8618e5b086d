"""Sources that misbehave, fault by fault: either the right object comes of it, or a named error and no object."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from functional.ahead import Ahead
from functional.command import Command, Result
from functional.stored import Stored
from servers.content import Pattern
from servers.faults import (
    CapRange,
    ContentChanges,
    Fault,
    Gzipped,
    HeadRefused,
    IgnoreConditions,
    IgnoreRanges,
    NoContentRange,
    NoLength,
    Redirect,
    Reset,
    Status,
    Truncate,
    WrongContentRange,
)
from servers.faulty_http import FaultyHttp
from servers.strict_s3 import StrictS3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1 << 20
TIB = 1 << 40
CONTENT = Pattern(25 * MIB // 2, seed=21)
OTHER = Pattern(CONTENT.size, seed=22)
# What a connection that is given up may hold between the two ends.
IN_FLIGHT = 10 * MIB
SMALL_PARTS = ("--part-size", "5MB")


@dataclass(frozen=True)
class Survived:
    """Faults that must not show in the object; `bytes_more` is what the source may have sent beyond the content."""

    name: str
    faults: tuple[Fault, ...]
    bytes_more: int = 1


SURVIVED = [
    Survived("truncated answers", (Truncate(after=2 * MIB, skip=1, times=5),)),
    Survived("answers cut after a byte", (Truncate(after=1, skip=1, times=3),)),
    # What a reset takes from the receiver's queue was sent in vain.
    Survived("reset connections", (Reset(after=2 * MIB, skip=1, times=5),), bytes_more=MIB),
    Survived("429 with Retry-After", (Status(status=429, retry_after="1", skip=1, times=2),), bytes_more=100),
    Survived("503 with Retry-After", (Status(status=503, retry_after="1", skip=1, times=2),), bytes_more=100),
    Survived("503 to the probe", (Status(status=503, times=2),), bytes_more=100),
    Survived("500 now and then", (Status(status=500, skip=2, times=2),), bytes_more=100),
    Survived("HEAD refused", (HeadRefused(),)),
    Survived("conditions ignored", (IgnoreConditions(),)),
    Survived("chunked ranges", (NoLength(),)),
    Survived("no ranges", (IgnoreRanges(),), bytes_more=IN_FLIGHT),
    Survived(
        "no ranges, cut midway",
        (IgnoreRanges(), Truncate(after=6 * MIB, skip=1, times=1)),
        bytes_more=6 * MIB + IN_FLIGHT,
    ),
]


@dataclass(frozen=True)
class Refused:
    """Faults that end the transfer with this exit code; `said` is in the error."""

    name: str
    code: int
    faults: tuple[Fault, ...]
    said: str = ""


AT_ONCE = [
    Refused("404", 5, (Status(status=404),), "404"),
    Refused("410", 5, (Status(status=410),), "410"),
    Refused("400", 5, (Status(status=400),), "400"),
    Refused("401", 14, (Status(status=401),), "401"),
    Refused("403", 14, (Status(status=403),), "403"),
    Refused("503 for ever", 23, (Status(status=503),), "503"),
    Refused("gzip", 5, (Gzipped(),), "gzip"),
    Refused("a redirect loop", 5, (Redirect(to="/x.bin"),), "redirects"),
    Refused("a redirect into the file system", 5, (Redirect(to="file:///etc/passwd"),)),
    Refused("a redirect to another kind of server", 5, (Redirect(to="gopher://127.0.0.1/x"),)),
    Refused("a probe answered with another range", 20, (WrongContentRange(shift=1),), "range"),
    Refused("a probe answered without a range", 20, (NoContentRange(),), "range"),
]

MIDWAY = [
    Refused("404", 5, (Status(status=404, skip=2),), "404"),
    Refused("403", 14, (Status(status=403, skip=2),), "403"),
    Refused("410", 5, (Status(status=410, skip=2),), "410"),
    Refused("changed", 20, (ContentChanges(to=OTHER, skip=2),), "412"),
    Refused("changed, unnoticed by conditions", 20, (ContentChanges(to=OTHER, skip=2), IgnoreConditions()), "ETag"),
    Refused("changed in the middle of a part", 20, (Truncate(after=MIB, skip=1), ContentChanges(to=OTHER, skip=2))),
    Refused("another range", 20, (WrongContentRange(shift=MIB, skip=1),), "range"),
    Refused("another total", 20, (WrongContentRange(total_shift=1, skip=1),), "range"),
    Refused("no range named", 20, (NoContentRange(skip=1),), "range"),
    Refused("less than was asked for", 20, (CapRange(most=MIB, skip=1),), "range"),
    Refused("ranges no longer served", 20, (IgnoreRanges(skip=1),), "206"),
    Refused("gzip from now on", 20, (Gzipped(skip=1),), "206"),
]


@dataclass(frozen=True)
class Came:
    """What came of an upload to x.bin in a bucket of its own."""

    result: Result
    command: Command
    stored: Stored
    bytes_sent: int
    requests: int


Outcomes = Ahead[Survived | Refused, Came]


@pytest.fixture(scope="module")
def outcomes(
    strict_s3: StrictS3, s3_client: "S3Client", tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Outcomes]:
    """Uploads from a source with each case's faults. Those that are to fail midway move one part at a time."""

    def upload(case: Survived | Refused) -> Came:
        command = Command(tmp_path_factory.mktemp("user"), strict_s3.environment())
        stored = Stored(s3_client, strict_s3.bucket())
        slots = "1" if case in MIDWAY else "8"
        with FaultyHttp() as server:
            url = server.add("/x.bin", CONTENT, *case.faults)
            result = command.run("upload", url, stored.url("x.bin"), *SMALL_PARTS, "--download-slots", slots, "--json")
            return Came(result, command, stored, server.bytes_sent("/x.bin"), len(server.requests))

    cases: list[Survived | Refused] = [*SURVIVED, *AT_ONCE, *MIDWAY]
    ahead = Ahead(cases, upload)
    yield ahead
    ahead.close()


@pytest.mark.parametrize("case", SURVIVED, ids=lambda case: case.name)
def test_a_passing_fault_does_not_show_in_the_object(case: Survived, outcomes: Outcomes) -> None:
    came = outcomes.of(case)
    sent = came.result.ended(0)
    came.stored.assert_holds("x.bin", CONTENT)
    assert CONTENT.size <= came.bytes_sent <= CONTENT.size + case.bytes_more
    assert sent.document["proof"] == "full-object"
    assert sent.stderr == ""
    assert came.command.records() == []


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


@pytest.mark.parametrize("case", AT_ONCE, ids=lambda case: case.name)
def test_a_source_that_fails_at_once_leaves_nothing(case: Refused, outcomes: Outcomes) -> None:
    came = outcomes.of(case)
    refused = came.result.ended(case.code)
    assert refused.stderr == refused.error_line + "\n"
    assert case.said in refused.error_line
    assert refused.document["error"]["code"] == case.code
    came.stored.assert_untouched()
    assert came.command.records() == []


@pytest.mark.parametrize("case", MIDWAY, ids=lambda case: case.name)
def test_a_source_that_fails_midway_makes_no_object_and_what_is_left_is_told(case: Refused, outcomes: Outcomes) -> None:
    came = outcomes.of(case)
    refused = came.result.ended(case.code)
    assert case.said in refused.error_line
    left, error = refused.stderr.splitlines()
    assert f"unfinished upload of {came.stored.url('x.bin')}" in left
    assert error == refused.error_line
    assert came.stored.keys() == []
    assert len(came.stored.unfinished()) == 1
    # An error for good is not tried again: the probe, a part that came, and the one that failed.
    assert came.requests <= 4


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
