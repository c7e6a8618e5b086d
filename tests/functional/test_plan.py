"""`plan` tells beforehand what a transfer takes, and writes nothing; `--max-cost` holds the transfer to that."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest

from functional.cloud.counted import READS, WRITES, operation
from s3am_cloud.costs.prices import PRICES
from servers.content import Pattern
from servers.faulty_http import FaultyHttp
from servers.proxy import FaultyProxy
from support.command import Command
from support.stored import Stored

MIB = 1 << 20
CONTENT = Pattern(12 * MIB, seed=3)
IN_PARTS = ("--part-size", "5MB")
READ_AGAIN = ("--expect", f"sha256:{hashlib.sha256(CONTENT.read(0, CONTENT.size)).hexdigest()}")


def asked_of(proxy: FaultyProxy, before: int) -> Counter[str]:
    """The operations that were asked for since then, but for the one that finds out a bucket's region."""
    calls = [
        {"method": one.method, "path": one.path, "query": one.query, "headers": one.headers}
        for one in proxy.requests[before:]
    ]
    return Counter(name for name in map(operation, calls) if name != "HeadBucket")


@pytest.mark.parametrize("options", [IN_PARTS, (), READ_AGAIN], ids=["in parts", "by one request", "read again"])
@pytest.mark.parametrize("kind", ["http", "s3"])
def test_an_upload_takes_the_requests_to_s3_that_its_plan_told(
    kind: str,
    options: tuple[str, ...],
    through_proxy: Command,
    s3_proxy: FaultyProxy,
    http_server: FaultyHttp,
    stored: Stored,
) -> None:
    stored.put("from", bytes(CONTENT.read(0, CONTENT.size)))
    source = stored.url("from") if kind == "s3" else http_server.add("/x", CONTENT)
    told = through_proxy.run("plan", "--json", *options, source, stored.url("to")).ended(0).document
    before = len(s3_proxy.requests)
    through_proxy.run("upload", *options, source, stored.url("to")).ended(0)
    came = asked_of(s3_proxy, before)
    assert sum(came[name] for name in WRITES) == told["in_process"]["s3_writes"], came
    assert sum(came[name] for name in READS) == told["in_process"]["s3_reads"], came
    assert set(came) <= WRITES | READS


def test_a_plan_reads_a_little_and_writes_nothing(
    through_proxy: Command, s3_proxy: FaultyProxy, http_server: FaultyHttp, stored: Stored
) -> None:
    content = Pattern(100 * MIB)
    url = http_server.add("/large", content)
    through_proxy.run("plan", url, stored.url("dir/")).ended(0)
    assert {request.method for request in s3_proxy.requests} <= {"GET", "HEAD"}
    assert http_server.bytes_sent("/large") < 20 * MIB
    stored.assert_untouched()
    assert through_proxy.records() == []


def test_a_plan_as_json_tells_all_of_the_three_ways(command: Command, http_server: FaultyHttp, stored: Stored) -> None:
    url = http_server.add("/x.bin", CONTENT)
    told = command.run("plan", "--json", *IN_PARTS, url, stored.url("dir/")).ended(0).document
    assert (told["source"], told["destination"], told["state"]) == (url, stored.url("dir/x.bin"), "transfer")
    assert (told["size"], told["parts"], told["part_size"], told["rate"]) == (CONTENT.size, 3, 5 * MIB, None)
    assert set(told["cloud"]) == {
        *("units", "concurrency", "slots", "worker_invocations", "invocations", "gb_seconds", "transitions"),
        *("s3_writes", "s3_reads", "kms_requests", "events", "seconds", "dollars", "extra"),
    }
    assert told["datasync"] is None, "DataSync reads no web servers"
    assert told["prices"] == {"region": PRICES.region, "as_of": PRICES.as_of}


def test_a_plan_for_people_is_a_short_table(command: Command, http_server: FaultyHttp, stored: Stored) -> None:
    url = http_server.add("/x.bin", CONTENT).replace("//", "//ann:s3cret@")
    told = command.run("plan", *IN_PARTS, "--rate", "1MB", url, stored.url("x")).ended(0).stdout
    lines = told.splitlines()
    assert len(lines) <= 20
    assert all(len(line) <= 80 for line in lines if not line.startswith(("source", "destination")))
    assert "s3cret" not in told
    header, cost = (next(line for line in lines if line.strip().startswith(word)) for word in ("in the cloud", "cost"))
    assert cost.index("$") == header.index("in the cloud")
    assert cost.rindex("$") == header.index("on this machine")
    assert "DataSync" not in told


