"""The in-process driver: uploads from this machine, whoever asked for them."""

from __future__ import annotations

import os
from collections.abc import Iterable

import msgspec

from s3am_cloud.adapters.files.pipes import reads_once
from s3am_cloud.adapters.machine import is_in_aws
from s3am_cloud.amounts import size_text
from s3am_cloud.command_lines import command_line
from s3am_cloud.costs.quote import with_upload_cost
from s3am_cloud.errors import (
    AccessDenied,
    CompletionConflict,
    NotAsExpected,
    ObjectExists,
    ObjectReplaced,
    SpoiledByStore,
    TransferError,
    UploadGone,
)
from s3am_cloud.limits import DEFAULT_SLOTS
from s3am_cloud.model import Job, Receipt, TransferRequest
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.destination import needs_listing
from s3am_cloud.transfer.owners import is_at_work, owner_text
from s3am_cloud.transfer.pipeline import finish, new_job, overtaken, prepare
from s3am_cloud.transfer.steps.abort import abort
from s3am_cloud_client.inprocess.checks import ConcurrentCheck, checked_afterwards, concurrent_check
from s3am_cloud_client.inprocess.discarding import forget
from s3am_cloud_client.inprocess.part_journal import record_sent
from s3am_cloud_client.inprocess.parts_run import PartsRun
from s3am_cloud_client.inprocess.reading_once import reading_once
from s3am_cloud_client.inprocess.runners import this_process
from s3am_cloud_client.observer import Observer
from s3am_cloud_client.remote.job_ids import new_id

# After these there is no unfinished upload.
_COMPLETED_OR_GONE = (UploadGone, ObjectReplaced)


def run_upload(request: TransferRequest, ports: Ports, observer: Observer) -> Receipt:
    """Copies the source into S3. If that fails midway, a note says what is left, and how to continue.

    Of a source that can be read only once nothing is left, as nothing could continue it.
    """
    if reads_once(request.source_url):
        with reading_once(request, observer):
            return _run(request, ports, observer)
    return _run(request, ports, observer)


def _run(request: TransferRequest, ports: Ports, observer: Observer) -> Receipt:
    earlier = _earlier(request, ports, observer)
    job = msgspec.structs.replace(new_job(request, new_id(ports.clock), ports.clock), runner=this_process(ports.clock))
    job = prepare(job, ports, DEFAULT_SLOTS, may_stream=True)
    _replace(earlier, job, ports)
    for file in job.info.unread_digest_files if job.info else ():
        observer.note(f"{file} was found, but has no digest of the source in a known format: nothing is compared")
    with concurrent_check(job, ports) as source:
        try:
            receipt = _moved_or_overtaken(job, source, ports, observer)
        except (NotAsExpected, SpoiledByStore) as error:
            _discard(job, error, ports, observer)
            raise
        except BaseException as error:  # whatever ends the run, what it leaves costs storage
            if job.info is None or not job.info.once or not _is_discarded(job, error, ports, observer):
                _tell_what_is_left(job, error, observer)
            if job.upload is None or isinstance(error, _COMPLETED_OR_GONE):
                forget(job, ports)
            raise
        forget(job, ports)
        try:
            receipt = checked_afterwards(job, receipt, source, ports, observer)
        except BaseException as error:
            _tell_what_is_not_compared(job, error, observer)
            raise
    receipt = with_upload_cost(receipt, job, ports.at_aws(), is_in_aws(os.environ))
    _keep_report(job, receipt, ports, observer)
    if receipt.not_copied and not (job.info and job.info.tags_hidden):  # of those the user knows since the beginning
        observer.note(f"The tags of {job.source.display} were not copied: that takes the right s3:PutObjectTagging")
    return receipt


def _moved_or_overtaken(job: Job, source: ConcurrentCheck | None, ports: Ports, observer: Observer) -> Receipt:
    """The receipt of the object, whether this transfer makes it or another one makes the same meanwhile."""
    run = PartsRun(job, ports, observer)
    try:
        job, moved = run.all_parts(source)
    except (UploadGone, ObjectExists) as error:
        observer.detail(f"{error.message}; checking whether another transfer has made the same object")
        with observer.checking("comparing", (job.info.size if job.info else None) or 0) as meter:
            return overtaken(job, run.known, error, ports, meter)
    except BaseException:  # whatever ends the run, somebody may continue it
        record_sent(job, run.known, ports.jobs, observer.detail)
        raise
    return finish(job, moved, ports)


