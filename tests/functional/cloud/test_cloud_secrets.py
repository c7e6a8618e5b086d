"""Keys, passwords and signed URLs in jobs: they do their work, and nobody can read them anywhere."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from functional.cloud.everything_kept import kept_of, spellings
from s3am_cloud.events import job_of_request
from s3am_cloud_cli.local_cloud import LocalCloud, aws
from servers.content import Pattern, crc64nvme
from servers.faults import BasicAuth, NeedsHeader, Status
from servers.faulty_http import FaultyHttp
from servers.http_model import Request
from support.command import Command

MIB = 1 << 20
IN_PARTS = ("--part-size", "5MB")
CONTENT = Pattern(11 * MIB, seed=4)
KEY, SOURCE_KEY = bytes(range(200, 232)), bytes(range(100, 132))
USER, PASSWORD, SIGNATURE = "alice", "pa55:w/rd@7 hunter", "deadbeef51gnature0123456789"
LOGIN = f"{USER}:{quote(PASSWORD, safe='')}"
# Of the job's record, of the executions and of the functions' logs.
PIECES = ('"sealed": [', "TaskScheduled", "WhoPrepares", '"message":"prepare')


def of(key: bytes) -> dict[str, Any]:
    """What boto3 wants to be told of a key."""
    return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key}


@pytest.fixture
def keys(tmp_path: Path) -> tuple[str, ...]:
    """The option for the destination's key."""
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "source.key").write_bytes(SOURCE_KEY)
    return "--sse-key-file", "key"


def body(s3: Any, bucket: str, key: str = "x") -> bytes:
    found: bytes = s3.get_object(Bucket=bucket, Key=key, **of(KEY))["Body"].read()
    return found


def named(cloud: LocalCloud, **value: Any) -> str:
    """The name of a new secret."""
    name = f"s3am-cloud/{uuid.uuid4().hex}"
    aws.client("secretsmanager", cloud).create_secret(Name=name, SecretString=json.dumps(value))
    return name


def secrets_in(text: str) -> list[str]:
    secrets = (KEY, base64.b64encode(KEY), PASSWORD.encode(), f"{USER}:{PASSWORD}".encode(), SIGNATURE.encode())
    return [spelling for secret in secrets for spelling in spellings(secret) if spelling in text]


def test_a_job_with_secrets_works_and_keeps_them_nowhere_in_clear(
    command: Command,
    http_server: FaultyHttp,
    s3: Any,
    destination: str,
    local_cloud: LocalCloud,
    keys: tuple[str, ...],
    outcomes: Callable[[str], dict[str, Any]],
) -> None:
    """A job with a key, a password and a signature works, and nothing that is kept of it shows them."""
    http_server.add("/x", CONTENT, BasicAuth(user=USER, password=PASSWORD))
    url = http_server.url(f"/x?X-Amz-Signature={SIGNATURE}", login=LOGIN)
    done = command.run("submit", "--wait", "--json", *IN_PARTS, *keys, url, f"s3://{destination}/x").ended(0)
    assert body(s3, destination) == bytes(CONTENT.read(0, CONTENT.size))
    with pytest.raises(s3.exceptions.ClientError):
        s3.get_object(Bucket=destination, Key="x")

    job, receipt = done.document["job"], done.document["receipt"]
    assert (receipt["parts"], receipt["checksum"]) == (3, crc64nvme(CONTENT))
    kept = kept_of(job, local_cloud)
    for piece in (*PIECES, '"state": "succeeded"', '"message":"move"', "CompleteSealed"):
        assert piece in kept, "this is not all that there is"
    told = "\n".join([kept, json.dumps(outcomes(job)), done.stdout, done.stderr])
    assert secrets_in(told) == []


def test_a_job_sends_headers_and_cookies_and_keeps_them_nowhere_in_clear(
    command: Command, http_server: FaultyHttp, destination: str, local_cloud: LocalCloud
) -> None:
    """Sealed by `submit`, and from the secret that a hosts.toml names."""
    wanted = NeedsHeader(name="Authorization", value=f"Bearer {SIGNATURE}")
    url = http_server.add("/x", CONTENT, wanted, NeedsHeader(name="Cookie", value=f"session={PASSWORD}"))
    (command.home / "token").write_text(SIGNATURE)
    cookie = f"127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\t{PASSWORD}"
    (command.home / "cookies").write_text(cookie)
    value = {"bearer": SIGNATURE, "cookies": cookie, "host": "127.0.0.1", "cleartext": True}
    place = http_server.url("").rstrip("/")
    (command.home / "hosts").write_text(f'["{place}"]\nbearer = {{secret = "{named(local_cloud, **value)}"}}\n')
    for key, options in (
        ("sealed", ("--bearer-file", "token", "--cookie-file", "cookies")),
        ("named", ("--hosts-file", "hosts")),
    ):
        submit = ("submit", "--wait", "--json", *IN_PARTS, *options, url, f"s3://{destination}/{key}")
        done = command.run(*submit).ended(0)
        kept = kept_of(done.document["job"], local_cloud)
        assert PIECES[0] in kept or key == "named"
        assert secrets_in(kept + done.stdout + done.stderr) == []


