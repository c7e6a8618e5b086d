"""A whole transfer on one page. Every driver calls the same functions, in the same order.

    prepare    is it wanted? what is there? how is it cut?  ->  a job's record
    move       the parts of one unit, or all, that the store lacks
    finish     check, complete, ask again  ->  a receipt

Nothing here knows whether it runs in a Lambda function or on a laptop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Literal

import msgspec

from s3am_cloud.checksums.crc64nvme import ALGORITHM, encode
from s3am_cloud.checksums.expectations import expected_of
from s3am_cloud.command_lines import command_line
from s3am_cloud.costs.quote import enforce_max_cost
from s3am_cloud.errors import (
    ChecksumMismatch,
    JobFailed,
    ObjectExists,
    SourceChanged,
    TransferError,
    UploadGone,
)
from s3am_cloud.expiry import first_look
from s3am_cloud.integrity.after_commit import verify_stored
from s3am_cloud.integrity.before_commit import check_before, check_early, check_size, is_stream, needs_parts, passing
from s3am_cloud.integrity.prove import prove
from s3am_cloud.integrity.provenance import written
from s3am_cloud.integrity.stated import learn
from s3am_cloud.model import (
    Job,
    MovedPart,
    ObjectInfo,
    Part,
    PinnedSource,
    Plan,
    Receipt,
    Regions,
    SourceInfo,
    TransferRequest,
    Unit,
    Upload,
    UploadedPart,
)
from s3am_cloud.ports.pace import UNLIMITED, Pace
from s3am_cloud.ports.transfer import Clock, ObjectSink, PartSink, Ports, Progress
from s3am_cloud.same_source import source_id
from s3am_cloud.transfer.confirmation import confirmed_object, is_proven
from s3am_cloud.transfer.copied_tags import has_copied_tags, lacks_tags
from s3am_cloud.transfer.destination import is_wanted, unfinished_upload
from s3am_cloud.transfer.overtaken import Overtaken, finished_by, made_by_another, replaced, without_withdrawal, writer
from s3am_cloud.transfer.part_sizes import stream_plan
from s3am_cloud.transfer.reserved import refuse_records_bucket
from s3am_cloud.transfer.resumption import plan_for, resumed
from s3am_cloud.transfer.steps.abort import abort
from s3am_cloud.transfer.steps.complete import WholeCrc, complete
from s3am_cloud.transfer.steps.move import move_parts
from s3am_cloud.transfer.steps.one_version import one_version
from s3am_cloud.transfer.steps.open import open_upload
from s3am_cloud.transfer.steps.probe import probe
from s3am_cloud.transfer.steps.stream import stream
from s3am_cloud.transfer.stored_parts import proof
from s3am_cloud.urls import S3Url, SourceUrl


def new_job(request: TransferRequest, job_id: str, clock: Clock) -> Job:
    return Job(id=job_id, created=clock.now().isoformat(timespec="milliseconds"), request=request)


def prepare(
    job: Job, ports: Ports, connections: int | None = None, may_stream: bool = False, own: str | None = None
) -> Job:
    """The job with its source pinned, its parts planned and its upload open, recorded before a byte moves.

    `connections` is what the driver takes where the request says nothing; `own` is the id of the upload that the job
    is known to continue, whatever else is unfinished. The order is S3AM's: the object is looked
    for first, then unfinished uploads, then the source. What fails here leaves nothing behind.
    """
    request = job.request
    expected_of(request)  # what makes no sense is refused before S3 is asked for anything
    refuse_records_bucket(request, ports.jobs)
    try:
        return _prepared(job, ports, connections, may_stream, own)
    except UploadGone:
        if not request.resume or own is not None:
            raise
        # Another transfer has ended the upload since it was listed.
        return _prepared(job, ports, connections, may_stream, own)


def _prepared(job: Job, ports: Ports, connections: int | None, may_stream: bool, own: str | None) -> Job:
    request, source = job.request, job.source
    target = request.target
    if not is_wanted(request, target, ports.store):
        return _recorded(msgspec.structs.replace(job, state="skipped"), ports)
    unfinished = own or unfinished_upload(request, target, ports)
    origin = one_version(request, learn(request, probe(source, ports.source, ports.rate_probe), ports))
    job = msgspec.structs.replace(job, regions=Regions(destination=ports.store.region(target), mover=ports.region))
    if unfinished is not None:
        # The parts that are there may be of a URL that has expired since: a fresh one has to lead to the same content.
        check_size(request, origin.info.size, source.display)
        return _with_upload(resumed(job, target, unfinished, origin, connections, ports), ports)
    job = msgspec.structs.replace(job, source_id=source_id(source))
    check_early(request, source, origin.info, ports.most_in_order)
    if may_stream and is_stream(origin.info):
        return _opened(msgspec.structs.replace(job, info=origin.info, plan=stream_plan(origin.info)), "stream", ports)
    plan = plan_for(request, source, origin, connections, ports.most_workers)
    small = plan.small and not needs_parts(request, source, origin.info) and _may_be_put(job, source, target, ports)
    job = msgspec.structs.replace(job, state="put" if small else "transfer", info=origin.info, plan=plan)
    enforce_max_cost(job)
    return _recorded(job, ports) if small else _opened(job, "transfer", ports)


def _opened(job: Job, state: Literal["transfer", "stream"], ports: Ports) -> Job:
    opened = open_upload(job.target, written(job), ports.store, has_copied_tags(job))
    try:
        return _with_upload(msgspec.structs.replace(job, state=state, upload=opened), ports)
    except BaseException as error:
        _drop_unrecorded(opened, error, ports)
        raise


def _drop_unrecorded(opened: Upload, cause: BaseException, ports: Ports) -> None:
    """Aborts an upload that has no record, with which nobody could continue it. Raises JobFailed where it stays."""
    try:
        abort(opened, ports.store)
    except TransferError as error:
        raise JobFailed(
            f"an upload of {opened.target} is left in S3, where it costs storage: its record could not be written "
            f"({type(cause).__name__}), and neither could it be discarded ({error.message})",
            f"discard it with {command_line('cancel', str(opened.target))}",
        ) from cause


def proven(job: Job, existing: Iterable[UploadedPart], ports: Ports, progress: Progress) -> list[UploadedPart]:
    """Those of the listed parts that are the source's, which is read for it; none where it serves no ranges."""
    if not _origin(job).info.ranges:
        return []
    plan = _plan(job)
    return list(prove(plan, existing, ports.readers(_origin(job), plan.slots * plan.concurrency, progress)))


