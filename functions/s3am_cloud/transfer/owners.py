"""Whose an unfinished upload is, and whether that transfer is still at work: nobody is advised to end what runs.

A record names the job in the cloud, or the process on somebody's machine. Without a record the upload is another
tool's or another machine's, and only its age is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from s3am_cloud.amounts import age_text
from s3am_cloud.command_lines import follow_or_stop
from s3am_cloud.errors import DestinationBusy, SeveralUploads, TransferError, UploadExists
from s3am_cloud.limits import BEAT_SECONDS, STRANGER_HOURS
from s3am_cloud.model import Job, Runner
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.urls import S3Url

_SILENT = timedelta(seconds=5 * BEAT_SECONDS)
_ENDED = "continue it with --resume, or discard it with --force"
_CAREFUL = "if no other transfer is at work there, continue it with --resume"


def refusal(target: S3Url, existing: Sequence[str], ports: Ports) -> TransferError:
    """Why a transfer can't begin beside these unfinished uploads of its destination, and whose they are."""
    count = f"{len(existing)} unfinished uploads" if len(existing) > 1 else "an unfinished upload"
    records = [ports.jobs.find(target, upload_id) for upload_id in existing]
    busy = next((job for job in records if job is not None and is_at_work(job, ports)), None)
    if busy is not None:
        kind = SeveralUploads if len(existing) > 1 else DestinationBusy
        return kind(f"{target} has {count}; {owner_text(busy, ports)} is at work there", _wait_hint(busy))
    if len(existing) > 1:
        age = _youngest(target, ports)
        old = age is not None and age > timedelta(hours=STRANGER_HOURS)
        hint = "discard them all with --force, or with s3am-cloud cancel" if old or all(records) else None
        return SeveralUploads(f"{target} has {count}{_begun(age).rstrip(',')}", hint)
    return _single(target, records[0], ports)


def is_at_work(job: Job, ports: Ports) -> bool:
    """Whether whoever filled the job's upload last is still at work, or may be."""
    known = ports.is_running(job)
    if known is not None:
        return known
    if job.execution is not None:
        return ports.jobs.report(job.id) is None
    return job.runner is not None and _since(job.runner.seen, ports) < _SILENT


def owner_text(job: Job, ports: Ports) -> str:
    """The job, or the process with the age of its record."""
    if job.runner is None or job.execution is not None:
        return f"job {job.id}"
    return f"{_process(job.runner)} (started {_ago(job.created, ports)}, last active {_ago(job.runner.seen, ports)})"


def _single(target: S3Url, job: Job | None, ports: Ports) -> UploadExists:
    if job is not None:
        ended = job.execution is not None or job.runner is not None
        return UploadExists(
            f"{target} has an unfinished upload of {owner_text(job, ports)}" + (", which has ended" if ended else ""),
            _ENDED if ended else _CAREFUL,
        )
    age = _youngest(target, ports)
    old = age is not None and age > timedelta(hours=STRANGER_HOURS)
    said = f"{target} has an unfinished upload{_begun(age)} of which there is no record here: "
    return UploadExists(f"{said}it is another tool's or another machine's", _ENDED if old else _CAREFUL)


def _youngest(target: S3Url, ports: Ports) -> timedelta | None:
    """The age of the upload that was begun last, None where the store does not say."""
    found = [one.initiated for one in ports.store.unfinished_below(target) if one.target == target and one.initiated]
    return _since(max(found), ports) if found else None


def _begun(age: timedelta | None) -> str:
    return "" if age is None else f", begun {age_text(age)} ago,"


def _wait_hint(job: Job) -> str:
    if job.execution is not None:
        return follow_or_stop(job.id)
    return "wait until it has ended; if it did not finish, continue with --resume"


def _process(runner: Runner) -> str:
    return f"process {runner.pid} on {runner.host}"


def _ago(moment: str, ports: Ports) -> str:
    return f"{age_text(_since(moment, ports))} ago"


def _since(moment: str, ports: Ports) -> timedelta:
    return ports.clock.now() - datetime.fromisoformat(moment)
