"""One invocation of the worker from the built asset, cold, as Lambda would run it: prints what it took.

../.venv/bin/python -m benchmarks.lambda_cold 1024 [--tls]      in tests/; MiB from loopback to loopback

The first byte is when the first GET at the source begins: what the worker has to do before it can move is behind it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.authority import make_trusted
from benchmarks.rows import make_file
from benchmarks.serving import server
from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.limits import DEFAULT_PART, WORKER_SLOTS
from s3am_cloud.model import Attributes, Job, Plan, SourceInfo, TransferRequest, Unit
from s3am_cloud.urls import S3Url
from s3am_cloud_infra.asset import Target, build_asset, default_cache

_MIB = 1 << 20
_MB = 10**6
_GIB = 1 << 30

# What Lambda does with a function, and no more: no site-packages, nothing on the path but the asset.
_RUN = """
import json, resource, sys, time
began = time.perf_counter()
sys.path.insert(0, sys.argv[1])
from s3am_cloud.handlers import worker
imported = time.perf_counter()
import s3am_cloud.adapters.curl.source.get as get
first, go_on = [], get.RangeGet._go_on
def noting(self):
    first.append(time.perf_counter())
    go_on(self)
get.RangeGet._go_on = noting
class Context:
    function_name, memory_limit_in_mb, aws_request_id = "worker", "512", "request"
    def get_remaining_time_in_millis(self):
        return 800_000
begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
answer = worker.handler(json.loads(sys.argv[2]), Context())
end, after = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "import": imported - began, "first byte": first[0] - began, "moving": end - first[0], "done": answer["done"],
    "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, "memory": after.ru_maxrss * 1024,
}))
"""


def main(mib: int, tls: bool, rounds: int = 5) -> None:
    asset = built = build_asset(Target.here(), default_cache())
    with tempfile.TemporaryDirectory(dir="/dev/shm") as scratch:
        served = Path(scratch) / "served"
        make_file(served / "source" / "large", mib * _MIB)
        trusted = make_trusted(Path(scratch)) if tls else None
        with server(Path(scratch), trusted.server if trusted else None) as port:
            environment = _environment(f"{'https' if tls else 'http'}://127.0.0.1:{port}")
            if trusted:
                asset = _trusting(asset, Path(scratch) / "asset", trusted.authority)
                environment |= {"AWS_CA_BUNDLE": str(trusted.authority), "SSL_CERT_FILE": str(trusted.authority)}
            os.environ |= environment
            runs = [_run(asset, served, f"job{turn}", mib * _MIB, environment) for turn in range(rounds)]
    for run in runs:
        print(
            f"import {run['import'] * 1000:.0f} ms, first byte after {run['first byte'] * 1000:.0f} ms, "
            f"{mib * _MIB / run['moving'] / _MB:.0f} MB/s, {run['cpu'] * _GIB / (mib * _MIB):.2f} s CPU per GiB, "
            f"{run['memory'] / _MB:.0f} MB resident"
        )
    print(f"asset {sum(path.stat().st_size for path in built.rglob('*') if path.is_file()) / _MB:.0f} MB unzipped")


def _trusting(asset: Path, copy: Path, authority: Path) -> Path:
    """A copy of the asset whose own list of authorities has one more."""
    shutil.copytree(asset, copy)
    with (copy / "botocore" / "cacert.pem").open("ab") as file:
        file.write(authority.read_bytes())
    return copy


def _run(asset: Path, served: Path, job_id: str, size: int, environment: dict[str, str]) -> dict[str, Any]:
    clock, target = SystemClock(), S3Url("target", job_id)
    request = TransferRequest(source=f"{environment['AWS_ENDPOINT_URL']}/source/large", destination=str(target))
    plan = Plan(size=size, part_size=DEFAULT_PART, slots=WORKER_SLOTS)
    with closing(_head(request.source)) as answer:
        etag = answer.headers["ETag"]
    job = Job(
        id=job_id,
        created=clock.now().isoformat(),
        request=request,
        info=SourceInfo(size=size, ranges=True, etag=etag),
        plan=plan,
        upload=S3Store(S3Access(S3Settings()), clock).create(target, Attributes()),
        state="transfer",
    )
    record = served / "work" / "jobs" / job_id / "job.json"
    record.parent.mkdir(parents=True)
    record.write_bytes(msgspec.json.encode(job))
    event = json.dumps({"job": job_id, "unit": msgspec.to_builtins(Unit(0, 1, plan.count))})
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", _RUN, str(asset), event],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if not found["done"]:
        raise RuntimeError("the unit was not moved")
    return found


def _head(url: str) -> Any:
    return urllib.request.urlopen(urllib.request.Request(url, method="HEAD"))


def _environment(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint,
        "no_proxy": "127.0.0.1",
        "S3AM_CLOUD_ALLOW_PRIVATE_SOURCES": "1",
        "S3AM_CLOUD_KEY_ARN": "key",
        "S3AM_CLOUD_WORK_BUCKET": "work",
    }


if __name__ == "__main__":
    main(int(sys.argv[1]), "--tls" in sys.argv)