@pytest.mark.parametrize(
    ("source", "options", "code"),
    [
        ("./local.bin", (), 5),
        ("gopher://host/x", (), 5),
        ("URL", ("--part-size", "4MB"), 8),
        ("URL", ("--resume", "--force"), 2),
        ("URL", ("--expect", "sha3:00"), 9),
    ],
)
def test_what_submit_would_refuse_a_plan_refuses_by_the_same_name(
    source: str, options: tuple[str, ...], code: int, command: Command, http_server: FaultyHttp, stored: Stored
) -> None:
    (command.home / "local.bin").write_bytes(b"few")
    url = http_server.add("/x.bin", CONTENT) if source == "URL" else source
    assert command.run("plan", "--json", *options, url, stored.url("x")).ended(code).document["error"]["code"] == code


def test_what_exists_is_refused_skipped_or_replaced(command: Command, http_server: FaultyHttp, stored: Stored) -> None:
    stored.put("x", b"theirs")
    plan = ("plan", "--json", http_server.add("/x.bin", CONTENT), stored.url("x"))
    command.run(*plan).ended(3)
    assert command.run(*plan, "--exists", "skip").ended(0).document["state"] == "skipped"
    assert command.run(*plan, "--exists", "overwrite").ended(0).document["parts"] == 1


def test_submit_refuses_at_once_what_costs_more_than_it_may(
    command: Command, http_server: FaultyHttp, stored: Stored
) -> None:
    """There is no stack here: nothing of it is asked for before the refusal."""
    submit = ("submit", "--json", *IN_PARTS, http_server.add("/x.bin", CONTENT), stored.url("x"))
    error = command.run(*submit, "--max-cost", "$0.0001").ended(25).document["error"]
    assert (error["name"], error["retryable"]) == ("TooExpensive", False)
    assert "--max-cost" in error["hint"]
    stored.assert_untouched()


def test_submit_leaves_to_the_cloud_what_it_can_not_look_at(
    command: Command, http_server: FaultyHttp, stored: Stored
) -> None:
    refused = command.run("submit", http_server.url("/missing"), stored.url("x"), "--max-cost", "1")
    assert refused.returncode not in {0, 25}, "there is no stack"
    assert "The cloud checks the cost" in refused.stderr.splitlines()[0]


def test_a_download_takes_the_requests_that_its_plan_said(
    through_proxy: Command, s3_proxy: FaultyProxy, stored: Stored
) -> None:
    """And planning it writes nothing, here or there."""
    stored.put("x.bin", bytes(CONTENT.read(0, CONTENT.size)))
    arguments = ("--part-size", "5MB", stored.url("x.bin"), "copy.bin")
    quote = through_proxy.run("plan", "--json", *arguments).ended(0).document
    assert (quote["state"], quote["size"], quote["parts"], quote["cloud"]) == ("transfer", CONTENT.size, 3, None)
    assert quote["destination"] == "copy.bin"
    assert not list(through_proxy.home.glob("*copy.bin*"))
    before = len(s3_proxy.requests)
    through_proxy.run("download", *arguments).ended(0)
    came = asked_of(s3_proxy, before)
    assert sum(came.values()) == quote["in_process"]["s3_reads"], came
    assert quote["in_process"]["seconds"] == round(CONTENT.size / quote["in_process"]["bytes_per_second"], 1)


def test_what_download_would_refuse_its_plan_refuses(command: Command, stored: Stored) -> None:
    stored.put("x", b"few")
    (command.home / "taken").write_bytes(b"mine")
    plan = ("plan", "--json", stored.url("x"))
    command.run(*plan, "taken").ended(command.run("download", stored.url("x"), "taken").returncode)
    assert command.run(*plan, "taken", "--exists", "skip").ended(0).document["state"] == "skipped"
    assert command.run(*plan, "taken", "--exists", "overwrite").ended(0).document["state"] == "transfer"
    assert command.run(*plan, "-").ended(0).document["destination"] == "standard output"
    assert "expect" in command.run(*plan, "new", "--expect", f"md5:{'0' * 32}").ended(2).document["error"]["message"]
    command.run("plan", stored.url("missing"), "new").ended(5)
    assert (command.home / "taken").read_bytes() == b"mine"
