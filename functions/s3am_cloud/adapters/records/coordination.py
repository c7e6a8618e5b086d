"""Claims, cancellations and what schedules have fetched as documents: `jobs/.destinations/<digest>`,
`jobs/<id>/cancelled` and `jobs/.schedules/<name>/seen.json`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Protocol

import msgspec

from s3am_cloud.adapters.records.jobs import Documents
from s3am_cloud.decoders import Decoder
from s3am_cloud.names import JOBS_PREFIX
from s3am_cloud.ports.coordination import DestinationLock, Seen
from s3am_cloud.urls import S3Url

_decode_claim: Decoder[DestinationLock] = Decoder(DestinationLock)
_SCHEDULES = f"{JOBS_PREFIX}.schedules/"
_decode_seen: Decoder[Seen] = Decoder(Seen)


class TaggedDocuments(Documents, Protocol):
    """Documents of which one can be written on the condition that nobody else has written it meanwhile."""

    def tagged(self, name: str) -> tuple[bytes, str] | None:
        """The document, and a tag that names this version of it."""

    def replace(self, name: str, data: bytes, tag: str) -> bool:
        """False, and nothing written, where that version is no longer there."""


class DocumentCoordination:
    """The `Coordination` over documents."""

    def __init__(self, documents: TaggedDocuments) -> None:
        self._documents = documents

    def lock_of(self, target: S3Url) -> DestinationLock | None:
        found = self._documents.tagged(_claim(target))
        if found is None:
            return None
        return msgspec.structs.replace(_decode_claim(found[0]), tag=found[1])

    def put_lock(self, target: S3Url, lock: DestinationLock, previous: DestinationLock | None) -> bool:
        data = msgspec.json.encode(msgspec.structs.replace(lock, tag=None))
        if previous is None or previous.tag is None:
            return self._documents.create(_claim(target), data)
        return self._documents.replace(_claim(target), data, previous.tag)

    def cancel(self, job_id: str) -> None:
        self._documents.write(_cancelled(job_id), b"")

    def cancelled(self, job_id: str) -> bool:
        return self._documents.read(_cancelled(job_id)) is not None

    def see(self, schedule: str, seen: Seen) -> None:
        self._documents.write(_seen(schedule), msgspec.json.encode(seen))

    def seen(self, schedule: str) -> Seen | None:
        data = self._documents.read(_seen(schedule))
        return None if data is None else _decode_seen(data)

    def schedules(self) -> Iterator[str]:
        for name in self._documents.names(_SCHEDULES):
            yield name.removeprefix(_SCHEDULES).partition("/")[0]


def _claim(target: S3Url) -> str:
    return f"{JOBS_PREFIX}.destinations/{hashlib.sha256(str(target).encode()).hexdigest()[:40]}"


def _cancelled(job_id: str) -> str:
    return f"{JOBS_PREFIX}{job_id}/cancelled"


def _seen(schedule: str) -> str:
    return f"{_SCHEDULES}{schedule}/seen.json"
