"""`doctor` on the strict S3 server: it reads only, unless asked to test writing, and its exit code says the rest."""

from __future__ import annotations

from servers.content import Pattern
from servers.faulty_http import FaultyHttp
from servers.proxy import FaultyProxy
from support.command import Command
from support.stored import Stored


def test_a_doctor_reads_only_and_finds_buckets_and_sources(
    through_proxy: Command, s3_proxy: FaultyProxy, http_server: FaultyHttp, stored: Stored
) -> None:
    url = http_server.add("/x.bin", Pattern(1 << 20))
    result = through_proxy.run("doctor", "--json", stored.url(""), url)
    found = {(each["check"], each["state"]) for each in result.document["findings"]}
    assert {("bucket", "ok"), ("listing", "ok"), ("source", "ok")} <= found
    assert {one.method for one in s3_proxy.requests if f"/{stored.bucket}" in one.path} <= {"GET", "HEAD"}
    stored.assert_untouched()


def test_a_write_test_leaves_the_bucket_as_it_was(command: Command, stored: Stored) -> None:
    found = command.run("doctor", "--json", "--write-test", stored.url("dir/")).document["findings"]
    assert [each["state"] for each in found if each["check"] == "write test"] == ["ok"]
    stored.assert_untouched()


def test_an_unknown_profile_is_a_finding_and_sources_are_checked(command: Command, http_server: FaultyHttp) -> None:
    url = http_server.add("/x.bin", Pattern(1 << 20))
    found = command.run("doctor", "--json", "--profile", "nope", url).ended(25).document["findings"]
    states = {each["check"]: (each["state"], each["message"], each["fix"]) for each in found}
    assert states["credentials"][0] == "problem"
    assert "nope" in states["credentials"][1]
    assert "list-profiles" in states["credentials"][2]
    assert ("source", "ok") in {(each["check"], each["state"]) for each in found}


def test_a_problem_is_exit_code_25_and_says_how_to_fix_it(command: Command, http_server: FaultyHttp) -> None:
    result = command.run("doctor", http_server.url("/missing")).ended(25)
    assert "PROBLEM  source, " in result.stdout
    assert "fix: " in result.stdout
    assert "problem" in result.error_line
    assert command.run("doctor", "gopher://host/x").ended(5).stdout == ""
