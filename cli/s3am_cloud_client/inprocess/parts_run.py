"""All parts of one upload: those that may be relied on, and those that are still to be transferred."""

from __future__ import annotations

from collections.abc import Iterator

from s3am_cloud.amounts import size_text
from s3am_cloud.concurrency import first_connections
from s3am_cloud.jobs.part_records import compared, known, recorded
from s3am_cloud.limits import DEFAULT_SLOTS, HOST_CONNECTIONS, MOST_CONNECTIONS
from s3am_cloud.model import Job, MovedPart, Part, Plan, TransferRequest, Upload, UploadedPart
from s3am_cloud.ports.pace import Pace
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.closing_moves import closing_move
from s3am_cloud.transfer.pipeline import move, move_stream, proven
from s3am_cloud.transfer.remaining import missing
from s3am_cloud_client.inprocess.checks import ConcurrentCheck, watched
from s3am_cloud_client.inprocess.part_journal import notes_of
from s3am_cloud_client.inprocess.runners import Heartbeat
from s3am_cloud_client.observer import Observer


class PartsRun:
    """One run over the parts of a job. `known` are those whose checksum is known so far, also where it ends midway."""

    def __init__(self, job: Job, ports: Ports, observer: Observer) -> None:
        self._job, self._ports, self._observer = job, ports, observer
        self.known: list[MovedPart] = []

    def all_parts(self, source: ConcurrentCheck | None) -> tuple[Job, list[MovedPart]]:
        """The job, with its size where that was not known before, and its parts, all of which are in the store."""
        job = self._job
        if job.plan is None or job.state == "skipped":
            return job, []
        if job.state == "stream" and job.upload is not None:
            return self._stream(job.upload)
        self.find_relied()
        self._move(job.plan, missing(job.plan, self.known), source)
        return job, self.known

    def _move(self, plan: Plan, parts: list[Part], source: ConcurrentCheck | None) -> None:
        job, observer = self._job, self._observer
        slots, first = most_connections(job.request), first_connections(job.request.slots, len(parts))
        observer.detail(
            f"{len(parts)} of {plan.count} parts of {size_text(plan.part_size)} to move, "
            f"over {'' if first is None else 'up to '}{min(slots, len(parts))} connections"
        )
        with observer.progress(_title(job), plan.size) as meter:
            meter(plan.size - sum(part.length for part in parts))
            beat = Heartbeat(job, self._ports, observer)
            moving = move(job, parts, slots, self._ports, meter, Pace(first, beat))
            if job.upload is not None:
                moving = notes_of(job.upload, observer.detail).keep(moving)
            with closing_move(moving):
                for part in meter.counting(watched(moving, job, source), plan.count, plan.count - len(parts)):
                    self.known.append(part)

    def _stream(self, upload: Upload) -> tuple[Job, list[MovedPart]]:
        """Moves a source that has to be read in sequence. An earlier run's parts are compared on the way."""
        job, ports, observer = self._job, self._ports, self._observer
        listed = [] if self._is_new else _listed(upload, ports)
        notes = notes_of(upload, observer.detail)
        with observer.progress(_title(job), (job.info.size if job.info else None) or 0) as meter:
            beat = Heartbeat(job, ports, observer)
            return move_stream(job, listed, ports, meter, lambda moving: _beating(notes.keep(moving), beat))

    @property
    def _is_new(self) -> bool:
        """Whether this run has opened the upload, or found it empty: every part that is there by now is somebody
        else's, and to list them takes a right of its own."""
        return self._job.trusted and self._job.resumes is None

    def find_relied(self) -> None:
        """Adds the parts that are relied on: they are compared again before the object is made, as others may fill the
        upload too. Those without a checksum are transferred anew."""
        job, ports = self._job, self._ports
        if job.upload is None or self._is_new:
            return
        listed = _listed(job.upload, ports)
        relied = _recorded(job, job.upload, listed, ports) if job.trusted else []
        numbers = {part.number for part in relied}
        unknown = [part for part in listed if part.number not in numbers]
        if unknown:
            relied += map(compared, self._proven(unknown))
        self.known += relied

    def _proven(self, listed: list[UploadedPart]) -> list[UploadedPart]:
        """The parts that are the source's, which is read for it: no record here shows what they were made of."""
        self._observer.note(_why_proven(self._job, listed))
        with self._observer.checking("comparing", sum(part.length for part in listed)) as meter:
            found = proven(self._job, listed, self._ports, meter)
        self._observer.note(f"{len(found)} of {len(listed)} parts match the source; the others are transferred again")
        return found


def most_connections(request: TransferRequest) -> int:
    """The connections that the user asked for, else the most that are tried."""
    if request.slots is not None:
        return max(1, request.slots)
    bears = HOST_CONNECTIONS.get(request.source_url.scheme, MOST_CONNECTIONS)
    return max(DEFAULT_SLOTS, min(bears, MOST_CONNECTIONS))


def _title(job: Job) -> str:
    return job.target.key.rsplit("/", 1)[-1]


def _beating(moving: Iterator[MovedPart], beat: Heartbeat) -> Iterator[MovedPart]:
    for part in moving:
        beat()
        yield part


def _recorded(job: Job, upload: Upload, listed: list[UploadedPart], ports: Ports) -> list[MovedPart]:
    """The listed parts that this machine, or a job of the stack, is known to have sent."""
    noted = notes_of(upload).of(listed)
    if len(noted) == len(listed) or job.records_of is None:
        return noted
    return known(listed, [*noted, *recorded(job.records_of, ports.jobs)])


def _listed(upload: Upload, ports: Ports) -> list[UploadedPart]:
    """The parts that the store lists, with the checksums that are noted here where it keeps them to itself."""
    listed = list(ports.store.parts(upload))
    crcs = {part.number: part.crc for part in notes_of(upload).of(listed)}
    return [UploadedPart(part.number, part.length, part.etag, crcs.get(part.number, part.crc)) for part in listed]


def _why_proven(job: Job, listed: list[UploadedPart]) -> str:
    if job.resumes is None:
        why = f"No record is here of the unfinished upload of {job.target}"
    elif job.trusted:
        why = f"No record shows who sent some parts of the unfinished upload of {job.target}"
    else:
        shown = job.source.display
        why = f"Nothing shows that {shown} is still the file that the unfinished upload of {job.target} was begun with"
    size = size_text(sum(part.length for part in listed))
    return f"{why}: its {len(listed)} parts ({size}) are compared with the source before they are used"
