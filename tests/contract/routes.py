"""The routes that movers are held to: a source with a way to fill it, a sink, and what has arrived there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from contract import sources
from contract.sources import SourceCase
from s3am_cloud.adapters.memory.transfer import MemoryMovers, MemoryStore
from s3am_cloud.checksums.crc64nvme import combine
from s3am_cloud.model import Attributes, MovedPart, PinnedSource, Upload, UploadedPart
from s3am_cloud.ports.transfer import FileSink, Mover, Movers, ObjectSink, ObjectStore, PartSink, Progress, Sink
from s3am_cloud.urls import S3Url

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NAME = "data.bin"


class Tally:
    """Progress, summed up."""

    def __init__(self) -> None:
        self.bytes = 0
        self.taken_back = 0

    def __call__(self, count: int) -> None:
        self.bytes += count
        self.taken_back -= min(count, 0)


class End(Protocol):
    """Where a route ends."""

    def sink(self, size: int) -> Sink: ...

    def content(self, moved: Iterable[MovedPart]) -> bytes:
        """What is there when all parts of `moved` are."""


class Route:
    """A mover's whole way."""

    def __init__(self, case: SourceCase, movers: Movers, end: End, slots: int = 4) -> None:
        self.case, self.movers, self.end, self.slots = case, movers, end, slots
        self.tally = Tally()

    def put(self, data: bytes) -> PinnedSource:
        """The content at the source, probed and pinned."""
        url = self.case.put(NAME, data)
        return PinnedSource(source=url, info=self.case.source.probe(url))

    def mover(self, origin: PinnedSource) -> Mover:
        """A mover to a sink that is made for it."""
        return self.to(origin, self.end.sink(origin.info.size or 0))

    def stored(self) -> list[int]:
        """The numbers of the parts that are in the upload."""
        assert isinstance(self.end, PartEnd)
        assert self.end.upload is not None
        return [part.number for part in self.end.store.parts(self.end.upload)]

    def to(self, origin: PinnedSource, sink: Sink) -> Mover:
        progress: Progress = self.tally
        return self.movers(origin, sink, self.slots, progress)


class PartEnd:
    """A multipart upload of a store."""

    def __init__(self, store: ObjectStore, client: S3Client | None, bucket: str) -> None:
        self.store, self._client = store, client
        self.target = S3Url(bucket, "moved")
        self.upload: Upload | None = None

    def sink(self, size: int) -> PartSink:
        self.upload = self.store.create(self.target, Attributes())
        return PartSink(self.upload)

    def content(self, moved: Iterable[MovedPart]) -> bytes:
        """Completes the upload with the CRCs that the mover told: the store accepts no others."""
        assert self.upload is not None
        sent = {part.number: part for part in moved}
        # This store lists, for a while, an older part beside the newer of the same number: what was sent counts.
        there = {part.number: part for part in self.store.parts(self.upload) if part.etag == sent[part.number].etag}
        parts = [UploadedPart(number, part.length, part.etag, sent[number].crc) for number, part in there.items()]
        whole = combine((part.crc or 0, part.length) for part in parts)
        self.store.complete(self.upload, parts, whole, sum(part.length for part in parts), True)
        return stored(self.store, self._client, self.target)


class ObjectEnd:
    """One object by PutObject."""

    def __init__(self, store: ObjectStore, client: S3Client | None, bucket: str) -> None:
        self.store, self._client = store, client
        self.target = S3Url(bucket, "moved")
        self.overwrite = False

    def sink(self, size: int) -> ObjectSink:
        return ObjectSink(self.target, self.overwrite)

    def content(self, moved: Iterable[MovedPart]) -> bytes:
        return stored(self.store, self._client, self.target)


class FileEnd:
    """A local file of the full size."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def sink(self, size: int) -> FileSink:
        with self.path.open("wb") as file:
            file.truncate(size)
        return FileSink(self.path)

    def content(self, moved: Iterable[MovedPart]) -> bytes:
        return self.path.read_bytes()


def stored(store: ObjectStore, client: S3Client | None, target: S3Url) -> bytes:
    if isinstance(store, MemoryStore):
        return store.content(target)
    assert client is not None
    return client.get_object(Bucket=target.bucket, Key=target.key)["Body"].read()


def memory_route(end: str, folder: Path) -> Route:
    """From memory into memory, or into a file."""
    case, store = sources.MemoryCase(), MemoryStore()
    ends: dict[str, End] = {
        "parts": PartEnd(store, None, "bucket"),
        "object": ObjectEnd(store, None, "bucket"),
        "file": FileEnd(folder / "moved"),
    }
    return Route(case, MemoryMovers(case.source, store), ends[end])
