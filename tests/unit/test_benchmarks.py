"""The benchmark is honest: nobody is praised for bytes that are not there, and like is compared with like."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from benchmarks.compare import compare
from benchmarks.measure import Different, Taken
from benchmarks.plot import svg
from benchmarks.rows import BUCKET, Files, Row, dataset_rows, rows, small_rows
from benchmarks.serving import serving
from benchmarks.table import Measured, markdown
from benchmarks.targets import File, Nothing, Objects, StrictObject
from benchmarks.tools import FLOOR, ONE_COMMAND, OWN, Bench, Command, Ways
from servers.strict_s3 import StrictS3

TESTS = Path(__file__).parent.parent


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """What the benchmark moves, small."""
    return Files.make(tmp_path, 3000, 2000, 2, 10)


@pytest.fixture
def endpoint(files: Files, tmp_path: Path) -> Iterator[str]:
    """The benchmark's fast server over those files."""
    with serving(tmp_path, None) as served:
        yield f"http://127.0.0.1:{served.port}"


def bench(endpoint: str = "http://127.0.0.1:1") -> Bench:
    """Tools that nobody starts."""
    return Bench(Path("/others"), Path("/own"), endpoint)


def copying(files: Files, ways: Ways) -> Row:
    """A job that is done when the large file's bytes are in another one."""
    back = files.work / "back"
    return Row("copy", 3000, ways, bench(), str(files.large), str(back), File(back, files.large))


def shell(text: str) -> Command:
    return ["sh", "-c", text]


def honest(bench: Bench, source: str, target: str) -> Command:
    return ["cp", source, target]


def put(url: str, body: bytes | Iterator[bytes], headers: dict[str, str] | None = None) -> None:
    """Where it is told of a transfer encoding, it sends each piece of the body in a chunk."""
    urllib.request.urlopen(urllib.request.Request(url, body, headers or {}, method="PUT")).close()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("changed", "other bytes"),
        ("short", "other bytes"),
        ("idle", "other bytes"),
        ("failed", "sh ended with 3: no such"),
        ("wrong the second time", "other bytes"),
    ],
)
def test_a_tool_that_fails_or_leaves_other_bytes_is_told_and_not_measured(files: Files, name: str, reason: str) -> None:
    text = {
        "changed": "tr '\\000-\\377' '\\001-\\377\\000' <$0 >$1",
        "short": "head -c 2999 $0 >$1",
        "idle": "true",
        "failed": "cp $0 $1; echo no such; exit 3",
        "wrong the second time": "cp $0 $1; test -e seen && echo >>$1; touch seen",
    }[name]
    ways: Ways = {OWN: honest, name: lambda bench, source, target: [*shell(text), source, target]}
    measured = compare(copying(files, ways), files.work, 2)
    assert list(measured.runs) == [OWN]
    assert len(measured.runs[OWN]) == 2
    assert reason in measured.left_out[name]
    assert f"left out: {name}: {measured.left_out[name]}" in markdown([measured], [])


def test_a_table_is_made_even_where_our_own_run_failed(files: Files) -> None:
    ways: Ways = {OWN: lambda bench, source, target: ["false"], "other": honest}
    measured = compare(copying(files, ways), files.work, 1)
    assert f"* {OWN} failed" in markdown([measured], [])
    assert "other" in svg([measured])


def test_each_round_begins_with_another_tool(files: Files) -> None:
    def way(name: str) -> Ways:
        return {name: lambda bench, source, target: [*shell(f"echo {name} >>order; cp $0 $1"), source, target]}

    compare(copying(files, {**way("a"), **way("b"), **way("c")}), files.work, 3)
    assert (files.work / "order").read_text().split() == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]


def test_an_object_counts_only_if_its_bytes_are_the_files(files: Files, endpoint: str) -> None:
    target, url = Objects(endpoint, None, [(f"{BUCKET}/up", files.large)]), f"{endpoint}/{BUCKET}/up"
    right = files.large.read_bytes()
    with pytest.raises(Different):
        target.check()
    put(url, right)
    target.check()
    put(url, right[:-1] + bytes([right[-1] ^ 1]))
    with pytest.raises(Different):
        target.check()
    put(url, right)
    target.clear()
    with pytest.raises(Different):
        target.check()


