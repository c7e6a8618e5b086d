"""The contracts between the product's steps and the world outside, written down where both sides can read them.

One contract suite (`tests/contract/`) runs against every implementation: the real ones and the ones in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec

from s3am_cloud.checksums.digests import Digest
from s3am_cloud.model import (
    Attributes,
    Job,
    MovedPart,
    ObjectInfo,
    Part,
    PinnedSource,
    SourceInfo,
    Upload,
    UploadedPart,
)
from s3am_cloud.ports.coordination import Coordination
from s3am_cloud.ports.dataset_files import DatasetFiles
from s3am_cloud.ports.objects import AttributesOf, ObjectMover
from s3am_cloud.ports.pace import RateProbe, ShouldStop, never_stop, no_rate
from s3am_cloud.ports.records import JobStore
from s3am_cloud.ports.trees import ObjectTree
from s3am_cloud.urls import S3Url, SourceUrl


class Clock(Protocol):
    """Time and chance, so that no test waits for the one or hopes for the other."""

    def now(self) -> datetime:
        """The time in UTC."""

    def monotonic(self) -> float:
        """Seconds that only ever grow."""

    def sleep(self, seconds: float) -> None:
        """Returns after `seconds`."""

    def random(self) -> float:
        """A number from 0 up to, not including, 1."""


class Source(Protocol):
    """Where objects come from."""

    def probe(self, url: SourceUrl) -> SourceInfo:
        """What is there: size, validators, and whether ranges are really served (shown by asking for one).

        Raises SourceNotFound, AccessDenied, BadSource, SourceBusy or SourceUnavailable.
        """


class ObjectStore(Protocol):
    """Control calls to S3. Every one may raise AccessDenied, BadDestination (no such bucket), StoreBusy or
    StoreUnavailable besides what it names."""

    def head(self, target: S3Url) -> ObjectInfo | None:
        """The object as it is now, None where there is none."""

    def region(self, target: S3Url) -> str | None:
        """The region of the object's bucket, None where the store has none."""

    def lists(self, target: S3Url) -> bool:
        """Whether the bucket's listing has exactly this key; False where it may not be listed."""

    def tags(self, target: S3Url) -> dict[str, str] | None:
        """The object's tags; None where they can't be read, which takes a right of its own."""

    def unfinished(self, target: S3Url, needed: bool = False) -> Sequence[str]:
        """The ids of all unfinished multipart uploads of exactly this key; none where they can't be listed.

        Where the answer is `needed`, raises AccessDenied for want of the right to list them.
        """

    def checks_puts(self, target: S3Url) -> bool:
        """Whether a PutObject of other bytes than were sent is sure to be refused, before it replaces an object."""

    def unfinished_below(self, prefix: S3Url) -> Iterator[Upload]:
        """All unfinished multipart uploads whose keys begin with this one's; an empty key is the whole bucket."""

    def find(self, target: S3Url, upload_id: str) -> Upload:
        """An unfinished upload that somebody else began. Raises UploadGone."""

    def create(self, target: S3Url, attributes: Attributes, copied_tags: bool = False) -> Upload:
        """A new multipart upload that asks for CRC64NVME over the full object; `Upload.full_object` is what it got.

        `copied_tags` are the source object's, not the user's choice: who may not write tags goes without them, and
        `Upload.untagged` says so.
        """

    def parts(self, upload: Upload, after: int = 0) -> Iterator[UploadedPart]:
        """The parts that are there, by ascending number, those above `after` only. Raises UploadGone, and AccessDenied
        for want of a right that uploading does not take (s3:ListMultipartUploadParts)."""

    def put_part(self, upload: Upload, number: int, data: bytearray, crc: int) -> str:
        """Sends one part from memory, for the store to check against `crc`, and returns its etag.

        Only for streams: what can be read by ranges goes through a mover. Raises UploadGone.
        """

    def complete(self, upload: Upload, parts: Sequence[UploadedPart], crc: int, size: int, overwrite: bool) -> None:
        """Makes the object of the parts, in one step, or leaves the upload as it was.

        Unless `overwrite`, raises ObjectExists where the key has come to exist. Raises ChecksumMismatch where the
        store's CRC of the whole is not `crc`, and UploadGone where the upload is no more. Where an answer was lost, so
        that either may be the work of this very call, it raises StoreUnavailable instead. A store without full-object
        checksums gets each part's instead.
        """

    def abort(self, upload: Upload) -> None:
        """Removes the upload and its parts; returns when the store no longer knows it. Quiet where it is gone.

        Raises AccessDenied for want of the right to abort (s3:AbortMultipartUpload).
        """

    def delete(self, target: S3Url, version_id: str | None) -> None:
        """Removes the object, or only that version of it. Quiet where it is gone."""


class PartSink(msgspec.Struct, frozen=True):
    """Parts become parts of a multipart upload, each sent with its CRC64NVME."""

    upload: Upload