def test_what_was_sealed_for_one_job_serves_no_other_record(
    command: Command, s3: Any, states: Any, destination: str, local_cloud: LocalCloud, keys: tuple[str, ...]
) -> None:
    """As somebody may who submits jobs: the record is copied, changed, and started. `JOB-r2` would continue the job."""
    s3.put_object(Bucket=destination, Key="from", Body=b"few bytes", **of(SOURCE_KEY))
    copy = (*keys, "--src-sse-key-file", "source.key", f"s3://{destination}/from", f"s3://{destination}/x")
    job = command.run("submit", "--wait", "--json", *copy).ended(0).document["job"]
    record = json.loads(s3.get_object(Bucket=local_cloud.work_bucket, Key=f"jobs/{job}/job.json")["Body"].read())
    made = {name: record[name] for name in ("created", "sealed", "request")}
    attacks = {
        f"stolen-{uuid.uuid4().hex[:8]}": {},
        f"{job}-r2": {"destination": f"s3://{destination}/stolen"},
        f"{job}-r3": {"source": f"s3://{destination}/other"},
    }
    for name, fields in attacks.items():
        body = json.dumps({**made, "id": name, "request": {**made["request"], **fields}})
        s3.put_object(Bucket=local_cloud.work_bucket, Key=f"jobs/{name}/job.json", Body=body.encode())
        states.start_execution(
            stateMachineArn=local_cloud.state_machine_arn, name=name, input=json.dumps({"job": name})
        )
        failed = command.run("watch", "--json", name).ended(25)
        assert failed.document["error"]["name"] == "SealedForAnother"
        assert secrets_in(failed.stdout + failed.stderr) == []


def test_a_job_that_fails_for_its_password_does_not_show_it(
    command: Command, http_server: FaultyHttp, destination: str, local_cloud: LocalCloud
) -> None:
    """A job that fails for its password shows it no more than one that does not."""
    http_server.add("/x", CONTENT, BasicAuth(user=USER, password="another"))
    url = http_server.url(f"/x?X-Amz-Signature={SIGNATURE}", login=LOGIN)
    secret = ("--secret", named(local_cloud, sse_key=base64.b64encode(KEY).decode()))
    failed = command.run("submit", "--wait", "--json", *secret, url, f"s3://{destination}/x").ended(14)
    kept = kept_of(failed.document["job"], local_cloud)
    for piece in (*PIECES, "AccessDenied", "PrepareSealed"):
        assert piece in kept, "this is not all that there is"
    assert secrets_in(kept + failed.stdout + failed.stderr) == []


def test_a_copy_in_the_cloud_uses_a_key_for_each_side(
    command: Command, s3: Any, destination: str, keys: tuple[str, ...]
) -> None:
    """A copy in the cloud reads with one key and writes with another and the wrong key is exit code 10."""
    s3.put_object(Bucket=destination, Key="from", Body=bytes(CONTENT.read(0, CONTENT.size)), **of(SOURCE_KEY))
    held = ("--expect", f"crc64nvme:{crc64nvme(CONTENT)}")
    copy = ("submit", "--wait", *IN_PARTS, *held, *keys, f"s3://{destination}/from", f"s3://{destination}/x")
    command.run(*copy, "--src-sse-key-file", "source.key").ended(0)
    assert body(s3, destination) == bytes(CONTENT.read(0, CONTENT.size))
    command.run(*copy, "--src-sse-key-file", "key", "--exists", "overwrite").ended(10)


def _the_last_part(request: Request) -> bool:
    return request.headers.get("range", "").startswith(f"bytes={10 * MIB}-")