@pytest.mark.parametrize("outer", [False, True], ids=["sent at once", "in HTTP's chunks too"])
def test_bytes_in_chunks_are_told_from_what_frames_them(files: Files, endpoint: str, outer: bool) -> None:
    data = files.large.read_bytes()
    pieces = [data[:1000], data[1000:]]
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nx-amz-trailer:1\r\n\r\n"
    url, headers = f"{endpoint}/{BUCKET}/up", {"content-encoding": "aws-chunked"}
    if outer:
        put(url, iter([body[:700], body[700:]]), headers | {"transfer-encoding": "chunked"})
    else:
        put(url, body, headers)
    Objects(endpoint, None, [(f"{BUCKET}/up", files.large)]).check()


def test_an_object_of_the_strict_server_counts_only_if_its_bytes_match(
    files: Files, strict_s3: StrictS3, bucket: str
) -> None:
    """An object of the strict server counts only if its bytes are the files."""
    client = strict_s3.client()
    target = StrictObject(client, bucket, "up", files.large)
    with pytest.raises(Different):
        target.check()
    client.put_object(Bucket=bucket, Key="up", Body=files.large.read_bytes())
    target.check()
    client.put_object(Bucket=bucket, Key="up", Body=files.large.read_bytes()[:-1])
    with pytest.raises(Different):
        target.check()
    client.put_object(Bucket=bucket, Key="up", Body=files.large.read_bytes())
    target.clear()
    with pytest.raises(Different):
        target.check()


def test_every_row_that_moves_something_knows_when_nothing_arrived(files: Files, endpoint: str, tmp_path: Path) -> None:
    tools = bench(endpoint)
    datasets = dataset_rows(tmp_path, 10, tools, "http://127.0.0.1:1", lambda name: "5GiB" not in name)
    made = []
    for row in chain(rows(files, tools, "http://127.0.0.1:1/slow"), small_rows(files, tools), datasets):
        made.append(row)
        assert OWN in row.ways
        # What is not compared keeps nothing, and is no tool but a floor.
        assert row.unchecked <= {"dd", "raw socket"}
        row.target.clear()
        if row.size:
            with pytest.raises(Different):
                row.target.check()
    assert [row.name for row in made if isinstance(row.target, Nothing)] == ["start"]
    assert {"upload-256KiB-10x", "download-256KiB-10x", "URLs-10KiB-1x"} <= {row.name for row in made}


def test_ratios_are_of_runs_of_the_same_round() -> None:
    mine = [Taken(1.0, 2.0, 0), Taken(8.0, 2.0, 0), Taken(3.0, 2.0, 0)]
    theirs = [Taken(4.0, 1.0, 0), Taken(2.0, 4.0, 0), Taken(2.0, 2.0, 0)]
    measured = Measured("row", 1 << 30, {OWN: mine, "other": theirs})
    assert measured.ratios("other", "wall") == [0.25, 1.5, 4.0]
    assert measured.ratios("other", "cpu") == [0.5, 1.0, 2.0]
    told = markdown([measured], [])
    assert "| **s3am-cloud** | 3.00 (1.00 to 8.00) | 2.00 (2.00 to 2.00) | 358 |" in told
    assert "* wall time: 1.50 (0.25 to 4.00) times that of the quickest of the others, other" in told


def test_floors_and_other_jobs_are_nobody_to_be_faster_than() -> None:
    def run(seconds: float) -> list[Taken]:
        return [Taken(seconds, seconds, 0)]

    runs = {OWN: run(4), "dd": run(1), FLOOR: run(2), "one" + ONE_COMMAND: run(1), "quick": run(3), "slow": run(9)}
    told = markdown([Measured("row", 1, runs)], [])
    assert "* wall time: 1.33 times that of the quickest of the others, quick" in told
    assert "* CPU time: 2.00 times that of the floor, curl" in told


def test_the_benchmark_tells_how_to_use_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--help"], cwd=TESTS, capture_output=True, text=True, check=True
    )
    assert {"--quick", "--rounds", "--scratch"} <= set(done.stdout.split())
