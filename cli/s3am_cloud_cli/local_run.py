"""The in-process driver: the pipeline on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import botocore

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.curl.easy import CurlSettings
from s3am_cloud.adapters.jobs import Folder, Jobs
from s3am_cloud.adapters.partial_file import PartialFile
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.adapters.sources import AnySource
from s3am_cloud.download import DownloadRequest, download
from s3am_cloud.errors import TransferError, UploadGone
from s3am_cloud.limits import DEFAULT_SLOTS
from s3am_cloud.model import Job, Receipt, TransferRequest
from s3am_cloud.pipeline import finish, lacking, move, new_job, prepare, target
from s3am_cloud.ports import Ports
from s3am_cloud_cli.job_ids import new_id
from s3am_cloud_cli.output import Console, size_text
from s3am_cloud_cli.processes import ProcessMovers


def local_ports(settings: S3Settings) -> Ports:
    """The world as this machine sees it; job records are in the user's state folder."""
    clock, access = SystemClock(), S3Access(settings)
    curl = CurlSettings(ca_file=ca_file())
    store = S3Store(access, clock)
    return Ports(
        source=AnySource(curl, store, clock),
        store=store,
        movers=ProcessMovers(curl, access, clock),
        jobs=Jobs(Folder(state_home())),
        clock=clock,
    )


def state_home() -> Path:
    """Where records outlive a run: $S3AM_CLOUD_STATE_HOME, or s3am-cloud in the XDG state folder."""
    own = os.environ.get("S3AM_CLOUD_STATE_HOME")
    if own:
        return Path(own)
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "s3am-cloud"


def ca_file() -> str:
    """The certificates to trust: those that AWS's and other tools are told of, else botocore's own copy."""
    for name in ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"):
        path = os.environ.get(name)
        if path and Path(path).is_file():
            return path
    return str(Path(botocore.__file__).with_name("cacert.pem"))


def run_upload(request: TransferRequest, ports: Ports, console: Console) -> Receipt:
    """Moves the source into S3. Where that fails midway, the user is told what is left and how to go on."""
    job = prepare(new_job(request, new_id(ports.clock), ports.clock), ports, DEFAULT_SLOTS)
    try:
        receipt = _move_all(job, ports, console)
    except (TransferError, KeyboardInterrupt) as error:
        _tell_what_is_left(job, error, console)
        raise
    ports.jobs.forget(job)
    return receipt


def run_download(request: DownloadRequest, path: Path, ports: Ports, console: Console) -> Receipt:
    """Moves the object into a file. An interrupted download stays beside it under another name."""
    partial = PartialFile(path)
    console.resume_hint = "continue with --download-exists resume, or drop what is there with discard"
    with console.progress(path.name, 0) as meter:
        return download(request, partial, ports, meter, lambda plan: meter.expect(plan.size))


def _move_all(job: Job, ports: Ports, console: Console) -> Receipt:
    if job.plan is None or job.state == "skipped":
        return finish(job, [], ports)
    parts = list(job.plan.parts()) if job.state == "put" else lacking(job, ports)
    with console.progress(target(job).key.rsplit("/", 1)[-1], job.plan.size) as meter:
        meter(job.plan.size - sum(part.length for part in parts))
        moved = list(move(job, parts, job.plan.slots * job.plan.concurrency, ports, meter))
    return finish(job, moved, ports)


def _tell_what_is_left(job: Job, error: BaseException, console: Console) -> None:
    if job.upload is None or job.plan is None or isinstance(error, UploadGone):
        return
    where = target(job)
    console.resume_hint = f"continue with --resume, or discard the upload with s3am-cloud cancel '{where}'"
    console.note(
        f"An unfinished upload of {where} ({size_text(job.plan.size)}) is left in S3, where it costs storage: "
        f"continue with --resume, or discard it with s3am-cloud cancel '{where}'"
    )
