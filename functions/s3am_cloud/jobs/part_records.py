"""What a job's workers have sent, recorded beside the job: what the store lists may be somebody else's.

Anybody who may write to the bucket can put parts into an unfinished upload; `upload --resume` on a machine that does
not see these records does so from any source that is cut in the same way. So a part is relied on only where a record
has its checksum: one of this job, or of the job that this one continues from the same version of the source. All other
parts are compared with the source, or sent again, and no object is made of parts without a record.

Each invocation writes one record when it ends. What an invocation has sent that crashed before is not recorded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from s3am_cloud.model import Job, MovedPart, PartRecord, Unit, UploadedPart
from s3am_cloud.ports.records import JobStore
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.stored_parts import is_what_was_sent

# The number of a unit that there is not: what was taken over from another job.
_TAKEN_OVER = 0


def keep(job: Job, unit: Unit | None, parts: Sequence[MovedPart], jobs: JobStore) -> None:
    """Records parts that were sent or compared with the source. A unit keeps its last part, whatever is left of it."""
    if not parts:
        return
    records = [PartRecord(part.number, part.length, part.crc, part.etag, part.shown) for part in parts]
    digest = hashlib.sha256(msgspec.json.encode(records)).hexdigest()[:16]
    jobs.write_part_records(job.id, _prefix(unit) + digest, records)


def recorded(job_id: str, jobs: JobStore, unit: Unit | None = None) -> Iterator[MovedPart]:
    """What the job has sent, or only what its workers have sent of one unit."""
    for record in jobs.part_records(job_id, "" if unit is None else _prefix(unit)):
        yield MovedPart(record.number, record.length, record.crc, record.etag, shown=record.shown)


def known(existing: Iterable[UploadedPart], sent: Iterable[MovedPart]) -> list[MovedPart]:
    """Those of the listed parts that are what was sent."""
    by_number: dict[int, list[MovedPart]] = {}
    for part in sent:
        by_number.setdefault(part.number, []).append(part)
    found: dict[int, MovedPart] = {}
    for listed in existing:
        for part in by_number.get(listed.number, ()):
            if is_what_was_sent(listed, part):
                found[listed.number] = _as_listed(listed, part)
    return list(found.values())


def compared(part: UploadedPart) -> MovedPart:
    """A part that was compared with the source: the checksum is the one that the store lists."""
    return MovedPart(part.number, part.length, part.crc, part.etag, shown=True)


def relied_on(job: Job, ports: Ports) -> list[MovedPart]:
    """The parts in the job's upload that have a record. From now on those that another job has sent are this one's."""
    existing = list(ports.store.parts(job.upload)) if job.upload is not None else []
    if not existing:
        return []
    own = known(existing, recorded(job.id, ports.jobs))
    if job.records_of is None:
        return own
    numbers = {part.number for part in own}
    others = [part for part in known(existing, recorded(job.records_of, ports.jobs)) if part.number not in numbers]
    keep(job, None, others, ports.jobs)
    return [*own, *others]


def _as_listed(listed: UploadedPart, part: MovedPart) -> MovedPart:
    if listed.crc is not None:
        return compared(listed)
    return MovedPart(part.number, part.length, part.crc, listed.etag, shown=part.shown)


def _prefix(unit: Unit | None) -> str:
    return f"{_TAKEN_OVER if unit is None else unit.last:05}-"