def move(
    job: Job,
    parts: Iterable[Part],
    slots: int,
    ports: Ports,
    progress: Progress,
    pace: Pace = UNLIMITED,
) -> Iterator[MovedPart]:
    """Moves these parts of the job, over up to `slots` connections. Each is yielded when the store has it."""
    is_put = job.state == "put"
    copied_tags = has_copied_tags(job)
    sink = ObjectSink(job.target, _overwrite(job), written(job), copied_tags) if is_put else PartSink(_upload(job))
    mover = ports.movers(_origin(job), sink, slots, progress, pace.first)
    return move_parts(parts, mover, pace.should_stop)


def move_stream(
    job: Job,
    existing: Iterable[UploadedPart],
    ports: Ports,
    progress: Progress,
    keep: Callable[[Iterator[MovedPart]], Iterator[MovedPart]] = lambda moving: moving,
) -> tuple[Job, list[MovedPart]]:
    """Moves a source that has to be read in sequence; the job comes back with the size that it turned out to have.

    `keep` sees each part when the store has it.
    """
    plan, origin = _plan(job), _origin(job)
    chunks = passing(job, ports.readers(origin, 1, progress).read())
    moved = list(keep(stream(plan, _upload(job), {part.number: part for part in existing}, chunks, ports.store)))
    size = sum(part.length for part in moved)
    if origin.info.size not in {None, size}:
        raise SourceChanged(f"{origin.source.display} sent {size:,} bytes where {origin.info.size:,} were due")
    return msgspec.structs.replace(job, plan=msgspec.structs.replace(plan, size=size)), moved


def unit_parts(job: Job, unit: Unit) -> list[Part]:
    return [_plan(job).part(number) for number in range(unit.first, unit.last + 1)]


def finish(job: Job, moved: Iterable[MovedPart], ports: Ports) -> Receipt:
    """Makes the object of its parts, asks the store for it again, and says how all went.

    `moved` are the parts that the caller has sent, or compared with the source: the object is made of these only.
    """
    if job.state == "skipped":
        return receipt(job, ports.clock)
    seen, noted = list(moved), _NotedJob(job, ports)
    try:
        crc = _put(job, seen, ports) if job.state == "put" else _completed(noted, seen, ports)
    except (UploadGone, ObjectExists) as error:
        return overtaken(noted.job, seen, error, ports, lambda count: None)
    try:
        info = confirmed_object(job, job.target, seen, crc, ports)
    except ChecksumMismatch as error:
        raise replaced(job, error, ports) from error
    done = receipt(job, ports.clock, info, info.crc if crc is None else crc, sum(part.retries for part in seen))
    if lacks_tags(job, seen):
        done = msgspec.structs.replace(done, not_copied=("tags",))
    if not is_proven(job, seen, info):
        done = msgspec.structs.replace(done, proof=None)
    if job.state == "put":
        done = msgspec.structs.replace(done, finished_by=writer(job, info))
    return verify_stored(job, job.target, info, info.crc if crc is None else crc, done, ports.store)


