"""Jobs as those see them who run the stack: receipts, logs, and what the functions do with their rights."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from functional.cloud.denying import GrantedOnly
from functional.cloud.job_client import CONTENT, HANDLERS, MIB, PART, JobClient, Json, granted_to, stack_of
from functional.cloud.permissions import Grant, Need, needs
from s3am_cloud_cli.local_cloud import LocalCloud, aws
from servers.content import crc64nvme
from servers.faults import Slow, Status
from servers.faulty_http import FaultyHttp
from servers.proxy import FaultyProxy
from support.command import eventually
from support.fork_server import ForkServer

# Rights that no job here can be seen to use, by function ("*": each of them).
_SEALED = "of sealed jobs, by the same code as control's, which is seen"
RIGHTS = Path(__file__).parents[3] / "docs" / "rights.md"
UNSEEN = {
    ("*", "logs:CreateLogStream"): "Lambda writes a function's log in its role's name",
    ("*", "logs:PutLogEvents"): "Lambda writes a function's log in its role's name",
    (
        "control",
        "s3:DeleteObject jobs/*",
    ): "of a record whose destination another job has: that takes two at one moment",
    ("janitor", "sqs:SendMessage"): "Lambda puts away the events that the function could not handle",
    ("worker", "s3:GetObjectTagging"): _SEALED,
    ("worker", "s3:DeleteObject"): _SEALED,
    ("worker", "s3:DeleteObjectVersion"): _SEALED,
    ("worker", "s3:ListBucket"): _SEALED,
}


@dataclass(frozen=True)
class Rights:
    """What each function has needed, and what its role grants; `buckets` are those that only jobs of this file used."""

    called: dict[str, set[Need]]
    granted: dict[str, list[Grant]]
    buckets: set[str]


@pytest.fixture(scope="module")
def job_client(local_cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer) -> JobClient:
    return JobClient(local_cloud, tmp_path_factory.mktemp("client"), fork_server)


@pytest.fixture(scope="module")
def reports(job_client: JobClient) -> dict[str, Json]:
    """One job of every kind that uses rights of its own, run to its end: their reports by kind."""
    data = bytes(CONTENT.read(0, CONTENT.size))
    for bucket in (job_client.source, job_client.plain_source):
        put = job_client.s3.put_object(Bucket=bucket, Key="whole", Body=data, Tagging="lab=here")
        if bucket == job_client.source:
            version = f"s3://{bucket}/whole?versionId={put['VersionId']}"
    for key in ("begun", "begun-too"):
        job_client.s3.create_multipart_upload(Bucket=job_client.destination, Key=key)
    with FaultyHttp() as server:
        parts, small = server.add("/parts", CONTENT), server.add("/small", b"few")
        prefix = f"s3://{job_client.source}/"
        listed = server.add("/listed", "".join(f"{url}\n" for url in (parts, small, f"{prefix}whole")).encode())
        secret = {"user": "ann", "password": "pw", "cleartext": True}
        uses = {"sources": [parts], "destinations": [f"s3://{job_client.destination}"]}
        aws.client("secretsmanager", job_client.cloud).create_secret(
            Name="s3am-cloud/operations", SecretString=json.dumps({**secret, **uses})
        )
        slow = server.add("/slow", CONTENT, Slow(bytes_per_second=MIB))
        broken = server.add("/broken", CONTENT, Status(status=403, retry_after=None, skip=2))
        expired = server.add("/expired", CONTENT, Status(status=403, retry_after=None, skip=2))
        cancelled = job_client.submit(slow, "slow", "--part-size", "5MB")
        eventually(lambda: len(server.requests_for("/slow")) > 1, "the first part of what is to be cancelled", 60)
        job_client.command.run("cancel", cancelled).ended(0)
        jobs = {
            "parts": job_client.start(parts, "parts", part_size=PART, attributes={"tags": {"a": "b"}}),
            "small": job_client.start(small, "small"),
            "copy": job_client.start(f"s3://{job_client.source}/whole", "copy"),
            "copied parts": job_client.start(f"s3://{job_client.source}/whole", "copied-parts", part_size=PART),
            "version": job_client.start(version, "version"),
            "version parts": job_client.start(version, "version-parts", part_size=PART),
            "plain copy": job_client.start(f"s3://{job_client.plain_source}/whole", "plain-copy"),
            "plain parts": job_client.start(f"s3://{job_client.plain_source}/whole", "plain-parts", part_size=PART),
            "missing copy": job_client.start(f"s3://{job_client.plain_source}/none", "missing-copy"),
            "unexpected": job_client.start(small, "unexpected", expect=f"md5:{'0' * 32}"),
            "unexpected version": job_client.start(
                small, f"s3://{job_client.keeping_destination}/unexpected", expect=f"md5:{'0' * 32}"
            ),
            "missing": job_client.start(server.url("/missing"), "missing"),
            "broken": job_client.start(broken, "broken", part_size=PART),
            "expired": job_client.start(expired, "expired", part_size=PART),
            # In parts, as only an item with an upload has a record that is deleted at its end.
            "dataset": job_client.start(listed, "listed/", dataset={"manifest": listed}, part_size=PART),
            "dataset of a prefix": job_client.start(prefix, "prefix/", dataset={"sources": [prefix]}),
            "sealed dataset": job_client.submit(prefix, "sealed-prefix/", "--sse-key-file", "key"),
            "named secret": job_client.start(parts, "named", part_size=PART, secret="s3am-cloud/operations"),
            "sealed": job_client.submit(parts, "sealed", "--part-size", "5MB", "--sse-key-file", "key"),
            "sealed copy": job_client.submit(version, "sealed-copy", "--sse-key-file", "key"),
            "sealed small": job_client.submit(small, "sealed-small", "--sse-key-file", "key"),
        }
        found = {kind: job_client.ended(job) for kind, job in jobs.items()} | {"cancelled": job_client.ended(cancelled)}
        server.set_faults("/broken")
        resumed = job_client.command.run("resume", "--json", jobs["broken"]).ended(0).document["job"]
        jobs |= {
            "resumed": resumed,
            "skipped": job_client.start(parts, "parts", exists="skip"),
            "overwritten": job_client.start(parts, "small", exists="overwrite", part_size=PART),
            "forced": job_client.start(parts, "begun", force=True, part_size=PART),
            "sealed forced": job_client.submit(
                parts, "begun-too", "--force", "--part-size", "5MB", "--sse-key-file", "key"
            ),
        }
        later = ("resumed", "skipped", "overwritten", "forced", "sealed forced")
        found |= {kind: job_client.ended(jobs[kind]) for kind in later}
    return found | {"jobs": jobs}


def test_every_kind_of_job_ends_as_it_should(reports: dict[str, Json]) -> None:
    states = {kind: report["state"] for kind, report in reports.items() if kind != "jobs"}
    assert states == {
        **dict.fromkeys(("parts", "small", "copy", "copied parts", "plain copy", "plain parts"), "succeeded"),
        **dict.fromkeys(("version", "version parts"), "succeeded"),
        **dict.fromkeys(("named secret", "sealed", "sealed small", "sealed copy"), "succeeded"),
        **dict.fromkeys(("dataset", "dataset of a prefix", "sealed dataset"), "succeeded"),
        **dict.fromkeys(("missing", "missing copy", "unexpected", "unexpected version", "broken", "expired"), "failed"),
        **dict.fromkeys(("resumed", "overwritten", "forced", "sealed forced"), "succeeded"),
        "skipped": "skipped",
        "cancelled": "cancelled",
    }


def test_a_receipt_tells_what_the_workers_did_and_about_what_it_costs(reports: dict[str, Json]) -> None:
    receipt = reports["parts"]
    assert receipt["invocations"] >= 1
    assert 0 < receipt["worker_seconds"] < 60
    assert receipt["started"]
    assert receipt["seconds"] > 0
    assert 0 < receipt["cost_usd"] < 0.01
    assert "estimate" in receipt["cost_of"]
    assert receipt["retries"] == 0
    assert receipt["checksum"] == crc64nvme(CONTENT)
    assert reports["small"]["cost_usd"] < receipt["cost_usd"]


def test_logs_show_every_step_of_a_job_by_time_and_nothing_of_another(
    job_client: JobClient, reports: dict[str, Json]
) -> None:
    job = reports["jobs"]["parts"]
    shown = job_client.command.run("logs", job).ended(0).stdout.splitlines()
    times, steps = [line.split()[0] for line in shown], [line.split()[3] for line in shown]
    assert [step for step in steps if step != "move"] == ["accept", "prepare", "complete", "report"]
    assert "move" in steps[2:-2]
    assert times == sorted(times)
    lines = [json.loads(line) for line in job_client.command.run("logs", "--json", job).ended(0).stdout.splitlines()]
    assert {line["fields"]["job"] for line in lines} == {job}
    assert {line["function"] for line in lines} == {"control", "worker"}
    assert sum(line["fields"]["bytes"] for line in lines) == CONTENT.size


def test_logs_show_why_a_job_failed_and_what_the_janitor_did(job_client: JobClient, reports: dict[str, Json]) -> None:
    shown = job_client.command.run("logs", "--follow", reports["jobs"]["missing"]).ended(0).stdout
    assert "error=SourceNotFound" in shown
    assert "janitor" in shown
    assert job_client.command.run("logs", "--since", "1", "no-such-job").ended(0).stdout == ""
    job_client.command.run("logs", "no-such-job").ended(2)


@pytest.fixture(scope="module")
def rights(job_client: JobClient, reports: dict[str, Json]) -> Rights:
    """What the functions have called in all these jobs, and what their roles grant."""
    job_client.expire(reports["jobs"]["expired"])
    stack, calls = stack_of(job_client), job_client.calls()
    functions = {module: job_client.outputs()[f"{module.capitalize()}Name"] for module in HANDLERS}
    called = {
        module: {need for call in calls if call["function"] == name for need in needs(call, stack)}
        for module, name in functions.items()
    }
    granted = {module: granted_to(module, name, job_client) for module, name in functions.items()}
    return Rights(called, granted, {job_client.cloud.work_bucket, *job_client.buckets})


def test_the_functions_may_do_what_their_calls_need_and_nothing_else(rights: Rights) -> None:
    assert missing(rights) == []
    assert unused(rights) == []


def test_every_call_to_s3_expects_a_bucket_of_the_own_account(job_client: JobClient, rights: Rights) -> None:
    asked = [call for call in job_client.calls() if "x-amz-target" not in call["headers"]]
    assert {call["method"] for call in asked} >= {"GET", "HEAD", "PUT", "POST"}
    owners = {call["headers"].get("x-amz-expected-bucket-owner") for call in asked}
    assert owners == {stack_of(job_client).account}


def test_a_right_that_is_missing_or_superfluous_is_noticed(rights: Rights) -> None:
    """Each right that is taken away is missed and one that is added is noticed."""
    for module, granted in rights.granted.items():
        for grant in granted:
            fewer = replace(rights, granted=rights.granted | {module: [other for other in granted if other != grant]})
            assert is_unseen(module, grant) or missing(fewer), f"{module} {grant}"
        for added in (Grant("s3:PutBucketPolicy", "arn:aws:s3:::s3am-to-*"), Grant("s3:GetObject", "arn:aws:s3:::x/*")):
            more = replace(rights, granted=rights.granted | {module: [*granted, added]})
            assert unused(more) == [f"{module} {added.action} {added.resource}"]


def _stack_rows() -> dict[str, set[str]]:
    """Commands and their actions on the stack, as the documentation lists them."""
    lines = RIGHTS.read_text().partition("<!-- rights on the stack:")[2].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
    return {command.replace("`", ""): set(re.findall(r"`([^`]+)`", actions)) for command, actions in cells}


def _runs(job_client: JobClient, jobs: Json, failed: str) -> dict[str, tuple[str, ...]]:
    """The rows of the documentation's table, and what is run for each."""
    target, source = f"s3://{job_client.destination}/listed", f"s3://{job_client.plain_source}/whole"
    return {
        "submit URL S3_URL": ("submit", source, target),
        "submit --sse-key-file": ("submit", "--sse-key-file", "key", source, target + "2"),
        "status JOB": ("status", jobs["small"]),
        "watch JOB": ("watch", jobs["small"]),
        "jobs": ("jobs",),
        "logs JOB": ("logs", jobs["small"]),
        "resume JOB": ("resume", "--json", failed),
        "resume JOB (that has succeeded meanwhile)": ("resume", jobs["broken"]),
        "cancel JOB": ("cancel", jobs["expired"]),
    }


