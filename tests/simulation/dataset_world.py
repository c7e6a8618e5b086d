"""A world of many objects without a byte: what S3 charges for is counted, and each request takes its time.

A worker's threads share one clock. Where several of them work at once, a request advances it by its share.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from s3am_cloud.adapters.records.dataset_files import StoredDatasetFiles
from s3am_cloud.limits import (
    COPY_BYTES_PER_SECOND,
    LAMBDA_BYTES_PER_SECOND,
    LIST_PAGE,
    MIB,
    OBJECT_CONNECTIONS,
    S3_WRITES_PER_SECOND,
    SINGLE_LANES,
    WORKER_PUTS_PER_SECOND,
)
from s3am_cloud.model import Attributes, MovedPart, ObjectInfo, Part, PinnedSource, SourceInfo, Upload, UploadedPart
from s3am_cloud.ports.item_list import Existing
from s3am_cloud.ports.objects import AttributesOf, Put, Settled, WholeObject
from s3am_cloud.ports.pace import ShouldStop, never_stop
from s3am_cloud.ports.transfer import ObjectSink, PartSink, Ports, Progress, Sink
from s3am_cloud.ports.trees import Entry, Found, every_folder
from s3am_cloud.urls import S3Url, SourceUrl
from simulation.world import Bill, CountedCoordination, CountedJobs, LonelyStore, SimulatedClock, in_pages

# How long S3 takes to answer.
REQUEST_SECONDS = 0.03
# What Prepare takes for a thousand items, listed and written, with a third of a vCPU.
PAGE_SECONDS = 0.25
_PIECE = MIB


class SharedClock(SimulatedClock):
    """Moved by several threads."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def pass_by(self, seconds: float) -> None:
        with self._lock:
            self.seconds += seconds


class Requests:
    """Requests to S3, each of which takes time, `lanes` of them at once."""

    def __init__(self, bill: Bill, clock: SharedClock, lanes: int = 1) -> None:
        self._bill, self._clock, self.lanes = bill, clock, lanes
        self._lock = threading.Lock()
        self._written: Counter[int] = Counter()
        self.refused = self.objects = 0

    def read(self) -> None:
        self.look(REQUEST_SECONDS / self.lanes)

    def look(self, seconds: float) -> None:
        with self._lock:
            self._bill.reads += 1
        self._clock.pass_by(seconds)

    def write(self, seconds: float | None = None) -> None:
        """One that makes nothing at the destination."""
        with self._lock:
            self._bill.writes += 1
        self._clock.pass_by(REQUEST_SECONDS / self.lanes if seconds is None else seconds)

    def make(self, seconds: float) -> None:
        """One that makes a part or an object, and is sent again where S3 has had too many in this second."""
        taken = False
        while not taken:
            self.write(seconds)
            with self._lock:
                second = int(self._clock.seconds)
                self._written[second] += 1
                taken = self._written[second] <= S3_WRITES_PER_SECOND
                self.refused += not taken
        with self._lock:
            self.objects += 1


class FolderDocuments:
    """Documents in a folder, as those of a million items don't fit into memory beside each other."""

    bucket = None

    def __init__(self, folder: Path, requests: Requests) -> None:
        self._folder, self._requests = folder, requests

    def read(self, name: str) -> bytes | None:
        self._requests.read()
        path = self._folder / name
        return path.read_bytes() if path.exists() else None

    def write(self, name: str, data: bytes) -> None:
        self._requests.write()
        self._path(name).write_bytes(data)

    def create(self, name: str, data: bytes) -> bool:
        raise AssertionError("a dataset's files are written anew")

    def remove(self, name: str) -> None:
        raise AssertionError("the simulated job removes nothing")

    def names(self, prefix: str) -> Iterator[str]:
        folder = self._folder / prefix
        found = sorted(str(path.relative_to(self._folder)) for path in folder.rglob("*") if path.is_file())
        for at, name in enumerate(found):
            if at % LIST_PAGE == 0:
                self._requests.write()
            yield name
        if not found:
            self._requests.write()

    def pieces(self, name: str) -> Iterator[bytes] | None:
        self._requests.read()
        path = self._folder / name
        return _pieces(path) if path.exists() else None

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes]]:
        with self._path(name).open("wb") as file:
            yield file
        self._requests.write()

    def address(self, name: str) -> str:
        return f"folder:{name}"

    def _path(self, name: str) -> Path:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def size_of(url: str) -> int:
    """The sizes of all objects are in their names: `…/NUMBER-SIZE`."""
    return int(url.rpartition("-")[2])