def overtaken(job: Job, seen: Iterable[MovedPart], error: Overtaken, ports: Ports, progress: Progress) -> Receipt:
    """The receipt of an object that another transfer has finished with the same content; raises an error of the class
    of `error` where none has. `seen` are the parts of which this transfer knows the checksum."""
    moved = list(seen)
    info = made_by_another(job, moved, error, ports, progress)
    if job.plan is not None:  # a stream did not know its size
        job = msgspec.structs.replace(job, plan=msgspec.structs.replace(job.plan, size=info.size))
    done = receipt(job, ports.clock, info, info.crc, sum(part.retries for part in moved))
    done = msgspec.structs.replace(done, finished_by=finished_by(job, info))
    return verify_stored(without_withdrawal(job), job.target, info, info.crc, done, ports.store)


def _put(job: Job, seen: list[MovedPart], ports: Ports) -> int | None:
    if not seen:
        raise JobFailed("the object was not put")
    return _put_crc(job, seen[0], ports)


class _NotedJob:
    """A job whose record says what its object will be, from just before that is made: whoever repeats this after a
    crash knows by it that it was made."""

    def __init__(self, job: Job, ports: Ports) -> None:
        self.job, self._ports = job, ports

    def about_to_complete(self, crc: int) -> None:
        """Raises NotAsExpected."""
        check_before(self.job.request, crc)
        noted = msgspec.structs.replace(self.job, due=crc)
        self.job = noted
        _recorded(noted, self._ports)


def _completed(noted: _NotedJob, seen: list[MovedPart], ports: Ports) -> int:
    """The CRC64NVME of the completed object."""
    job = noted.job
    whole = WholeCrc(_origin(job).info.crc, job.due, noted.about_to_complete)
    return complete(_plan(job), _upload(job), seen, _overwrite(job), ports.store, whole)


def receipt(
    job: Job, clock: Clock, info: ObjectInfo | None = None, crc: int | None = None, retries: int | None = None
) -> Receipt:
    """What is known of the transfer at this moment."""
    seconds = (clock.now() - datetime.fromisoformat(job.created)).total_seconds()
    return Receipt(
        state="skipped" if job.state == "skipped" else "succeeded",
        source=job.source.display,
        destination=str(job.target),
        size=job.plan.size if job.plan else None,
        parts=job.plan.count if job.plan else None,
        retries=retries,
        checksum_algorithm=None if crc is None else ALGORITHM,
        checksum=None if crc is None else encode(crc),
        proof=proof(info) if info else None,
        etag=(info.etag or None) if info else None,
        version_id=info.version_id if info else None,
        unread_digest_files=(job.info.unread_digest_files or None) if job.info else None,
        source_etag=job.info.etag if job.info else None,
        source_last_modified=job.info.last_modified if job.info else None,
        final_url=job.info.final_url if job.info else None,
        started=job.created,
        seconds=round(seconds, 3),
        job=job.id,
        event=job.event,
    )


def _may_be_put(job: Job, source: SourceUrl, target: S3Url, ports: Ports) -> bool:
    """Only parts can be checked before they replace an object, where the store is not known to refuse other bytes."""
    return source.scheme == "s3" or not _overwrite(job) or ports.store.checks_puts(target)


def _put_crc(job: Job, part: MovedPart, ports: Ports) -> int | None:
    """The CRC of what was put. An answer that was lost does not say whether the object that is there is ours."""
    source = _origin(job).info
    if not part.etag and part.shown is None and not _is_what_was_put(ports.store.head(job.target), part, source):
        raise ObjectExists(f"{job.target} exists")
    if None not in {source.crc, part.crc} and source.crc != part.crc:
        raise ChecksumMismatch(f"{job.target} was written with another CRC64NVME than its source has")
    return part.crc if part.crc is not None else source.crc


def _is_what_was_put(info: ObjectInfo | None, part: MovedPart, source: SourceInfo) -> bool:
    if info is None or info.size != part.length:
        return False
    crc = part.crc if part.crc is not None else source.crc
    if crc is not None and info.crc is not None:
        return info.crc == crc
    return any(info.checksums.get(name) == digest for name, digest in source.claims.items())


def _with_upload(job: Job, ports: Ports) -> Job:
    """Recorded, with a note of when to look whether the transfer has ended without a report."""
    ports.jobs.note_expiry(job.id, first_look(job))
    return _recorded(job, ports)


def _recorded(job: Job, ports: Ports) -> Job:
    ports.jobs.save(job)
    return job


def _overwrite(job: Job) -> bool:
    return job.request.exists == "overwrite"


def _origin(job: Job) -> PinnedSource:
    if job.info is None:
        raise JobFailed(f"job {job.id} was not prepared")
    return PinnedSource(source=job.source, info=job.info)


def _plan(job: Job) -> Plan:
    if job.plan is None:
        raise JobFailed(f"job {job.id} was not prepared")
    return job.plan


def _upload(job: Job) -> Upload:
    if job.upload is None:
        raise JobFailed(f"job {job.id} has no multipart upload")
    return job.upload
