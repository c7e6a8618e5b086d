"""The in-process driver: the pipeline on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.curl.reading.factory import CurlReaders
from s3am_cloud.adapters.curl.transport.easy import CurlSettings
from s3am_cloud.adapters.files.partial_file import PartialFile
from s3am_cloud.adapters.records.jobs import Folder, Jobs
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.store import S3Store
from s3am_cloud.adapters.sources import AnySource
from s3am_cloud.command_lines import command_line
from s3am_cloud.concurrency import Tell, first_connections, silent
from s3am_cloud.errors import (
    NotAsExpected,
    ObjectExists,
    ObjectReplaced,
    PartialDownloadExists,
    SourceChanged,
    SpoiledByStore,
    TransferError,
    UploadGone,
)
from s3am_cloud.jobs.part_records import compared, known, recorded
from s3am_cloud.limits import DEFAULT_SLOTS, HOST_CONNECTIONS, MOST_CONNECTIONS
from s3am_cloud.model import Job, MovedPart, Part, Plan, Receipt, TransferRequest, Upload, UploadedPart
from s3am_cloud.ports.records import JobStore
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.download import DownloadRequest, download
from s3am_cloud.transfer.owners import is_at_work, owner_text
from s3am_cloud.transfer.pipeline import finish, move, move_stream, new_job, overtaken, prepare, proven
from s3am_cloud.transfer.remaining import missing
from s3am_cloud.transfer.steps.abort import abort
from s3am_cloud.urls import S3Url
from s3am_cloud_client.inprocess.checks import ConcurrentCheck, beside, hold, watched
from s3am_cloud_client.inprocess.part_journal import PartNotes, record_sent
from s3am_cloud_client.inprocess.patience import USUAL_PATIENCE, Patience
from s3am_cloud_client.inprocess.runners import Heartbeat, running, this_process
from s3am_cloud_client.inprocess.stopping import interruptible
from s3am_cloud_client.inprocess.workers import ProcessMovers
from s3am_cloud_client.observer import Observer, size_text
from s3am_cloud_client.remote.job_ids import new_id
from s3am_cloud_client.state_home import state_home

# After these there is no unfinished upload.
_COMPLETED_OR_GONE = (UploadGone, ObjectReplaced)


def local_ports(
    access: S3Access,
    source_access: S3Access | None = None,
    patience: Patience = USUAL_PATIENCE,
    netrc: bool = False,
    jobs: JobStore | None = None,
    tags: bool = True,
    tell: Tell = silent,
    note: Tell = silent,
) -> Ports:
    """The world as this machine sees it; job records are in the user's state folder, or where `jobs` keeps them.

    `source_access` is for source objects that are read by other settings or with another key. Without `tags`, theirs
    are not asked for. `tell` hears how the number of connections grows, `note` what a store refuses.
    """
    clock, source_access, curl = SystemClock(), source_access or access, curl_settings(access, patience, netrc)
    store = S3Store(access, clock, note)
    return Ports(
        source=AnySource(curl, S3Store(source_access, clock, note), clock, tags),
        store=store,
        movers=ProcessMovers(curl, access, clock, source_access, tell),
        readers=CurlReaders(curl, source_access, clock, interruptible),
        target_readers=CurlReaders(curl, access, clock, interruptible),
        jobs=jobs or Jobs(Folder(state_home()), with_sources=False),
        clock=clock,
        is_running=lambda job: running(job, access),
    )


def curl_settings(access: S3Access, patience: Patience = USUAL_PATIENCE, netrc: bool = False) -> CurlSettings:
    known_hosts = os.environ.get("S3AM_CLOUD_SSH_KNOWN_HOSTS")
    return CurlSettings(
        ca_file=access.ca_file,
        stall_seconds=patience.stall_timeout,
        least_rate=patience.least_rate,
        netrc=netrc,
        known_hosts=known_hosts,
    )


def run_upload(request: TransferRequest, ports: Ports, observer: Observer) -> Receipt:
    """Moves the source into S3. Where that fails midway, the user is told what is left and how to go on."""
    earlier = _earlier(request, ports, observer)
    job = msgspec.structs.replace(new_job(request, new_id(ports.clock), ports.clock), runner=this_process(ports.clock))
    job = prepare(job, ports, DEFAULT_SLOTS, may_stream=True)
    _replace(earlier, job, ports)
    for file in job.info.unread_digest_files if job.info else ():
        observer.note(f"{file} was found, but has no digest of the source in a known format: nothing is compared")
    with beside(job, ports) as source:
        try:
            receipt = _moved_or_overtaken(job, source, ports, observer)
        except (NotAsExpected, SpoiledByStore):
            _drop(job, ports)
            raise
        except BaseException as error:  # whatever ends the run, what it leaves costs storage
            _tell_what_is_left(job, error, observer)
            if job.upload is None or isinstance(error, _COMPLETED_OR_GONE):
                forget(job, ports)
            raise
        forget(job, ports)
        try:
            receipt = hold(job, receipt, source, ports, observer)
        except BaseException as error:
            _tell_what_is_not_compared(job, error, observer)
            raise
    _keep_report(job, receipt, ports, observer)
    return receipt


def _moved_or_overtaken(job: Job, source: ConcurrentCheck | None, ports: Ports, observer: Observer) -> Receipt:
    """The receipt of the object, whether this transfer makes it or another one makes the same meanwhile."""
    seen: list[MovedPart] = []
    try:
        job, moved = _move_all(job, source, seen, ports, observer)
    except (UploadGone, ObjectExists) as error:
        observer.detail(f"{error.message}; checking whether another transfer has made the same object")
        with observer.progress("comparing", (job.info.size if job.info else None) or 0) as meter:
            return overtaken(job, seen, error, ports, meter)
    except BaseException:  # whatever ends the run, somebody may continue it
        record_sent(job, seen, ports.jobs, observer.detail)
        raise
    return finish(job, moved, ports)


def _keep_report(job: Job, receipt: Receipt, ports: Ports, observer: Observer) -> None:
    """Keeps the receipt of what is large under the id that the object's metadata tell; the object is there anyway."""
    if job.upload is None or receipt.state != "succeeded":
        return
    try:
        ports.jobs.write_report(job.resumes or job.id, receipt)
    except TransferError as error:
        observer.note(f"the receipt could not be kept: {error.message}")


