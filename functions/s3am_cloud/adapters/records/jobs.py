"""The records of jobs: `jobs/<id>/job.json`, `units.jsonl` and `report.json`, in a bucket or in a folder.

Which uploads are to be looked at, and when, is in the names of empty documents, `jobs/.expiring/<day>/<time>-<id>`: a
list for each day, in the order of time. Whoever reads it stops at the first that is not due.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from s3am_cloud.adapters.files.private_files import (
    create_private,
    open_private,
    private_folder,
    read_private,
    write_private,
)
from s3am_cloud.checksums.published import shown_source_digest
from s3am_cloud.decoders import Decoder
from s3am_cloud.errors import AccessDenied, JobFailedForGood, NoSuchJob
from s3am_cloud.expiry import first_look
from s3am_cloud.model import Job, PartRecord, Receipt, Unit
from s3am_cloud.names import JOBS_PREFIX, STATE_HOME_VARIABLE
from s3am_cloud.ports.records import Tally
from s3am_cloud.urls import S3Url

# A job may have 10,000 tallies, and as many records of parts, at 20 ms each.
_READERS = 8
_AT_ONCE = 2 * _READERS
_OTHER_FOLDER = f"name another folder in {STATE_HOME_VARIABLE}"
_decode_job: Decoder[Job] = Decoder(Job)
_decode_receipt: Decoder[Receipt] = Decoder(Receipt)
_decode_tally: Decoder[Tally] = Decoder(Tally)
_decode_parts: Decoder[list[PartRecord]] = Decoder(list[PartRecord])
Decoded = TypeVar("Decoded")
_EXPIRING = f"{JOBS_PREFIX}.expiring/"
_STAMP = f"{_EXPIRING}%Y-%m-%d/%H%M%S"
_STAMP_LENGTH = len("2026-01-02/030405")


class Documents(Protocol):
    """Small documents by name, with one that can be written only where there is none."""

    @property
    def bucket(self) -> str | None:
        """The bucket that they are in, None for those in a folder, or where it has not been looked for yet."""

    def read(self, name: str) -> bytes | None: ...

    def write(self, name: str, data: bytes) -> None: ...

    def create(self, name: str, data: bytes) -> bool:
        """False, and nothing written, where the name is taken."""

    def remove(self, name: str) -> None: ...

    def names(self, prefix: str) -> Iterator[str]: ...


class Jobs:
    """The `JobStore` over documents.

    Without `with_sources` a record has its source's displayable URL only: who resumes gives the URL again, and a
    password or a signature in it is nobody's to keep.
    """

    def __init__(self, documents: Documents, with_sources: bool = True) -> None:
        self._documents = documents
        self._with_sources = with_sources

    def is_in(self, bucket: str) -> bool:
        return bucket == self._documents.bucket

    def add(self, job: Job) -> bool:
        return self._documents.create(_job(job.id), self._record(job))

    def save(self, job: Job) -> None:
        if job.upload is not None:
            self._documents.write(_index(job.upload.target, job.upload.upload_id), job.id.encode())
        self._documents.write(_job(job.id), self._record(job))

    def _record(self, job: Job) -> bytes:
        if self._with_sources:
            return _encode(job)
        shown = job.source.display
        request = msgspec.structs.replace(job.request, source=shown, source_digest=shown_source_digest(job.request))
        return _encode(msgspec.structs.replace(job, request=request))

    def load(self, job_id: str) -> Job:
        data = self._documents.read(_job(job_id))
        if data is None:
            raise NoSuchJob(f"there is no job {job_id}")
        try:
            return _decode_job(data)
        except msgspec.DecodeError as error:
            raise JobFailedForGood(f"the record of job {job_id} can't be read: {error}") from error

    def ids(self, prefix: str = "") -> Iterator[str]:
        for name in self._documents.names(f"{JOBS_PREFIX}{prefix}"):
            if name.endswith("/job.json"):
                yield name.split("/")[1]

    def find(self, target: S3Url, upload_id: str) -> Job | None:
        job_id = self._documents.read(_index(target, upload_id))
        if job_id is None or self._documents.read(_job(job_id.decode())) is None:
            return None
        return self.load(job_id.decode())

    def note_expiry(self, job_id: str, when: datetime) -> None:
        self._documents.write(_expiring(job_id, when), b"")

    def remove_expiry(self, job_id: str, when: datetime) -> None:
        self._documents.remove(_expiring(job_id, when))

    def expiring(self, until: datetime) -> Iterator[tuple[str, datetime]]:
        for name in self._documents.names(_EXPIRING):
            with suppress(ValueError):  # whoever may write records may write any name
                when = datetime.strptime(name[: len(_EXPIRING) + _STAMP_LENGTH], _STAMP).replace(tzinfo=UTC)
                if when >= until:
                    return
                yield name[len(_EXPIRING) + _STAMP_LENGTH + 1 :], when

    def write_units(self, job_id: str, units: Iterable[Unit]) -> str:
        name = f"{JOBS_PREFIX}{job_id}/units.jsonl"
        self._documents.write(name, b"".join(msgspec.json.encode(unit) + b"\n" for unit in units))
        return name

    def write_report(self, job_id: str, receipt: Receipt) -> None:
        self._documents.write(f"{JOBS_PREFIX}{job_id}/report.json", _encode(receipt))

    def report(self, job_id: str) -> Receipt | None:
        data = self._documents.read(f"{JOBS_PREFIX}{job_id}/report.json")
        try:
            return None if data is None else _decode_receipt(data)
        except msgspec.DecodeError as error:
            raise JobFailedForGood(f"the report of job {job_id} can't be read: {error}") from error

    def write_tally(self, job_id: str, name: str, tally: Tally) -> None:
        self._documents.write(f"{JOBS_PREFIX}{job_id}/tallies/{name}.json", msgspec.json.encode(tally))

    def tallies(self, job_id: str) -> Iterator[Tally]:
        return self._all(f"{JOBS_PREFIX}{job_id}/tallies/", _decode_tally)

    def write_part_records(self, job_id: str, name: str, records: Sequence[PartRecord]) -> None:
        self._documents.write(f"{_parts(job_id)}{name}.json", msgspec.json.encode(records))

    def part_records(self, job_id: str, prefix: str = "") -> Iterator[PartRecord]:
        for records in self._all(f"{_parts(job_id)}{prefix}", _decode_parts):
            yield from records

    def _all(self, prefix: str, decode: Callable[[bytes], Decoded]) -> Iterator[Decoded]:
        """The documents whose names begin so, without those that can't be read. Few are in memory at a time, whatever
        somebody has put there."""
        names = self._documents.names(prefix)
        with ThreadPoolExecutor(_READERS) as readers:
            while batch := list(islice(names, _AT_ONCE)):
                for data in readers.map(self._documents.read, batch):
                    with suppress(msgspec.DecodeError):
                        yield decode(data or b"")

    def forget(self, job: Job) -> None:
        """Removes what is only of use while the job can be resumed."""
        if job.upload is not None:
            self._documents.remove(_index(job.upload.target, job.upload.upload_id))
            self.remove_expiry(job.id, first_look(job))
        self._documents.remove(_job(job.id))


class Folder:
    """`Documents` below a folder, which only this user can read or change."""

    def __init__(self, root: Path | None) -> None:
        """Without a root there is nothing to read, and nothing can be written."""
        self._root = root

    @property
    def bucket(self) -> None:
        return None

    def read(self, name: str) -> bytes | None:
        if self._root is None:
            return None
        try:
            return read_private(self._root / name)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._refused("read", error) from error

    def write(self, name: str, data: bytes) -> None:
        with self._naming():
            write_private(self._path(name), data)

    def create(self, name: str, data: bytes) -> bool:
        with self._naming():
            try:
                create_private(self._path(name), data)
            except FileExistsError:
                return False
        return True

    def tagged(self, name: str) -> tuple[bytes, str] | None:
        data = self.read(name)
        return None if data is None else (data, hashlib.sha256(data).hexdigest())

    def replace(self, name: str, data: bytes, tag: str) -> bool:
        with self._naming(), os.fdopen(open_private(self._path(f"{name}.lock"), os.O_RDWR | os.O_CREAT)) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = self.tagged(name)
            if found is None or found[1] != tag:
                return False
            self.write(name, data)
        return True

    def remove(self, name: str) -> None:
        if self._root is None:
            return
        path = self._root / name
        with self._naming(), suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
            if path.parent != self._root and not any(path.parent.iterdir()):
                path.parent.rmdir()

    def names(self, prefix: str) -> Iterator[str]:
        if self._root is None:
            return
        for path in sorted((self._root / prefix.rpartition("/")[0]).rglob("*")):
            name = str(path.relative_to(self._root))
            if name.startswith(prefix) and path.is_file():
                yield name

    @contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._refused("written", error) from error

    def _refused(self, what: str, error: OSError) -> AccessDenied:
        return AccessDenied(f"the state folder {self._root} can't be {what}: {error.strerror}", _OTHER_FOLDER)

    def _path(self, name: str) -> Path:
        if self._root is None:
            raise AccessDenied("this user has no home folder to keep records in", _OTHER_FOLDER)
        *folders, last = name.split("/")
        return private_folder(self._root, *folders) / last


def _job(job_id: str) -> str:
    return f"{JOBS_PREFIX}{job_id}/job.json"


def _expiring(job_id: str, when: datetime) -> str:
    """Times have whole seconds: none is noted as earlier than it is."""
    later = when.astimezone(UTC) + timedelta(seconds=1, microseconds=-1)
    return f"{later:{_STAMP}}-{job_id}"


def _parts(job_id: str) -> str:
    return f"{JOBS_PREFIX}{job_id}/parts/"


def _index(target: S3Url, upload_id: str) -> str:
    """Upload ids may be longer than a file's name can be."""
    digest = hashlib.sha256(f"{target}\n{upload_id}".encode()).hexdigest()
    return f"{JOBS_PREFIX}.uploads/{digest[:40]}"


def _encode(value: Job | Receipt) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1)
