"""The story of a transfer on one page. Every driver tells it with the same functions, in the same order.

    prepare    is it wanted? what is there? how is it cut?  ->  a job's record
    move       the parts of one unit, or all, that the store lacks
    finish     check, complete, ask again  ->  a receipt

Nothing here knows whether it runs in a Lambda function or on a laptop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from s3am_cloud.checksum import ALGORITHM, encode
from s3am_cloud.errors import BadPartSize, JobFailed, SourceChanged, UploadExists
from s3am_cloud.limits import HOST_CONNECTIONS
from s3am_cloud.model import Job, MovedPart, ObjectInfo, Origin, Part, Plan, Receipt, TransferRequest, Unit, Upload
from s3am_cloud.ports import Clock, ObjectSink, PartSink, Ports, Progress
from s3am_cloud.steps.begin import begin, is_wanted, unfinished_upload
from s3am_cloud.steps.complete import complete
from s3am_cloud.steps.plan import plan
from s3am_cloud.steps.probe import probe
from s3am_cloud.steps.upload import missing, upload
from s3am_cloud.steps.verify import proof, verify
from s3am_cloud.urls import S3Url, SourceUrl, parse_destination, parse_source


def new_job(request: TransferRequest, job_id: str, clock: Clock) -> Job:
    return Job(id=job_id, created=clock.now().isoformat(timespec="milliseconds"), request=request)


def prepare(job: Job, ports: Ports, connections: int | None = None) -> Job:
    """The job with its source pinned, its parts planned and its upload open, recorded before a byte moves.

    `connections` is what the driver takes where the request says nothing. The order is S3AM's: the object is looked
    for first, then unfinished uploads, then the source. What fails here leaves nothing behind.
    """
    request, source = job.request, parse_source(job.request.source)
    target = parse_destination(request.destination, source)
    if not is_wanted(request, target, ports.store):
        return _recorded(msgspec.structs.replace(job, state="skipped"), ports)
    unfinished = unfinished_upload(request, target, ports.store)
    origin = probe(source, ports.source)
    if unfinished is not None:
        return _recorded(_resumed(job, target, unfinished, origin, ports), ports)
    cut = plan(origin.info, _connections(request, source, connections), request.part_size)
    job = msgspec.structs.replace(job, info=origin.info, plan=cut)
    if cut.small:
        return _recorded(msgspec.structs.replace(job, state="put"), ports)
    return _recorded(
        msgspec.structs.replace(job, state="transfer", upload=begin(target, origin.info, ports.store)), ports
    )


def lacking(job: Job, ports: Ports) -> list[Part]:
    """The planned parts that the store does not have."""
    return missing(_plan(job), ports.store.parts(_upload(job)))


def move(job: Job, parts: Iterable[Part], slots: int, ports: Ports, progress: Progress) -> Iterator[MovedPart]:
    """Moves these parts of the job; each is yielded when the store has it."""
    sink = ObjectSink(target(job), _overwrite(job), _origin(job).info.content_type)
    mover = ports.movers(_origin(job), sink if job.state == "put" else PartSink(_upload(job)), slots, progress)
    return upload(parts, mover)


def unit_parts(job: Job, unit: Unit) -> list[Part]:
    return [_plan(job).part(number) for number in range(unit.first, unit.last + 1)]


def finish(job: Job, moved: Iterable[MovedPart], ports: Ports) -> Receipt:
    """Makes the object of its parts, asks the store for it again, and says how all went.

    `moved` are the parts that the caller saw moving: all of them, some, or none.
    """
    if job.state == "skipped":
        return receipt(job, ports.clock)
    cut, seen = _plan(job), list(moved)
    if job.state == "put":
        if not seen:
            raise JobFailed("the object was not put")
        crc = seen[0].crc
    else:
        crc = complete(cut, _upload(job), seen, _overwrite(job), ports.store)
    info = verify(target(job), cut.size, crc, ports.store)
    return receipt(job, ports.clock, info, crc, sum(part.retries for part in seen))


def receipt(
    job: Job, clock: Clock, info: ObjectInfo | None = None, crc: int | None = None, retries: int | None = None
) -> Receipt:
    """What is known of the transfer at this moment."""
    seconds = (clock.now() - datetime.fromisoformat(job.created)).total_seconds()
    return Receipt(
        state="skipped" if job.state == "skipped" else "succeeded",
        source=parse_source(job.request.source).display,
        destination=str(target(job)),
        size=job.plan.size if job.plan else None,
        parts=job.plan.count if job.plan else None,
        retries=retries,
        checksum_algorithm=None if crc is None else ALGORITHM,
        checksum=None if crc is None else encode(crc),
        proof=proof(info) if info else None,
        etag=info.etag if info else None,
        version_id=info.version_id if info else None,
        source_etag=job.info.etag if job.info else None,
        source_last_modified=job.info.last_modified if job.info else None,
        started=job.created,
        seconds=round(seconds, 3),
        job=job.id,
    )


def target(job: Job) -> S3Url:
    return parse_destination(job.request.destination, parse_source(job.request.source))


def _resumed(job: Job, target: S3Url, upload_id: str, origin: Origin, ports: Ports) -> Job:
    """The job that goes on with an upload whose record says which version of the source its parts are of."""
    before = ports.jobs.find(target, upload_id)
    if before is None or before.info is None or before.plan is None or before.upload is None:
        raise UploadExists(
            f"no record is here of what the unfinished upload of {target} was made from",
            "resume it where it was begun, or start afresh with --force",
        )
    if not before.info.same_version(origin.info):
        raise SourceChanged(f"the source of the unfinished upload of {target} has changed since")
    wish = job.request.part_size
    if wish is not None and wish != before.plan.part_size:
        raise BadPartSize(
            f"the unfinished upload has parts of {before.plan.part_size:,} bytes, not {wish:,}",
            "leave --part-size out, or start afresh with --force",
        )
    return msgspec.structs.replace(job, state="transfer", info=origin.info, plan=before.plan, upload=before.upload)


def _connections(request: TransferRequest, source: SourceUrl, default: int | None) -> int:
    wishes = [n for n in (request.download_slots, request.upload_slots) if n is not None]
    return max(1, min(wishes, default=default or HOST_CONNECTIONS.get(source.scheme, 1)))


def _recorded(job: Job, ports: Ports) -> Job:
    ports.jobs.save(job)
    return job


def _overwrite(job: Job) -> bool:
    return job.request.exists == "overwrite"


def _origin(job: Job) -> Origin:
    if job.info is None:
        raise JobFailed(f"job {job.id} was not prepared")
    return Origin(url=parse_source(job.request.source).url, info=job.info)


def _plan(job: Job) -> Plan:
    if job.plan is None:
        raise JobFailed(f"job {job.id} was not prepared")
    return job.plan


def _upload(job: Job) -> Upload:
    if job.upload is None:
        raise JobFailed(f"job {job.id} has no multipart upload")
    return job.upload
