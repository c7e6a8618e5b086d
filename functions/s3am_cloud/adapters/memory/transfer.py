"""A world in memory: a source, a store, a mover and job records that keep the contracts of `ports` to the letter.

It ships with the product because it is a real driver: dry runs and simulations move their bytes through it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from s3am_cloud.checksums import crc64nvme
from s3am_cloud.errors import (
    ChecksumMismatch,
    JobFailedForGood,
    ObjectExists,
    SourceChanged,
    SourceNotFound,
    UploadGone,
)
from s3am_cloud.limits import MIN_PART
from s3am_cloud.model import (
    Attributes,
    MovedPart,
    ObjectInfo,
    Part,
    PinnedSource,
    SourceInfo,
    Upload,
    UploadedPart,
)
from s3am_cloud.ports.pace import ShouldStop, never_stop
from s3am_cloud.ports.transfer import FileSink, ObjectSink, PartSink, Progress, Sink
from s3am_cloud.urls import S3Url, SourceUrl, parse_s3

NO_ATTRIBUTES = Attributes()


class MemorySource:
    """Contents by URL; replacing one makes another version of it."""

    def __init__(self) -> None:
        self._contents: dict[str, tuple[bytes, str]] = {}
        self._versions = itertools.count(1)

    def put(self, url: str, content: bytes, etag: str | None = None) -> None:
        self._contents[url] = (content, etag or f'"v{next(self._versions)}"')

    def drop(self, url: str) -> None:
        self._contents.pop(url, None)

    def probe(self, url: SourceUrl) -> SourceInfo:
        content, etag = self._get(url.url)
        return SourceInfo(size=len(content), ranges=True, etag=etag)

    def read(self, origin: PinnedSource, part: Part) -> bytes:
        content, etag = self._get(origin.source.url)
        if etag != origin.info.etag:
            raise SourceChanged(f"{origin.source.url} is another version")
        return content[part.first : part.first + part.length]

    def _get(self, url: str) -> tuple[bytes, str]:
        if url not in self._contents:
            raise SourceNotFound(f"{url} does not exist")
        return self._contents[url]


class _Pending(msgspec.Struct):
    target: S3Url
    parts: dict[int, bytes]
    attributes: Attributes = NO_ATTRIBUTES


class MemoryStore:
    """Buckets and multipart uploads with S3's own checks."""

    def __init__(self) -> None:
        self._objects: dict[S3Url, tuple[bytes, str]] = {}
        self._attributes: dict[S3Url, Attributes] = {}
        self._pending: dict[str, _Pending] = {}
        self.regions: dict[str, str] = {}
        self._ids = itertools.count(1)

    def content(self, target: S3Url) -> bytes:
        return self._objects[target][0]

    def head(self, target: S3Url) -> ObjectInfo | None:
        if target not in self._objects:
            return None
        content, etag = self._objects[target]
        crc = crc64nvme.update(0, content)
        return ObjectInfo(
            size=len(content),
            etag=etag,
            crc=crc,
            full_object=True,
            checksums={"crc64nvme": f"{crc:016x}"},
            attributes=self._attributes.get(target, NO_ATTRIBUTES),
        )

    def region(self, target: S3Url) -> str | None:
        return self.regions.get(target.bucket)

    def lists(self, target: S3Url) -> bool:
        return target in self._objects

    def tags(self, target: S3Url) -> dict[str, str] | None:
        return {}

    def unfinished(self, target: S3Url, needed: bool = False) -> Sequence[str]:
        return [upload_id for upload_id, pending in self._pending.items() if pending.target == target]

    def checks_puts(self, target: S3Url) -> bool:
        return True

    def unfinished_below(self, prefix: S3Url) -> Iterator[Upload]:
        for upload_id, pending in list(self._pending.items()):
            if pending.target.bucket == prefix.bucket and pending.target.key.startswith(prefix.key):
                yield Upload(target=pending.target, upload_id=upload_id, full_object=True)

    def find(self, target: S3Url, upload_id: str) -> Upload:
        upload = Upload(target=target, upload_id=upload_id, full_object=True)
        self._get(upload)
        return upload

    def create(self, target: S3Url, attributes: Attributes, copied_tags: bool = False) -> Upload:
        upload_id = f"upload-{next(self._ids)}"
        self._pending[upload_id] = _Pending(target, {}, attributes)
        return Upload(target=target, upload_id=upload_id, full_object=True)

    def parts(self, upload: Upload, after: int = 0) -> Iterator[UploadedPart]:
        for number, data in sorted(self._get(upload).parts.items()):
            if number <= after:
                continue
            yield UploadedPart(number, len(data), _etag(data), crc64nvme.update(0, data))

    def complete(self, upload: Upload, parts: Sequence[UploadedPart], crc: int, size: int, overwrite: bool) -> None:
        pending = self._get(upload)
        if not overwrite and upload.target in self._objects:
            raise ObjectExists(f"{upload.target} exists")
        data = b"".join(self._checked(pending, parts))
        if len(data) != size or crc64nvme.update(0, data) != crc:
            raise ChecksumMismatch(f"{upload.target}: the whole is not what was said")
        self._objects[upload.target] = (data, f'"{crc:016x}-{len(parts)}"')
        self._attributes[upload.target] = pending.attributes
        del self._pending[upload.upload_id]

    def abort(self, upload: Upload) -> None:
        self._pending.pop(upload.upload_id, None)

    def delete(self, target: S3Url, version_id: str | None) -> None:
        self._objects.pop(target, None)

    def read(self, origin: PinnedSource, part: Part) -> bytes:
        content, etag = self._objects.get(parse_s3(origin.source.url), (b"", ""))
        if etag != origin.info.etag:
            raise SourceChanged(f"{origin.source.url} is another version")
        return content[part.first : part.first + part.length]

    def put_part(self, upload: Upload, number: int, data: bytes | bytearray, crc: int) -> str:
        if crc64nvme.update(crc64nvme.EMPTY, data) != crc:
            raise ChecksumMismatch(f"part {number} is not what was said")
        self._get(upload).parts[number] = bytes(data)
        return _etag(bytes(data))

    def put_object(self, target: S3Url, data: bytes, overwrite: bool, attributes: Attributes = NO_ATTRIBUTES) -> str:
        if not overwrite and target in self._objects:
            raise ObjectExists(f"{target} exists")
        self._attributes[target] = attributes
        self._objects[target] = (data, _etag(data))
        return _etag(data)

    def _get(self, upload: Upload) -> _Pending:
        if upload.upload_id not in self._pending:
            raise UploadGone(f"there is no upload {upload.upload_id}")
        return self._pending[upload.upload_id]

    def _checked(self, pending: _Pending, parts: Sequence[UploadedPart]) -> Iterator[bytes]:
        numbers = [part.number for part in parts]
        if numbers != list(range(1, len(parts) + 1)):
            raise JobFailedForGood("part numbers must be consecutive from 1")
        for part in parts:
            data = pending.parts.get(part.number, b"")
            if _etag(data) != part.etag or crc64nvme.update(0, data) != part.crc:
                raise ChecksumMismatch(f"part {part.number} is not what was said")
            if len(data) < MIN_PART and part.number != len(parts):
                raise JobFailedForGood(f"part {part.number} is smaller than {MIN_PART:,} bytes")
            yield data


