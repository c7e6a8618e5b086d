"""The largest jobs there are: what their planning takes, and how small everything stays that the machine passes on."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import msgspec
import pytest

from s3am_cloud.adapters.records.jobs import Folder, Jobs
from s3am_cloud.jobs.cleanup import detail
from s3am_cloud.jobs.prepared import Prepared
from s3am_cloud.jobs.tasks import Worked
from s3am_cloud.limits import MAX_OBJECT, MAX_PART, MAX_PARTS, MIN_PART
from s3am_cloud.model import Plan, Receipt, SourceInfo, Unit
from s3am_cloud.transfer.part_sizes import units
from s3am_cloud.transfer.steps.plan import plan

# What every input and output of a state stays below, whatever the object's size.
MOST_BYTES = 8 * 1024
# The longest names that Step Functions and S3 allow, and a URL that is long for one.
JOB, BUCKET, KEY, URL = "j" * 80, "b" * 63, "k" * 1024, f"https://host/{'u' * 2000}"
LARGEST = {"48.8 TiB": (MAX_OBJECT, MAX_PART), "10,000 small parts": (MAX_PARTS * MIN_PART, MIN_PART)}
TESTS = Path(__file__).parents[1]


def cut(name: str, connections: int = 64) -> Plan:
    size, part_size = LARGEST[name]
    return plan(SourceInfo(size=size, ranges=True), connections, part_size)


def write(plan: Plan, folder: Path) -> Path:
    """units.jsonl, as `prepare` writes it for a job of which nothing is there yet."""
    return folder / Jobs(Folder(folder)).write_units(JOB, units(plan, (part.number for part in plan.parts())))


@pytest.mark.parametrize("name", LARGEST)
@pytest.mark.parametrize("connections", [1, 64, 10_000])
def test_the_largest_jobs_are_planned_and_written_within_50_mb(name: str, connections: int, tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        written = write(cut(name, connections), tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 50 * 10**6
    lines = [msgspec.json.decode(line, type=Unit) for line in written.read_bytes().splitlines()]
    assert [n for unit in lines for n in range(unit.first, unit.last + 1)] == list(range(1, MAX_PARTS + 1))


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_jobs_are_planned_in_less_than_a_second(name: str, tmp_path: Path) -> None:
    """The largest jobs are planned and written in less than a second of the processor."""
    code = (
        "import time; from pathlib import Path; from unit.test_scale import cut, write; before = time.process_time(); "
        f"write(cut({name!r}), Path({str(tmp_path)!r})); print(time.process_time() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=TESTS, check=True, capture_output=True, text=True)
    assert float(done.stdout) < 1.0


def weight(value: object) -> int:
    return len(json.dumps(msgspec.to_builtins(value)))


def filled(kind: type[Receipt]) -> Receipt:
    """A receipt without an empty field, as long as it can get."""
    texts = {field.name: "x" * 100 for field in msgspec.structs.fields(kind) if "str" in str(field.type)}
    numbers = {field.name: MAX_OBJECT for field in msgspec.structs.fields(kind) if "int" in str(field.type)}
    known = {"state": "succeeded", "source": URL, "destination": f"s3://{BUCKET}/{KEY}", "job": JOB}
    plain = {name: value for name, value in {**texts, **numbers, **known}.items() if name not in _STRUCTURED}
    lists = {"unchecked_digests": ["x" * 100] * 5, "unread_digest_files": ["x" * 100] * 4}
    return msgspec.convert({**plain, "proof": "full-object", **lists}, kind)


_STRUCTURED = {"error", "proof", "verdict", "unchecked_digests", "unread_digest_files"}


def test_everything_that_the_machine_passes_on_stays_below_8_kib() -> None:
    last = Unit(0, MAX_PARTS, MAX_PARTS)
    assert weight(Prepared(JOB, True, BUCKET, f"jobs/{JOB}/units.jsonl", 10_000)) < MOST_BYTES / 8
    assert weight({"job": JOB, "unit": last}) < MOST_BYTES / 32
    assert weight(Worked(JOB, last, False)) < MOST_BYTES / 32
    assert MOST_BYTES / 4 < weight({"job": JOB, "detail": detail(filled(Receipt))}) < MOST_BYTES