def _keep_report(job: Job, receipt: Receipt, ports: Ports, observer: Observer) -> None:
    """Keeps the receipt of a large object under the id in its metadata. If that fails, the transfer has not failed."""
    if job.upload is None or receipt.state != "succeeded":
        return
    try:
        ports.jobs.write_report(job.resumes or job.id, receipt)
    except TransferError as error:
        observer.note(f"the receipt could not be kept: {error.message}")


def _earlier(request: TransferRequest, ports: Ports, observer: Observer) -> list[Job]:
    """The records of the unfinished uploads that this run is to continue, or to discard: of whoever is at work there
    the user hears."""
    if not (request.resume or request.force):
        return []
    where = request.target
    records = (ports.jobs.find(where, upload_id) for upload_id in ports.store.unfinished(where, needs_listing(request)))
    found = [job for job in records if job is not None]
    for job in found:
        if is_at_work(job, ports):
            does = "--force discards its upload" if request.force else "both fill the same upload"
            observer.note(f"{owner_text(job, ports)} is at work at {where}: {does}")
    return found


def _replace(earlier: Iterable[Job], job: Job, ports: Ports) -> None:
    """Removes the records of earlier runs, now that this run's own says all that they said."""
    if job.state == "skipped":
        return  # what was unfinished still is
    for old in earlier:
        if old.upload == job.upload:
            ports.jobs.forget(old)
            ports.jobs.save(job)
        else:
            forget(old, ports)


def _drop(job: Job, ports: Ports) -> None:
    """Removes what has been moved of content that nobody wants."""
    if job.upload is not None:
        abort(job.upload, ports.store)
    forget(job, ports)


def _discard(job: Job, error: TransferError, ports: Ports, observer: Observer) -> None:
    """The same when `error` ends the transfer, which is what the user has to hear of, whatever else is denied."""
    try:
        _drop(job, ports)
    except AccessDenied as denied:
        observer.detail(denied.message)
        _tell_what_is_left(job, error, observer)


def _is_discarded(job: Job, error: BaseException, ports: Ports, observer: Observer) -> bool:
    """Discards what nobody could continue; False where it stays."""
    if isinstance(error, _COMPLETED_OR_GONE):
        return True
    try:
        _drop(job, ports)
    except (TransferError, KeyboardInterrupt) as failed:
        observer.detail(f"the unfinished upload could not be discarded: {failed}")
        return False
    return True


def _tell_what_is_left(job: Job, error: BaseException, observer: Observer) -> None:
    if job.upload is None or job.plan is None or isinstance(error, _COMPLETED_OR_GONE):
        return
    where = job.target
    if job.info is not None and job.info.once:
        discard = command_line("cancel", str(where))
        observer.advise(f"discard the upload with {discard}, and run the command again")
        observer.note(
            f"An unfinished upload of {where} is left in S3, where it costs storage: discard it with {discard}"
        )
        return
    # Where the object exists, --resume alone would be refused as this run was.
    how = "--resume --exists overwrite" if isinstance(error, ObjectExists) else "--resume"
    discard = f"discard it with {command_line('cancel', str(where))}"
    todo = discard if isinstance(error, CompletionConflict) else f"continue with {how}, or {discard}"
    observer.advise(todo.replace("discard it", "discard the upload"))
    # The plan of a stream that does not say its size has the most that its parts can hold.
    size = f" ({size_text(job.info.size)})" if job.info is not None and job.info.size is not None else ""
    observer.note(f"An unfinished upload of {where}{size} is left in S3, where it costs storage: {todo}")


def _tell_what_is_not_compared(job: Job, error: BaseException, observer: Observer) -> None:
    if not isinstance(error, NotAsExpected):
        observer.note(
            f"{job.target} is complete in S3, but was not yet compared with the expected checksum: "
            f"{command_line('verify', str(job.target))} reads it"
        )
