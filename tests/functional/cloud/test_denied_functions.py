"""The stack's functions under exactly the rights of their roles, before an AWS that denies all others.

They run in this process, with the environment that the stack gave them, and nothing lets them through but their own
role. Every right that a role has is used by one of the jobs here, but for those that none can show.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from functional.cloud.denying import GrantedOnly
from functional.cloud.job_client import CONTENT, HANDLERS, PART, JobClient, Json, granted_to, stack_of
from functional.cloud.permissions import Grant
from functional.cloud.test_operations import is_unseen
from s3am_cloud import names
from s3am_cloud.errors import NotAsExpected, TransferError
from s3am_cloud.handlers import control, janitor, worker
from s3am_cloud.handlers.runtime import Runtime, load_runtime, state_machine
from s3am_cloud_cli import local_cloud as embedded
from s3am_cloud_cli.local_cloud import LocalCloud, aws
from servers.faults import Status
from servers.faulty_http import FaultyHttp
from servers.proxy import FaultyProxy
from support.fork_server import ForkServer
from unit.lambda_fakes import context

NAMED = "s3am-cloud/denied"
PAST = datetime(2020, 1, 1, tzinfo=UTC)
_MODULES: dict[str, Any] = {"control": control, "worker": worker, "janitor": janitor}


class Functions:
    """The functions of the stack, each behind a gate that knows its role."""

    def __init__(self, job_client: JobClient, proxy: FaultyProxy, patch: pytest.MonkeyPatch) -> None:
        self._client, self._proxy, self._patch = job_client, proxy, patch
        outputs, stack = job_client.outputs(), stack_of(job_client)
        self.runtimes: dict[str, Runtime] = {}
        self._names = {module: outputs[f"{module.capitalize()}Name"] for module in HANDLERS}
        self.gates = {
            module: GrantedOnly(granted_to(module, name, job_client), stack) for module, name in self._names.items()
        }

    def call(self, module: str, event: Json) -> Any:
        """An invocation of the function, which keeps what it has from one to the next."""
        if module not in self.runtimes:
            self.runtimes[module] = self._begun(module)
        runtime = self.runtimes[module]
        self._patch.setattr(_MODULES[module], "load_runtime", lambda: runtime)
        self._proxy.admit(self.gates[module])
        return _MODULES[module].handler(event, context(name=module))

    def _begun(self, module: str) -> Runtime:
        """In the environment that the stack gave it."""
        found = aws.client("lambda", self._client.cloud).get_function_configuration(FunctionName=self._names[module])
        variables = {**found["Environment"]["Variables"], **embedded.environment(self._client.cloud)}
        variables |= {"AWS_ENDPOINT_URL": self._proxy.endpoint_url, names.PRIVATE_SOURCES_VARIABLE: "1"}
        for name, value in variables.items():
            self._patch.setenv(name, value)
        self._patch.setattr(boto3, "DEFAULT_SESSION", None)
        load_runtime.cache_clear()
        state_machine.cache_clear()
        return load_runtime()

    def execution(self, job: str) -> str:
        return f"{self._client.cloud.state_machine_arn.replace(':stateMachine:', ':execution:')}:{job}"

    def job(self, name: str, source: str, target: str, **options: object) -> None:
        """What the state machine does for a request."""
        arn = self.execution(name)
        request = {"source": source, "destination": target, **options}
        accepted = self.call("control", {"action": "accept", "request": request, "event": None, "execution": arn})
        prepare = {"action": "prepare", "job": accepted["job"], "execution": arn}
        prepared = self.call("control", prepare)
        who = "worker" if prepared["sealed"] else "control"
        if who == "worker":
            prepared = self.call("worker", prepare)
        if prepared["transfer"]:
            self._units(prepared)
            self.call(who, {"action": "complete", "job": accepted["job"]})
        self.call("control", {"action": "report", "job": accepted["job"]})

    def _units(self, prepared: Json) -> None:
        found = self._client.s3.get_object(Bucket=prepared["bucket"], Key=prepared["units_key"])
        for line in found["Body"].read().splitlines():
            assert self.call("worker", {"job": prepared["job"], "unit": json.loads(line)})["done"]

    def unused(self, module: str) -> list[Grant]:
        gate = self.gates[module]
        return [one for one in gate.granted if one not in gate.used and not is_unseen(module, one)]


@pytest.fixture(scope="module")
def job_client(local_cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer) -> JobClient:
    return JobClient(local_cloud, tmp_path_factory.mktemp("client"), fork_server)


@pytest.fixture
def functions(job_client: JobClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    with FaultyProxy(job_client.cloud.endpoint_url, names_upstream=True) as proxy:
        yield Functions(job_client, proxy, monkeypatch)
    load_runtime.cache_clear()
    state_machine.cache_clear()


def test_functions_run_jobs_of_every_kind_with_the_rights_of_their_roles(
    functions: Functions, job_client: JobClient
) -> None:
    """Objects of one request and of parts, copies, versions, tags, secrets, digests that differ, what is forced."""
    data, to = bytes(CONTENT.read(0, CONTENT.size)), f"s3://{job_client.destination}"
    put = job_client.s3.put_object(Bucket=job_client.source, Key="whole", Body=data, Tagging="lab=here")
    copied = f"s3://{job_client.source}/whole"
    version = f"{copied}?versionId={put['VersionId']}"
    for key in ("begun", "begun-sealed"):
        job_client.s3.create_multipart_upload(Bucket=job_client.destination, Key=key)
    other = f"md5:{'0' * 32}"
    with FaultyHttp() as server:
        parts, small = server.add("/parts", CONTENT), server.add("/small", b"few")
        uses = {"user": "ann", "password": "pw", "cleartext": True, "sources": [server.url("/")], "destinations": [to]}
        aws.client("secretsmanager", job_client.cloud).create_secret(Name=NAMED, SecretString=json.dumps(uses))
        sealed_key = {"sse_key": base64.b64encode(bytes(range(32))).decode(), "destinations": [to]}
        aws.client("secretsmanager", job_client.cloud).create_secret(
            Name=f"{NAMED}-copy", SecretString=json.dumps({**sealed_key, "sources": [f"s3://{job_client.source}"]})
        )
        functions.job("d-parts", parts, f"{to}/parts", part_size=PART, attributes={"tags": {"a": "b"}})
        functions.job("d-small", small, f"{to}/small")
        functions.job("d-again", small, f"{to}/small", exists="skip")
        functions.job("d-copy", copied, f"{to}/copy")
        functions.job("d-copied", copied, f"{to}/copied", part_size=PART)
        functions.job("d-version", version, f"{to}/version", part_size=PART)
        functions.job("d-force", parts, f"{to}/begun", force=True, part_size=PART)
        functions.job("d-secret", parts, f"{to}/secret", part_size=PART, secret=NAMED)
        functions.job("d-sealed", parts, f"{to}/begun-sealed", part_size=PART, force=True, secret=NAMED)
        functions.job(
            "d-sealed-copy", f"{copied}?versionId={put['VersionId']}", f"{to}/sealed-copy", secret=f"{NAMED}-copy"
        )
        sealed = job_client.submit(parts, "d-submitted", "--part-size", "5MB", "--sse-key-file", "key")
        job_client.ended(sealed)
        functions.call("worker", {"action": "prepare", "job": sealed, "execution": functions.execution(sealed)})
        for bucket in (job_client.destination, job_client.keeping_destination):
            with pytest.raises(NotAsExpected):
                functions.job(f"d-other-{bucket}", small, f"s3://{bucket}/other", expect=other)
        with pytest.raises(TransferError):
            functions.job("d-missing", f"s3://{job_client.source}/none", f"{to}/missing")
    assert {module: functions.unused(module) for module in ("control", "worker")} == {"control": [], "worker": []}


def test_the_janitor_reports_and_sweeps_with_the_rights_of_its_role(
    functions: Functions, job_client: JobClient
) -> None:
    """A job of which a unit has failed, which is then over its time."""
    with FaultyHttp() as server:
        broken = server.add("/broken", CONTENT, Status(status=403, retry_after=None, skip=2))
        job = job_client.start(broken, "d-broken", part_size=PART)
        report = job_client.ended(job)
    machine = job_client.cloud.state_machine_arn
    changed = {"executionArn": functions.execution(job), "stateMachineArn": machine}
    functions.call("janitor", {"detail": changed})
    late = {**report, "expires": PAST.isoformat()}
    work = job_client.cloud.work_bucket
    job_client.s3.put_object(Bucket=work, Key=f"jobs/{job}/report.json", Body=json.dumps(late).encode())
    functions.runtimes["janitor"].ports.jobs.note_expiry(job, PAST)
    functions.call("janitor", {"action": "sweep"})
    assert functions.unused("janitor") == []
    uploads = job_client.s3.list_multipart_uploads(Bucket=job_client.destination).get("Uploads", [])
    assert "d-broken" not in {upload["Key"] for upload in uploads}