@pytest.mark.parametrize("first", ["upload", "submit"])
def test_an_upload_with_a_key_is_finished_on_either_side_with_that_key(
    first: str,
    command: Command,
    http_server: FaultyHttp,
    s3: Any,
    destination: str,
    local_cloud: LocalCloud,
    keys: tuple[str, ...],
) -> None:
    """What was begun with a key on one side is finished on the other with the same key."""
    url = http_server.add("/x", CONTENT, Status(status=404, where=_the_last_part))
    ways = {"upload": ("upload", "--stack", local_cloud.stack), "submit": ("submit", "--wait")}
    transfer = (*keys, "--download-slots", "1", url, f"s3://{destination}/x")
    command.run(*ways.pop(first), *IN_PARTS, *transfer).ended(5)
    http_server.set_faults("/x")
    before = http_server.bytes_sent("/x")
    [other] = ways.values()
    command.run(*other, "--resume", *transfer).ended(0)
    assert http_server.bytes_sent("/x") - before < 2 * MIB
    assert body(s3, destination) == bytes(CONTENT.read(0, CONTENT.size))


def test_a_request_names_a_secret_that_has_the_key_and_the_login(
    command: Command, http_server: FaultyHttp, s3: Any, states: Any, destination: str, local_cloud: LocalCloud
) -> None:
    url = http_server.add("/x", b"few bytes", BasicAuth(user=USER, password=PASSWORD))
    uses = {"sources": [url], "destinations": [f"s3://{destination}"], "cleartext": True}
    name = named(local_cloud, user=USER, password=PASSWORD, sse_key=base64.b64encode(KEY).decode(), **uses)
    request = {"source": url, "destination": f"s3://{destination}/x", "secret": name}
    job = f"named-{uuid.uuid4().hex[:8]}"
    states.start_execution(
        stateMachineArn=local_cloud.state_machine_arn, name=job, input=json.dumps({"request": request})
    )
    command.run("watch", job).ended(0)
    assert body(s3, destination) == b"few bytes"


def test_an_event_uses_a_granted_secret_only_for_what_that_names(
    command: Command,
    http_server: FaultyHttp,
    s3: Any,
    destination: str,
    local_cloud: LocalCloud,
    outcomes: Callable[[str], dict[str, Any]],
) -> None:
    """Each refusal is a dead letter with its name, whoever refused: control, which has the grants, or the worker."""
    url = http_server.add("/runs/x", b"few bytes", BasicAuth(user=USER, password=PASSWORD))
    uses = {"sources": [http_server.url("/runs/")], "destinations": [f"s3://{destination}/runs"], "cleartext": True}
    value = json.dumps({"user": USER, "password": PASSWORD, **uses})
    aws.client("secretsmanager", local_cloud).create_secret(Name="s3am-cloud/granted", SecretString=value)
    events = aws.client("events", local_cloud)
    requests = {
        "": {"destination": f"s3://{destination}/runs/x", "secret": "s3am-cloud/granted"},
        "SecretElsewhere": {"destination": f"s3://{destination}/x", "secret": "s3am-cloud/granted"},
        "SecretNotGranted": {"destination": f"s3://{destination}/runs/y", "secret": "s3am-cloud/other"},
    }
    jobs = {}
    for name, asked in requests.items():
        detail = {"source": url, **asked}
        entry = {"Source": "lab.sequencer", "DetailType": "Transfer Requested", "Detail": json.dumps(detail)}
        [put] = events.put_events(Entries=[{**entry, "EventBusName": local_cloud.event_bus}])["Entries"]
        jobs[name] = job_of_request(detail, {"id": put["EventId"], "source": "lab.sequencer"}, "")
    assert outcomes(jobs.pop(""))["detail-type"] == "Transfer Succeeded"
    assert s3.get_object(Bucket=destination, Key="runs/x")["Body"].read() == b"few bytes"
    for name, job in jobs.items():
        assert outcomes(job)["detail"]["error"]["name"] == name
        [letter] = [
            event
            for event in command.run("events", "failed", "--json").ended(0).document["events"]
            if event["id"] == job
        ]
        assert (letter["error"]["name"], letter["replayable"]) == (name, True)
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=destination)["Contents"]]
    assert keys == ["runs/x"]


def test_a_small_object_with_a_login_of_netrc_and_a_key_is_put_at_once(
    command: Command, http_server: FaultyHttp, s3: Any, destination: str, keys: tuple[str, ...]
) -> None:
    """The login is looked up here, where the file is, and sealed for where it is needed."""
    url = http_server.add("/x", b"few bytes", BasicAuth(user=USER, password="hunter2"))
    (command.home / ".netrc").write_text(f"machine 127.0.0.1 login {USER} password hunter2\n")
    (command.home / ".netrc").chmod(0o600)
    command.run("submit", "--wait", "--netrc", *keys, url, f"s3://{destination}/x").ended(0)
    assert body(s3, destination) == b"few bytes"
