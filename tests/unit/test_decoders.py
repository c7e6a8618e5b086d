"""What comes from outside is decoded safely: by several threads at once, and however deeply it is nested."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from s3am_cloud.decoders import Converter, Decoder, decode_any
from s3am_cloud.errors import BadIngest, BadRequest
from s3am_cloud.ingest.accept import read_request
from s3am_cloud.ingest.file import parse_ingest
from s3am_cloud_cli.options.request_file import request_of
from support.syntax import tree_of

ROOT = Path(__file__).parents[2]
DEEP = 100_000
# What `jobs` does: threads that read an execution, a report and a record each, all for the first time.
THREADS = """
import sys
sys.setswitchinterval(1e-6)
from types import SimpleNamespace
from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.records.executions import StateMachine
from s3am_cloud.adapters.records.jobs import Jobs
from s3am_cloud_client.remote.status import recent_jobs

JOB = b'{"id":"j","created":"2026-01-02T03:04:05+00:00","request":{"source":"/x","destination":"s3://b/k"}}'
REPORT = b'{"state":"succeeded","source":"s","destination":"d"}'
ITEM = {"status": "SUCCEEDED", "startDate": SystemClock().now(), "name": "an-event"}
FOUND = {**ITEM, "input": '{"event":{"id":"e"}}', "output": '{"job":"j"}'}

documents = SimpleNamespace(read=lambda name: JOB if name.endswith("job.json") else REPORT)
pages = SimpleNamespace(paginate=lambda **_: [{"executions": [{**ITEM, "executionArn": str(n)} for n in range(20)]}])
client = SimpleNamespace(get_paginator=lambda name: pages, describe_execution=lambda **_: FOUND)
remote = SimpleNamespace(machine=StateMachine(client, "arn"), jobs=Jobs(documents), clock=SystemClock())
print(recent_jobs(20, remote)[0].source)
"""


class Point(msgspec.Struct):
    x: int


class Tree(msgspec.Struct):
    below: Tree | None = None


def test_many_threads_may_decode_jobs_for_the_first_time() -> None:
    """Without decoders that are made beforehand about every second of these processes crashes."""
    runs = [subprocess.Popen([sys.executable, "-c", THREADS], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert outputs == ["/x\n"] * 2


def test_types_are_decoded_by_decoders_that_modules_have_made() -> None:
    """`decode(..., type=...)` prepares the type where it is called, which may be in a thread."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for folder in ("functions", "cli")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "msgspec.json.decode"
        and any(keyword.arg == "type" for keyword in node.keywords)
    ]
    assert found == []


@pytest.mark.parametrize("data", [b"[" * DEEP, b'{"x":' * DEEP, b'{"x": "\xff"}', b"{", b"", b'{"x": "y"}', b"\xff"])
def test_whatever_is_not_json_of_the_type_is_a_decode_error(data: bytes) -> None:
    point: Decoder[object] = Decoder(Point | list[object])
    with pytest.raises(msgspec.DecodeError):
        point(data)


def test_json_that_is_nested_deeply_has_a_name_of_its_own() -> None:
    with pytest.raises(msgspec.DecodeError, match="nested too deeply"):
        decode_any(b"[" * DEEP)


def test_data_that_is_nested_deeply_is_no_value() -> None:
    converter: Converter[Tree] = Converter(Tree)
    deep: dict[str, object] = {}
    for _ in range(sys.getrecursionlimit() + 1000):  # which a library may have raised in this process
        deep = {"below": deep}
    with pytest.raises(msgspec.ValidationError, match="nested too deeply"):
        converter(deep)


def test_a_deeply_nested_request_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_bytes(b'{"source":' + b"[" * DEEP)
    with pytest.raises(BadRequest, match="nested too deeply"):
        request_of(str(file))
    deep: dict[str, object] = {}
    for _ in range(3000):
        deep = {"metadata": deep}
    with pytest.raises(BadRequest, match="can't be read"):
        read_request({"source": "https://host/x", "destination": "s3://b/k", "attributes": deep})


@pytest.mark.parametrize("text", ["a = " + "[" * DEEP, "a = " + "{b = " * DEEP])
def test_a_deeply_nested_ingest_file_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadIngest, match="nested too deeply"):
        parse_ingest(text)