def run_download(request: DownloadRequest, path: Path, ports: Ports, observer: Observer) -> Receipt:
    """Copies the object into a file. An interrupted download stays beside it under another name."""
    partial = PartialFile(path, observer.note)
    observer.resume_hint = "continue with --download-exists resume, or discard what was downloaded with discard"
    with observer.progress(path.name, 0) as meter:
        try:
            return download(request, partial, ports, meter, lambda plan: meter.expect(plan.size))
        except SourceChanged as error:
            _note_partial(partial, observer)
            raise SourceChanged(error.message, "download it again with --download-exists discard") from error
        except PartialDownloadExists:
            raise  # its hint says what to do; where another download is at work that is to wait
        except BaseException:  # whatever ends the run, what it leaves takes room
            _note_partial(partial, observer)
            raise


def _note_partial(partial: PartialFile, observer: Observer) -> None:
    """Says what an unfinished download has left on the disk, if it has."""
    if partial.left:
        observer.note(
            f"An unfinished download is left in {partial.path}: continue with --download-exists resume, or discard "
            "it with --download-exists discard"
        )


def cancel_uploads(target: S3Url, prefix: bool, ports: Ports) -> int:
    """Aborts the unfinished uploads of an object, or of all whose keys begin so, and returns how many there were."""
    found = list(ports.store.unfinished_below(target))
    wanted = [upload for upload in found if prefix or upload.target == target]
    for upload in wanted:
        abort(upload, ports.store)
        job = ports.jobs.find(upload.target, upload.upload_id)
        if job is not None:
            forget(job, ports)
    return len(wanted)


def forget(job: Job, ports: Ports) -> None:
    """Removes what is kept here of a transfer: its upload is completed or aborted."""
    ports.jobs.forget(job)
    if job.upload is not None:
        _notes(job.upload).forget()


def _earlier(request: TransferRequest, ports: Ports, observer: Observer) -> list[Job]:
    """The records of the unfinished uploads that this run is to continue, or to discard: of whoever is at work there
    the user hears."""
    if not (request.resume or request.force):
        return []
    where = request.target
    records = (ports.jobs.find(where, upload_id) for upload_id in ports.store.unfinished(where))
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


def _move_all(
    job: Job, source: ConcurrentCheck | None, seen: list[MovedPart], ports: Ports, observer: Observer
) -> tuple[Job, list[MovedPart]]:
    """The job, with its size where that was not known before, and its parts, all of which are in the store. `seen`
    gets the parts whose checksum is known, also where this ends midway."""
    if job.plan is None or job.state == "skipped":
        return job, []
    if job.state == "stream" and job.upload is not None:
        return _stream(job, job.upload, ports, observer)
    noted, parts = _left(job, job.plan, seen, ports, observer)
    slots, first = most_connections(job.request), first_connections(job.request.slots, len(parts))
    observer.detail(
        f"{len(parts)} of {job.plan.count} parts of {size_text(job.plan.part_size)} to move, "
        f"over {'' if first is None else 'up to '}{min(slots, len(parts))} connections"
    )
    with observer.progress(job.target.key.rsplit("/", 1)[-1], job.plan.size) as meter:
        meter(job.plan.size - sum(part.length for part in parts))
        moving = move(job, parts, slots, ports, meter, Heartbeat(job, ports, observer), first)
        moving = _notes(job.upload, observer.detail).keep(moving) if job.upload else moving
        moved = []
        for part in meter.counting(watched(moving, job, source), job.plan.count, job.plan.count - len(parts)):
            moved.append(part)
            seen.append(part)
    return job, [*noted, *moved]


