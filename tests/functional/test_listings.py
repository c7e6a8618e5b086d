"""`ls`: objects and unfinished uploads, as lines and as JSON."""

from __future__ import annotations

import json

from servers.proxy import FaultyProxy
from servers.proxy_rules import ACCESS_DENIED, LIST_PARTS
from support.command import Command
from support.stored import Stored

MIB = 1 << 20
GB_MONTH = 0.023


def _part(stored: Stored, key: str, size: int) -> None:
    upload = stored.begin(key)
    stored.client.upload_part(Bucket=stored.bucket, Key=key, UploadId=upload, PartNumber=1, Body=bytes(size))


def test_objects_are_listed_below_the_prefix_only(command: Command, stored: Stored) -> None:
    for key, size in (("p/a", 1), ("p/b\nc", 2048), ("q", 5)):
        stored.put(key, bytes(size))
    done = command.run("ls", stored.url("p/")).ended(0)
    first, second = done.stdout.splitlines()
    assert first.endswith(f"       1 B  {stored.url('p/a')}")
    assert first.partition("T")[0].count("-") == 2
    assert second.endswith("2.0 KiB  " + stored.url("p/b") + "\\nc")
    assert done.stderr == "2 objects, 2.0 KiB\n"


def test_a_listing_is_one_document_or_a_line_for_each(command: Command, stored: Stored) -> None:
    for key in ("a", "b"):
        stored.put(key, b"xyz")
    whole = command.run("ls", stored.url(""), "--json").ended(0).document
    assert (whole["count"], whole["size"]) == (2, 6)
    lines = command.run("ls", stored.url(""), "--json-lines").ended(0).stdout.splitlines()
    assert [json.loads(line) for line in lines] == whole["objects"]
    assert [found["url"] for found in whole["objects"]] == [stored.url("a"), stored.url("b")]
    assert command.run("ls", stored.url("none"), "--json").ended(0).document == {"objects": [], "count": 0, "size": 0}


def test_unfinished_uploads_have_their_size_age_and_monthly_cost(command: Command, stored: Stored) -> None:
    _part(stored, "runs/x", 5 * MIB)
    stored.begin("runs/y")
    whole = command.run("ls", "--unfinished", stored.url("runs/"), "--json").ended(0).document
    first, second = whole["uploads"]
    assert (first["url"], first["parts"], first["size"]) == (stored.url("runs/x"), 1, 5 * MIB)
    assert abs(first["monthly_cost"] - 5 * MIB / 1e9 * GB_MONTH) < 1e-12
    assert 0 <= first["age_seconds"] < 600
    assert (second["size"], whole["count"], whole["monthly_cost"]) == (0, 2, first["monthly_cost"])
    done = command.run("ls", "--unfinished", stored.url("runs/")).ended(0)
    assert "$0.00012/month" in done.stdout.splitlines()[0]
    assert done.stderr == "2 unfinished uploads, 5.0 MiB, $0.00012 a month\n"


def test_uploads_are_listed_without_the_right_to_list_their_parts(
    through_proxy: Command, s3_proxy: FaultyProxy, stored: Stored
) -> None:
    _part(stored, "x", 5 * MIB)
    s3_proxy.add(LIST_PARTS, ACCESS_DENIED, times=None)
    done = through_proxy.run("ls", "--unfinished", stored.url("")).ended(0)
    assert stored.url("x") in done.stdout
    assert "s3:ListMultipartUploadParts" in done.stderr
    assert len(s3_proxy.matching(LIST_PARTS)) == 1


def test_what_can_not_be_listed_is_a_named_error(command: Command, stored: Stored) -> None:
    missing = command.run("ls", f"s3://{stored.bucket}-none/", "--json").ended(6)
    assert missing.document["error"]["name"] == "BadDestination"
    assert "not an S3 URL" in command.run("ls", "folder/").ended(7).error_line