@pytest.fixture(scope="module")
def denying(job_client: JobClient) -> Iterator[FaultyProxy]:
    """What denies as IAM would, in front of the embedded cloud."""
    with FaultyProxy(job_client.cloud.endpoint_url, names_upstream=True) as proxy:
        yield proxy


def test_a_command_needs_of_the_stack_the_listed_rights_and_no_others(
    job_client: JobClient, reports: dict[str, Json], denying: FaultyProxy
) -> None:
    """Each runs where AWS denies all but what the documentation lists, and uses every right of that."""
    rows, stack = _stack_rows(), stack_of(job_client)
    with FaultyHttp() as server:
        url = server.add("/fails", CONTENT, Status(status=403, retry_after=None, skip=2))
        failed = job_client.start(url, "fails", part_size=PART)
        assert job_client.ended(failed)["state"] == "failed"
        server.set_faults("/fails")
        runs = _runs(job_client, reports["jobs"], failed)
        assert set(rows) == set(runs)
        resumed = ""
        for row, arguments in runs.items():
            gate = GrantedOnly([Grant(action, "*") for action in rows[row]], stack)
            denying.admit(gate)
            done = job_client.command.run(*arguments, AWS_ENDPOINT_URL=denying.endpoint_url)
            assert done.returncode == 0, f"{row}: {done.stderr}"
            assert {grant.action for grant in gate.used} == rows[row], row
            resumed = done.document["job"] if row == "resume JOB" else resumed
        assert job_client.ended(resumed)["state"] == "succeeded"