class ObjectSink(msgspec.Struct, frozen=True):
    """The only part becomes the whole object, by PutObject. `copied_tags` as for `ObjectStore.create`."""

    target: S3Url
    overwrite: bool
    attributes: Attributes = Attributes()
    copied_tags: bool = False


class FileSink(msgspec.Struct, frozen=True):
    """Parts are written at their offsets into a file that exists already.

    `identity` is its device and inode: another file that has taken its name meanwhile is not written to.
    """

    path: Path
    identity: tuple[int, int] | None = None


Sink = PartSink | ObjectSink | FileSink


class Progress(Protocol):
    """Hears of bytes as they move; a repeated byte is taken back first with a negative count."""

    def __call__(self, count: int) -> None: ...


class Mover(Protocol):
    """The one path of bytes: moves ranges from an origin to a sink, many at once, holding none of them whole."""

    def move(self, parts: Iterable[Part], should_stop: ShouldStop = never_stop) -> Iterator[MovedPart]:
        """The parts as they finish, in any order, each with the CRC64NVME of the bytes that the source sent.

        `should_stop` is called a few times a second. When it is true, the move ends: parts in flight are dropped with
        their connections, and neither they nor those not yet begun are among what it yielded.

        A connection that breaks is taken up again within the part. Raises SourceChanged where the source is another
        version than the origin pins or its answer is not the range that was asked for; SourceNotFound, AccessDenied,
        SourceBusy, SourceUnavailable; for S3 sinks ObjectExists, UploadGone, StoreBusy, StoreUnavailable; for files
        DiskFull. What has been moved stays moved. An object that exists after S3's answer was lost may be the one put:
        its part comes without an etag, and who asked for it looks.
        """


class Movers(Protocol):
    """Makes movers: in this process, over several processes, or in memory."""

    def __call__(
        self, origin: PinnedSource, sink: Sink, slots: int, progress: Progress, first: int | None = None
    ) -> Mover:
        """One with `slots` parts in flight; with `first` it begins with that many, and measures how many of up to
        `slots` are of use, and how many the servers bear."""


class ObjectMovers(Protocol):
    """Makes movers of whole objects, over up to `connections`. `attributes_of` gives what each object carries."""

    def __call__(self, attributes_of: AttributesOf, connections: int, progress: Progress) -> ObjectMover: ...


class OrderedReader(Protocol):
    """One pinned origin, read over several connections at once. What is held in memory is bounded, whatever the size.

    Both ways of reading may raise SourceChanged where the source is another version than the origin pins or its answer
    is not the range that was asked for; SourceNotFound, AccessDenied, SourceBusy, SourceUnavailable. A connection that
    breaks is taken up again at the next byte. A reader that is left early lets its connections go.
    """

    def read(self) -> Iterator[memoryview]:
        """All bytes, in order. Each view is valid until the next one is asked for."""

    def digests(self, new: Callable[[], Digest], ranges: Iterable[Part] | None = None) -> Iterator[tuple[Part, Digest]]:
        """The pieces as they finish, in any order, each with a digest of its own that its bytes went through.

        With `ranges` just these are read, each as one piece.
        """


class Readers(Protocol):
    """Makes readers of an origin, over up to `slots` connections; `part_size` is the requested size
    of their ranges."""

    def __call__(
        self, origin: PinnedSource, slots: int, progress: Progress, part_size: int | None = None
    ) -> OrderedReader: ...


def unknown(job: Job) -> bool | None:
    """Nobody knows whether a job is at work."""
    return None


class Ports(msgspec.Struct, frozen=True):
    """Everything the pipeline needs of the world."""

    source: Source
    store: ObjectStore
    movers: Movers
    readers: Readers
    jobs: JobStore
    clock: Clock
    rate_probe: RateProbe = no_rate
    # None on somebody's own machine, where no job can be stopped from elsewhere.
    coordination: Coordination | None = None
    # The way to objects that are written, where it is another one than that to sources in S3.
    target_readers: Readers | None = None
    # Bytes that can be read in their order in the time that there is; None where nobody is in a hurry.
    most_in_order: int | None = None
    # Whether the destination's store is Amazon S3, whose prices are known.
    at_aws: Callable[[], bool] = lambda: True
    # The AWS region that the bytes pass through on their way to S3, None on somebody's own machine.
    region: str | None = None
    # Workers that a job may have at once in the cloud; None for any number.
    most_workers: int | None = None
    # Whether a job's execution, or the process that runs it, is at work; None where nobody here can know.
    is_running: Callable[[Job], bool | None] = unknown
    # What datasets keep in the cloud, and the way to prefixes of sources and of destinations; None on somebody's own
    # machine.
    dataset_files: DatasetFiles | None = None
    tree: ObjectTree | None = None
    target_tree: ObjectTree | None = None
    # What copies whole objects; None on somebody's own machine, where runs make their own.
    object_movers: ObjectMovers | None = None

    def stored_readers(self, origin: PinnedSource, slots: int, progress: Progress) -> OrderedReader:
        """A reader of an object that this transfer has written."""
        return (self.target_readers or self.readers)(origin, slots, progress)
