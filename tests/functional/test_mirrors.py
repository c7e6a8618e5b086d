"""Items with several sources, and with sources whose URLs are signed anew."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from servers.content import Pattern
from servers.faults import NeedsHeader, Status
from servers.faulty_http import FaultyHttp
from support.command import Command
from support.stored import Stored

MIB = 1 << 20
SMALL = Pattern(5000, seed=5)
DATA = bytes(SMALL.read(0, SMALL.size))
LARGE = Pattern(24 * MIB, seed=6)


def manifest(home: Path, *lines: dict[str, Any]) -> str:
    (home / "list.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return "list.jsonl"


def test_the_next_mirror_is_tried_where_one_fails(
    command: Command, stored: Stored, http_server: FaultyHttp, home: Path
) -> None:
    """Where it lacks the file, denies it, or has other bytes than the digest says. An item without any left fails."""
    missing, other = http_server.url("/missing"), http_server.add("/other", bytes(5000))
    good = http_server.add("/good", DATA)
    denied = http_server.add("/denied", DATA, NeedsHeader(name="X-Token", value="x"))
    digest = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
    with FaultyHttp() as second:
        elsewhere = second.add("/good", DATA)
        lines = (
            {"source": [missing, good], "destination": "a"},
            {"source": [other, denied, elsewhere], "destination": "b", "digest": digest},
            {"source": [missing, denied], "destination": "c"},
            {"source": good, "destination": "d"},
        )
        done = command.run("upload", "--json-lines", "--manifest", manifest(home, *lines), stored.url("p/")).ended(26)
    found = {
        line["destination"][-1]: line for line in map(json.loads, done.stdout.splitlines()) if "destination" in line
    }
    assert {name: line["state"] for name, line in found.items()} == {**dict.fromkeys("abd", "copied"), "c": "failed"}
    assert (found["a"]["source"], found["b"]["source"]) == (good, elsewhere)
    assert found["c"]["error"]["name"] == "SourceNotFound"
    for name in "abd":
        stored.assert_holds(f"p/{name}", SMALL)


def test_parts_of_two_mirrors_that_differ_are_in_no_object_together(
    command: Command, stored: Stored, http_server: FaultyHttp, home: Path
) -> None:
    """The first one ends after some parts; the second has other bytes under the same size, and no digest is known."""
    other = Pattern(LARGE.size, seed=7)
    first = http_server.add("/first", LARGE, Status(status=404, skip=3))
    second = http_server.add("/second", other)
    lines = manifest(home, {"source": [first, second], "destination": "x"})
    options = ("--part-size", "5MB", "--download-slots", "1")
    done = command.run("upload", *options, "--json-lines", "--manifest", lines, stored.url("p/"))
    assert done.returncode in {0, 25, 26}, done.stderr
    assert len(http_server.requests_for("/first")) > 3, "it ended after some parts"
    if done.returncode == 0:
        stored.assert_holds("p/x", other)
    else:
        assert "p/x" not in list(stored.keys())


def test_a_list_with_fresh_urls_continues_what_is_unfinished(
    command: Command, stored: Stored, http_server: FaultyHttp, home: Path
) -> None:
    """And copies nothing again. Another size or digest than before is refused."""
    http_server.add("/small", DATA)
    http_server.add("/large", LARGE, Status(status=403, skip=4))
    options = ("--part-size", "5MB", "--download-slots", "1", "--manifest")

    def run(signature: str, size: int = LARGE.size) -> Any:
        signed = f"X-Amz-Signature={signature}"
        lines = (
            {"source": http_server.url(f"/small?{signed}"), "destination": "small"},
            {"source": http_server.url(f"/large?{signed}"), "destination": "large", "size": size},
        )
        return command.run("upload", *options, manifest(home, *lines), stored.url("p/"))

    failed = run("old").ended(26)
    assert "old" not in failed.stderr + failed.stdout
    http_server.set_faults("/large")
    run("fresh", LARGE.size + 1).ended(26)
    run("fresh").ended(0)
    stored.assert_holds("p/large", LARGE)
    stored.assert_holds("p/small", SMALL)


@pytest.mark.parametrize("source", [[1], [["x"]], ["https://host/a", "mirror"], []])
def test_sources_that_are_none_are_refused(source: Any, command: Command, home: Path) -> None:
    lines = manifest(home, {"source": source, "destination": "x"})
    refused = command.run("upload", "--manifest", lines, "s3://bucket/p/").ended(2)
    assert "list.jsonl:1" in refused.error_line