def test_a_missing_right_on_the_stack_is_named(
    job_client: JobClient, reports: dict[str, Json], denying: FaultyProxy
) -> None:
    """Each right of a row that reads, taken away; that to list a bucket only says that something is not there."""
    listed, stack = _stack_rows()["status JOB"], stack_of(job_client)
    for left_out in listed - {"s3:ListBucket"}:
        denying.admit(GrantedOnly([Grant(action, "*") for action in listed - {left_out}], stack))
        status = ("status", reports["jobs"]["small"])
        refused = job_client.command.run(*status, AWS_ENDPOINT_URL=denying.endpoint_url).ended(14)
        assert left_out in refused.stderr


def missing(rights: Rights) -> list[str]:
    """What was needed and is not granted; calls to other tests' buckets apart."""
    return [
        f"{module} {need.action} {need.resource}"
        for module, found in rights.called.items()
        for need in sorted(found, key=str)
        if not any(grant.covers(need) for grant in rights.granted[module]) and not _is_of_others(need, rights.buckets)
    ]


def unused(rights: Rights) -> list[str]:
    return [
        f"{module} {grant.action} {grant.resource}"
        for module, granted in rights.granted.items()
        for grant in granted
        if not any(grant.covers(need) for need in rights.called[module]) and not is_unseen(module, grant)
    ]


def is_unseen(module: str, grant: Grant) -> bool:
    notes = f"{grant.action} jobs/*" if grant.resource.endswith("/jobs/*") else grant.action
    return bool({(module, grant.action), (module, notes), ("*", grant.action)} & UNSEEN.keys())


def _is_of_others(need: Need, buckets: set[str]) -> bool:
    return need.action.startswith("s3:") and need.resource.split(":::")[1].split("/")[0] not in buckets
