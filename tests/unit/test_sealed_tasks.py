"""Jobs with secrets in the Lambda functions: control refers them to the worker, which opens them and writes nothing."""

from __future__ import annotations

import base64
import gc
import io
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.memory.vault import MemoryVault
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.errors import BadDestination, BadEncryptionKey, BadRequest, SealedForAnother
from s3am_cloud.handlers import control, worker
from s3am_cloud.handlers.runtime import JobPorts, is_special
from s3am_cloud.handlers.runtime import Runtime as LambdaWorld
from s3am_cloud.ingest.accept import decode_request
from s3am_cloud.jobs.sealing import Opened, opened, opened_jobs, seal, withheld
from s3am_cloud.jobs.secrets import Secrets
from s3am_cloud.model import Job, TransferRequest
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.sse import KeyRing, SseKey
from s3am_cloud.transfer.pipeline import new_job
from s3am_cloud.urls import S3Url, SourceUrl
from servers.content import pattern
from servers.faulty_http import FaultyHttp
from support.fakes import PART, TARGET, FakeClock, World
from unit.lambda_fakes import context, lambda_world

DATA = pattern(2 * PART + 5)
WHOLE = "https://ann:hunter2@host/data.bin?X-Amz-Signature=deadbeef"
KEY = bytes(range(200, 232))


class Records:
    """Every job, report and unit that was written, as text."""

    def __init__(self, world: World) -> None:
        self.world, self.written = world, io.StringIO()
        for name in ("add", "save", "write_report"):
            self._watch(name)

    def _watch(self, name: str) -> None:
        write = getattr(self.world.jobs, name)

        def watched(*values: Any) -> Any:
            self.written.write(f"{values!r} {[msgspec.json.encode(value).decode() for value in values]}\n")
            return write(*values)

        setattr(self.world.jobs, name, watched)


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, log: io.StringIO) -> World:
    """Where the source has its content under its whole URL only, and only the worker has a vault."""
    made, vault = World(), MemoryVault()
    made.source.put(WHOLE, DATA)

    def of(job: Job) -> Ports:
        return msgspec.structs.replace(made.ports, jobs=opened_jobs(made.jobs, job, opened(job, vault).job))

    def refuse(job: Job) -> Ports:
        raise AssertionError("control must not open")

    here = lambda_world(made.ports, log)
    monkeypatch.setattr(worker, "load_runtime", lambda: LambdaWorld(here.ports, here.logger, "work", of))
    monkeypatch.setattr(control, "load_runtime", lambda: LambdaWorld(here.ports, here.logger, "work", refuse))
    return made


def submitted(world: World, data: bytes = DATA) -> Records:
    world.source.put(WHOLE, data)
    request, secrets = withheld(
        TransferRequest(source=WHOLE, destination=str(TARGET), part_size=PART), KeyRing(SseKey(KEY))
    )
    records = Records(world)
    world.jobs.add(seal(new_job(request, "job", world.clock), secrets, MemoryVault()))
    return records


def of_worker(action: str, **fields: Any) -> Any:
    return json.loads(json.dumps(worker.handler({"action": action, **fields}, context())))


def of_control(action: str, **fields: Any) -> Any:
    return json.loads(json.dumps(control.handler({"action": action, **fields}, context())))


def test_a_job_with_secrets_runs_and_nothing_written_has_them(world: World, log: io.StringIO) -> None:
    """A job with secrets goes its way and nothing that is written has them."""
    records = submitted(world)
    assert of_control("prepare", job="job", execution="arn:job") == {"job": "job", "sealed": True}
    assert world.calls == [], "control has asked nobody for anything"
    answers = [of_worker("prepare", job="job", execution="arn:job")]
    assert (answers[0]["sealed"], answers[0]["transfer"]) == (True, True)
    for unit in world.jobs.units("job"):
        answers.append(worker.handler({"job": "job", "unit": msgspec.to_builtins(unit)}, context()))
        assert answers[-1]["done"] is True
    answers.append(of_worker("complete", job="job"))
    answers.append(of_control("report", job="job"))
    assert world.store.content(TARGET) == DATA
    assert answers[-1]["detail"]["source"] == "https://host/data.bin?..."
    told = records.written.getvalue() + log.getvalue() + json.dumps(answers)
    assert "arn:job" in told
    for secret in ("hunter2", "deadbeef", base64.b64encode(KEY).decode(), KEY.hex()):
        assert secret not in told


def test_a_small_job_with_secrets_is_done_when_the_worker_has_prepared_it(world: World) -> None:
    records = submitted(world, b"few bytes")
    assert of_worker("prepare", job="job", execution="arn:job")["transfer"] is False
    assert world.store.content(TARGET) == b"few bytes"
    assert "hunter2" not in records.written.getvalue()


def test_a_job_without_secrets_is_controls_to_prepare_and_to_complete(world: World) -> None:
    world.source.put("https://host/data.bin", DATA)
    request = {"source": "https://host/data.bin", "destination": str(TARGET), "part_size": PART}
    of_control("accept", request=request, execution="arn:job")
    assert of_control("prepare", job="job", execution="arn:job")["sealed"] is False