def most_connections(request: TransferRequest) -> int:
    """The connections that the user asked for, else the most that are tried."""
    if request.slots is not None:
        return max(1, request.slots)
    bears = HOST_CONNECTIONS.get(request.source_url.scheme, MOST_CONNECTIONS)
    return max(DEFAULT_SLOTS, min(bears, MOST_CONNECTIONS))


def _stream(job: Job, upload: Upload, ports: Ports, observer: Observer) -> tuple[Job, list[MovedPart]]:
    """Moves a source that has to be read in sequence. An earlier run's parts are compared on the way."""
    there, notes = _listed(upload, ports), _notes(upload, observer.detail)
    with observer.progress(job.target.key.rsplit("/", 1)[-1], (job.info.size if job.info else None) or 0) as meter:
        beat = Heartbeat(job, ports, observer)
        return move_stream(job, there, ports, meter, lambda moving: _beating(notes.keep(moving), beat))


def _beating(moving: Iterator[MovedPart], beat: Heartbeat) -> Iterator[MovedPart]:
    for part in moving:
        beat()
        yield part


def _left(
    job: Job, plan: Plan, seen: list[MovedPart], ports: Ports, observer: Observer
) -> tuple[list[MovedPart], list[Part]]:
    """The parts that are relied on, to be compared again before the object is made, as others may fill the upload too;
    and the parts to move: those without a checksum anew."""
    # In an upload that this run has opened, or found empty, every part that is there by now is somebody else's.
    if job.upload is None or (job.trusted and job.resumes is None):
        return [], list(plan.parts())
    there = _listed(job.upload, ports)
    relied = _recorded(job, job.upload, there, ports) if job.trusted else []
    numbers = {part.number for part in relied}
    unknown = [part for part in there if part.number not in numbers]
    if unknown:
        relied += map(compared, _proven(job, unknown, ports, observer))
    seen += relied
    return relied, missing(plan, relied)


def _recorded(job: Job, upload: Upload, there: list[UploadedPart], ports: Ports) -> list[MovedPart]:
    """The listed parts that this machine, or a job of the stack, is known to have sent."""
    noted = _notes(upload).of(there)
    if len(noted) == len(there) or job.records_of is None:
        return noted
    return known(there, [*noted, *recorded(job.records_of, ports.jobs)])


def _listed(upload: Upload, ports: Ports) -> list[UploadedPart]:
    """The parts that the store lists, with the checksums that are noted here where it keeps them to itself."""
    there = list(ports.store.parts(upload))
    known = {part.number: part.crc for part in _notes(upload).of(there)}
    return [UploadedPart(part.number, part.length, part.etag, known.get(part.number, part.crc)) for part in there]


def _proven(job: Job, there: list[UploadedPart], ports: Ports, observer: Observer) -> list[UploadedPart]:
    """The parts that are the source's. No record here shows what they were made of, so the source is read for it."""
    observer.note(_why_proven(job, there))
    with observer.progress("comparing", sum(part.length for part in there)) as meter:
        found = proven(job, there, ports, meter)
    observer.note(f"{len(found)} of {len(there)} parts match the source; the others are transferred again")
    return found


def _why_proven(job: Job, there: list[UploadedPart]) -> str:
    if job.resumes is None:
        why = f"No record is here of the unfinished upload of {job.target}"
    elif job.trusted:
        why = f"No record shows who sent some parts of the unfinished upload of {job.target}"
    else:
        shown = job.source.display
        why = f"Nothing shows that {shown} is still the file that the unfinished upload of {job.target} was begun with"
    size = size_text(sum(part.length for part in there))
    return f"{why}: its {len(there)} parts ({size}) are compared with the source before they are used"


def _notes(upload: Upload, tell: Tell = silent) -> PartNotes:
    home = state_home()
    return PartNotes(None if home is None else home / "parts", upload.upload_id, tell)


def _tell_what_is_left(job: Job, error: BaseException, observer: Observer) -> None:
    if job.upload is None or job.plan is None or isinstance(error, _COMPLETED_OR_GONE):
        return
    where = job.target
    # Where the object exists, --resume alone would be refused as this run was.
    how = "--resume --exists overwrite" if isinstance(error, ObjectExists) else "--resume"
    discard = command_line("cancel", str(where))
    observer.resume_hint = f"continue with {how}, or discard the upload with {discard}"
    # The plan of a stream that does not say its size has the most that its parts can hold.
    size = f" ({size_text(job.info.size)})" if job.info is not None and job.info.size is not None else ""
    observer.note(
        f"An unfinished upload of {where}{size} is left in S3, where it costs storage: "
        f"continue with {how}, or discard it with {discard}"
    )


def _tell_what_is_not_compared(job: Job, error: BaseException, observer: Observer) -> None:
    if not isinstance(error, NotAsExpected):
        observer.note(
            f"{job.target} is complete in S3, but was not yet compared with the expected checksum: "
            f"{command_line('verify', str(job.target))} reads it"
        )