class MemoryMovers:
    """Makes movers between the two, and into local files."""

    def __init__(self, source: MemorySource, store: MemoryStore) -> None:
        self._source, self._store = source, store

    def __call__(
        self, origin: PinnedSource, sink: Sink, slots: int, progress: Progress, first: int | None = None
    ) -> MemoryMover:
        return MemoryMover(self._source, self._store, origin, sink, progress)


class MemoryMover:
    def __init__(
        self, source: MemorySource, store: MemoryStore, origin: PinnedSource, sink: Sink, progress: Progress
    ) -> None:
        self._source, self._store, self._origin, self._sink, self._progress = source, store, origin, sink, progress

    def move(self, parts: Iterable[Part], should_stop: ShouldStop = never_stop) -> Iterator[MovedPart]:
        for part in parts:
            if should_stop():
                return
            data = self._source.read(self._origin, part)
            self._progress(len(data))
            yield MovedPart(part.number, part.length, crc64nvme.update(0, data), self._send(part, data))

    def _send(self, part: Part, data: bytes) -> str:
        match self._sink:
            case PartSink(upload):
                return self._store.put_part(upload, part.number, data, crc64nvme.update(crc64nvme.EMPTY, data))
            case ObjectSink(target=target, overwrite=overwrite, attributes=attributes):
                return self._store.put_object(target, data, overwrite, attributes)
            case FileSink(path):
                with path.open("rb+") as file:
                    file.seek(part.first)
                    file.write(data)
                return ""


def _etag(data: bytes) -> str:
    return f'"{crc64nvme.update(0, data):016x}"'