def test_what_was_sealed_for_another_job_ends_the_job_under_its_name(world: World) -> None:
    submitted(world)
    job = world.jobs.load("job")
    world.jobs.save(msgspec.structs.replace(job, sealed=(msgspec.structs.replace(job.sealed[0], job="other"),)))
    with pytest.raises(SealedForAnother):
        of_worker("prepare", job="job", execution="arn:job")


@pytest.mark.parametrize(
    "event",
    [
        {"action": "accept", "request": {}, "execution": "x"},
        {"action": "prepare", "job": "job"},
        {"action": "complete", "job": "job", "unit": {"object": 0, "first": 1, "last": 2}},
    ],
)
def test_the_worker_takes_no_other_task(world: World, event: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        worker.handler(event, context())


@pytest.mark.parametrize("field", ["sse_key", "src_sse_key", "password", "user", "sse_key_is_master"])
def test_a_request_with_a_secret_field_is_refused_with_the_way_out(field: str) -> None:
    """A request with a secret field is refused by its name, with what to do instead."""
    with pytest.raises(BadRequest, match=f"has {field} in clear") as refused:
        decode_request({"source": "https://host/x", "destination": str(TARGET), field: "hunter2"})
    assert "hunter2" not in f"{refused.value} {refused.value.hint}"
    assert "s3am-cloud/NAME" in refused.value.hint


@pytest.mark.parametrize("name", ["partner", "prod/database", "s3am-cloud", "arn:aws:secretsmanager:::secret:x"])
def test_a_request_names_secrets_for_jobs_only(name: str) -> None:
    with pytest.raises(BadRequest, match="not for jobs"):
        decode_request({"source": "https://host/x", "destination": str(TARGET), "secret": name})


def test_the_ports_of_a_job_have_its_keys_its_payer_and_its_signatures(
    http_server: FaultyHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each side is asked with its own key; the source is read without credentials; both are told who pays."""
    for name, value in (("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_REGION", "us-east-1")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", http_server.url(""))
    for path in ("/theirs", "/theirs/x", "/ours", "/ours/x"):
        http_server.add(path, b"<Tagging><TagSet/></Tagging>")
    request = TransferRequest(
        source="s3://theirs/x", destination="s3://ours/x", requester_pays=True, no_sign_request=True
    )
    assert is_special(new_job(request, "job", FakeClock()))
    secrets = Secrets(sse_key=_text(b"1"), src_sse_key=_text(b"2"))
    job = seal(new_job(request, "job", FakeClock()), secrets, MemoryVault())
    make = JobPorts(World().ports, CurlSettings(ca_file=""), MemoryVault(), S3Access(S3Settings()))
    ports = make(job)
    ports.source.probe(SourceUrl("s3", "s3://theirs/x"))
    ports.store.head(S3Url("ours", "x"))
    for path, key, signed in (("/theirs/x", b"2", False), ("/ours/x", b"1", True)):
        headers = http_server.requests_for(path, "HEAD")[0].headers
        assert headers["x-amz-server-side-encryption-customer-key"] == _text(key)
        assert headers["x-amz-request-payer"] == "requester"
        assert ("authorization" in headers) == signed


class CountingVault(MemoryVault):
    def __init__(self) -> None:
        super().__init__()
        self.opens = 0

    def open(self, sealed: str, binding: Mapping[str, str]) -> bytes:
        self.opens += 1
        return super().open(sealed, binding)


def test_what_was_decrypted_does_not_outlive_the_invocation(
    monkeypatch: pytest.MonkeyPatch, http_server: FaultyHttp
) -> None:
    """Two invocations in one process: each asks the vault, and no key is left in memory after either."""
    for name, value in (("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_REGION", "us-east-1")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", http_server.url(""))
    made, vault = World(), CountingVault()
    make = JobPorts(made.ports, CurlSettings(ca_file=""), vault, S3Access(S3Settings()))
    here = lambda_world(made.ports, io.StringIO())
    monkeypatch.setattr(worker, "load_runtime", lambda: LambdaWorld(here.ports, here.logger, "work", make))
    request = TransferRequest(source="s3://theirs/x", destination="s3://ours/x")
    made.jobs.add(seal(new_job(request, "job", made.clock), Secrets(sse_key=_text(b"1")), vault))
    gc.collect()
    before = sum(isinstance(found, SseKey | Opened) for found in gc.get_objects())
    for count in (1, 2):
        with suppress(BadDestination):  # the server has no bucket
            of_worker("prepare", job="job", execution="arn:job")
        gc.collect()
        assert vault.opens == count
        assert sum(isinstance(found, SseKey | Opened) for found in gc.get_objects()) == before


def test_a_key_that_is_none_is_exit_code_10() -> None:
    request = TransferRequest(source="s3://theirs/x", destination="s3://ours/x")
    job = seal(new_job(request, "job", FakeClock()), Secrets(sse_key="AAAA"), MemoryVault())
    with pytest.raises(BadEncryptionKey):
        JobPorts(World().ports, CurlSettings(ca_file=""), MemoryVault(), S3Access(S3Settings()))(job)


def _text(letter: bytes) -> str:
    return base64.b64encode(letter * 32).decode()