def name_of(number: int, size: int) -> str:
    return f"{number:08}-{size}"


class Listings:
    """An `ObjectTree` of the source's objects, whose destination is empty."""

    def __init__(self, sizes: Callable[[], Iterator[int]], requests: Requests) -> None:
        self._sizes, self._requests = sizes, requests

    def entries(
        self, url: SourceUrl, enters: Callable[[str], bool] = every_folder, after: str | None = None
    ) -> Iterator[Found]:
        for number, size in enumerate(self._sizes()):
            name = name_of(number, size)
            if after is not None and name <= after:
                continue
            if number % LIST_PAGE == 0:
                self._requests.write(PAGE_SECONDS)
            yield Entry(source=url.url + name, name=name, size=size, modified=1.0, etag=f'"{number}"')

    def existing(self, prefix: S3Url, after: str | None = None) -> Iterator[Existing]:
        self._requests.write()
        yield from ()


class ManifestReader:
    """Reads a list of the same objects behind a CDN."""

    def __init__(self, sizes: Callable[[], Iterator[int]], clock: SharedClock) -> None:
        self._sizes, self._clock = sizes, clock

    def __call__(self, origin: PinnedSource, slots: int, progress: Progress, part_size: int | None = None) -> object:
        return self

    def read(self) -> Iterator[memoryview]:
        for number, size in enumerate(self._sizes()):
            if number % LIST_PAGE == 0:
                self._clock.pass_by(PAGE_SECONDS)
            line = {"source": f"https://host/{name_of(number, size)}", "size": size}
            yield memoryview(msgspec.json.encode(line) + b"\n")


class SizedSource:
    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def probe(self, url: SourceUrl) -> SourceInfo:
        if url.scheme == "s3":
            self._requests.read()
        size = size_of(url.url) if url.url.rpartition("-")[2].isdecimal() else None
        return SourceInfo(size=size, ranges=True, etag='"e"')


class SizedStore(LonelyStore):
    """Objects and uploads of which only sizes are kept."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self.objects: dict[S3Url, ObjectInfo] = {}
        self.uploads: dict[str, dict[int, UploadedPart]] = {}
        self._targets: dict[str, S3Url] = {}
        self.completed = 0

    def head(self, target: S3Url) -> ObjectInfo | None:
        self._requests.read()
        return self.objects.get(target)

    def lists(self, target: S3Url) -> bool:
        return target in self.objects

    def unfinished(self, target: S3Url, needed: bool = False) -> Sequence[str]:
        self._requests.write()
        return [found for found, of in list(self._targets.items()) if of == target]

    def create(self, target: S3Url, attributes: Attributes, copied_tags: bool = False) -> Upload:
        self._requests.write()
        upload_id = str(target)
        self.uploads[upload_id], self._targets[upload_id] = {}, target
        return Upload(target=target, upload_id=upload_id, full_object=True)

    def parts(self, upload: Upload, after: int = 0) -> Iterator[UploadedPart]:
        return in_pages(self.uploads[upload.upload_id], after, self._requests.write)

    def complete(self, upload: Upload, parts: Sequence[UploadedPart], crc: int, size: int, overwrite: bool) -> None:
        self._requests.write()
        assert sum(part.length for part in parts) == size
        del self.uploads[upload.upload_id], self._targets[upload.upload_id]
        self.objects[upload.target] = ObjectInfo(size=size, etag='"e"', crc=crc, full_object=True)
        self.completed += 1

    def abort(self, upload: Upload) -> None:
        raise AssertionError("nothing goes wrong")

    def delete(self, target: S3Url, version_id: str | None) -> None:
        raise AssertionError("nothing goes wrong")


class PartMover:
    """Moves the parts of one object: one after the other, each in its share of the worker's time."""

    def __init__(self, store: SizedStore, requests: Requests) -> None:
        self._store, self._requests = store, requests

    def __call__(
        self, origin: PinnedSource, sink: Sink, slots: int, progress: Progress, first: int | None = None
    ) -> _Moving:
        return _Moving(self._store, self._requests, origin, sink, (slots, progress))


class _Moving:
    def __init__(
        self,
        store: SizedStore,
        requests: Requests,
        origin: PinnedSource,
        sink: Sink,
        how: tuple[int, Progress],
    ) -> None:
        self._store, self._requests, self._sink = store, requests, sink
        slots, self._progress = how
        copies = origin.source.scheme == "s3"
        self._rate = COPY_BYTES_PER_SECOND * slots * requests.lanes if copies else LAMBDA_BYTES_PER_SECOND

    def move(self, parts: Iterable[Part], should_stop: ShouldStop = never_stop) -> Iterator[MovedPart]:
        for part in parts:
            if should_stop():
                return
            self._requests.make(max(part.length / self._rate, REQUEST_SECONDS / self._requests.lanes))
            self._keep(part)
            self._progress(part.length)
            yield MovedPart(part.number, part.length, part.number, '"e"')

    def _keep(self, part: Part) -> None:
        match self._sink:
            case PartSink(upload):
                found = UploadedPart(part.number, part.length, '"e"', part.number)
                self._store.uploads[upload.upload_id][part.number] = found
            case ObjectSink(target=target):
                info = ObjectInfo(size=part.length, etag='"e"', crc=part.number, full_object=True)
                self._store.objects[target] = info


class WholeMover:
    """Whole objects over plain HTTP: limited by requests, or by bytes. Copies inside S3 are limited by requests only,
    and their sources are looked at: S3's answers state what they made."""

    def __init__(self, requests: Requests, progress: Progress) -> None:
        self._requests, self._progress = requests, progress

    def copy(self, objects: Iterable[WholeObject | None], should_stop: ShouldStop) -> Iterator[Settled]:
        for wanted in objects:
            if should_stop():
                return
            if wanted is not None:
                yield self._put(wanted)

    def _put(self, wanted: WholeObject) -> Put:
        size, copies = size_of(wanted.source.url), wanted.source.scheme == "s3"
        if copies:
            self._requests.look(0.5 / WORKER_PUTS_PER_SECOND)
        rate = COPY_BYTES_PER_SECOND * OBJECT_CONNECTIONS if copies else LAMBDA_BYTES_PER_SECOND
        self._requests.make(max(1 / WORKER_PUTS_PER_SECOND, size / rate))
        self._progress(size)
        info = SourceInfo(size=size, ranges=True, etag='"e"')
        return Put(number=wanted.number, size=size, crc=wanted.number, info=info, etag='"e"', shown=True)


class DatasetWorld:
    """The ports of all functions. `in_lanes` says that a worker has the clock, with several requests at once."""

    def __init__(self, sizes: Callable[[], Iterator[int]], folder: Path) -> None:
        self.bill, self.clock = Bill(), SharedClock()
        self.requests = Requests(self.bill, self.clock)
        self.store, self.jobs = SizedStore(self.requests), CountedJobs(self.bill)
        self.coordination = CountedCoordination(self.bill)
        self.files = StoredDatasetFiles(FolderDocuments(folder, self.requests), self.clock)
        self.ports = Ports(
            source=SizedSource(self.requests),
            store=self.store,
            movers=PartMover(self.store, self.requests),
            readers=ManifestReader(sizes, self.clock),  # type: ignore[arg-type]  # it has no digests of ranges
            jobs=self.jobs,
            clock=self.clock,
            coordination=self.coordination,
            dataset_files=self.files,
            tree=Listings(sizes, self.requests),
            object_movers=self._whole,
        )

    @contextmanager
    def in_lanes(self, lanes: int = SINGLE_LANES) -> Iterator[None]:
        self.requests.lanes = lanes
        yield
        self.requests.lanes = 1
        self.store.objects.clear()  # nobody looks at them again

    def _whole(self, attributes_of: AttributesOf, connections: int, progress: Progress) -> WholeMover:
        return WholeMover(self.requests, progress)
