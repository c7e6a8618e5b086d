"""The frozen values that flow from step to step, between processes, and into a job's record.

All of them are small and hold no secret in clear but a source URL's own; bytes never travel in them. Sizes, lengths and
offsets are in bytes, part numbers count from 1, times are ISO 8601 in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from s3am_cloud.errors import ErrorReport
from s3am_cloud.events import Event
from s3am_cloud.item_counts import Counts
from s3am_cloud.request import Attributes, Dataset, Exists, TransferRequest, Value
from s3am_cloud.urls import S3Url, SourceUrl

__all__ = ("Attributes", "Dataset", "Exists", "TransferRequest", "Value")

# What shows that the stored object is what was sent: one CRC over the whole, a CRC for each part, or one request's.
Proof = Literal["full-object", "per-part"]
# How much is known of the stored object: it has a digest that was stated of its source, it has the checksum of the
# bytes that arrived from there, or it has their number. Of what arrived, nothing may show which version it was,
# or that it was all of it.
Verdict = Literal["verified-by-source", "verified-in-transit", "unpinned", "end-not-told", "size-only"]
State = Literal["succeeded", "skipped", "partial", "failed", "cancelled"]
Pinned = Literal["strong", "weak", "none"]
Reached = Literal["http", "tls"]

# ETags that servers make of a file's inode, date and size: nginx and Apache (hexadecimal numbers joined by dashes, one
# of them the size), IIS (a date and a counter). Another file of the same size and date may have the same one.
_NUMBERS = re.compile(r'"[0-9a-f]{1,16}(?:-[0-9a-f]{1,16}){1,2}"', re.IGNORECASE)
_DATED = re.compile(r'"[0-9a-f]{11,16}:[0-9a-f]{1,8}"', re.IGNORECASE)


class SourceInfo(Value, frozen=True, kw_only=True):
    """What a probe found: the size, and the validators that pin this version in every later request.

    `etag` is as the server wrote it, quotes included; `last_modified` is an HTTP date; `version` is S3's VersionId or,
    for a local file, its inode and modification time.
    """

    size: int | None
    ranges: bool
    etag: str | None = None
    last_modified: str | None = None
    version: str | None = None
    # When a local file was changed in any way (ctime): within a transfer that has to stay as it is. Between two runs it
    # may change for other reasons, so that the parts of an unfinished upload are then proven and not refused.
    changed_ns: int | None = None
    attributes: Attributes = Attributes()
    # Whether the object in S3 may have tags that these credentials can't read.
    tags_hidden: bool = False
    # The CRC64NVME of the whole, where the source is an object that S3 holds one of.
    crc: int | None = None
    # What the source says of the whole: hexadecimal digits by our name of the algorithm.
    claims: dict[str, str] = msgspec.field(default_factory=dict)
    # Files with digests that were found beside it, and state none of it in a form that is known.
    unread_digest_files: tuple[str, ...] = ()
    # Bytes a second that one connection was seen to give, where somebody has a deadline and measured it.
    rate: int | None = None
    # How an FTP server is reached where its URL does not say it: through a proxy that answers in HTTP, or with TLS, as
    # the server lets nobody in without.
    reached: Reached | None = None
    # The Content-Encoding of a source whose stored bytes are the file all the same: a static .gz.
    encoding: str | None = None
    # False where only the end of the connection says where a content of unknown size ends.
    end_told: bool = True
    # Whether it can be read only once, as a pipe: nothing of it can be compared again, and no transfer continued.
    once: bool = False
    # Whether the HTTP server wants logins by Digest.
    digest_login: bool = False
    # The displayable URL that redirects led to.
    final_url: str | None = None
    # Of an object in S3: its bucket's region, and its storage class where that is not S3 Standard.
    region: str | None = None
    storage_class: str | None = None

    @property
    def strong_etag(self) -> str | None:
        return self.etag if self.etag and not self.etag.startswith("W/") else None

    @property
    def pinned(self) -> Pinned:
        """How surely equal validators mean equal bytes.

        `strong`: a strong ETag, S3's VersionId, the version of a local file. `weak`: a date (Last-Modified, MDTM), a
        weak ETag, or an ETag that is made of date and size: another file may have the same. `none`: nothing at all.
        """
        etag = self.strong_etag
        if self.version not in {None, "null"} or (etag is not None and not self._is_of_date_and_size(etag)):
            return "strong"
        return "weak" if self.etag or self.last_modified else "none"

    @property
    def in_transit(self) -> Verdict:
        """The verdict on an object that has the checksum of the bytes that arrived."""
        if not self.end_told:
            return "end-not-told"
        return "unpinned" if self.pinned == "none" else "verified-in-transit"

    def _is_of_date_and_size(self, etag: str) -> bool:
        if _DATED.fullmatch(etag):
            return True
        numbers = etag.strip('"').lower().split("-")
        return self.size is not None and _NUMBERS.fullmatch(etag) is not None and f"{self.size:x}" in numbers

    def same_version(self, other: SourceInfo) -> bool:
        """Whether nothing that both know of the version differs, the size included.

        Where both have the same strong ETag the dates may differ: each machine that serves the file has its own.
        """
        if (self.size, self.etag, self.version) != (other.size, other.etag, other.version):
            return False
        return self.last_modified == other.last_modified or (self.strong_etag is not None and self.pinned == "strong")


class PinnedSource(Value, frozen=True, kw_only=True):
    """One pinned version of one source: what a mover reads."""

    source: SourceUrl
    info: SourceInfo


class Part(msgspec.Struct, frozen=True):
    """A range of the object: `length` bytes from offset `first`."""

    number: int
    first: int
    length: int

    @property
    def last(self) -> int:
        """The offset of the last byte, as HTTP counts in `Range`."""
        return self.first + self.length - 1


class Unit(msgspec.Struct, frozen=True):
    """The parts `first` to `last` of a job's `object`, both included: one Lambda invocation's work."""

    object: int
    first: int
    last: int


class Plan(Value, frozen=True, kw_only=True):
    """Every part, by arithmetic. `slots` are the parts that one worker moves at once, `concurrency` the workers.

    Parts have `part_size` bytes, the last has what is left. Those of a stream grow by `part_size` every `grows_every`
    parts; the `size` of a stream of unknown length is the most that its parts can hold.
    """

    size: int
    part_size: int
    unit_parts: int = 1
    concurrency: int = 1
    slots: int = 1
    # One PutObject instead of a multipart upload.
    small: bool = False
    grows_every: int = 0

    @property
    def count(self) -> int:
        if not self.grows_every:
            return max(1, -(-self.size // self.part_size))
        number = 1
        while self._first(number + 1) < self.size:
            number += 1
        return number

    def part(self, number: int) -> Part:
        first = self._first(number)
        return Part(number, first, min(self._first(number + 1), self.size) - first)

    def parts(self) -> Iterator[Part]:
        return map(self.part, range(1, self.count + 1))

    def _first(self, number: int) -> int:
        before = number - 1
        if not self.grows_every:
            return before * self.part_size
        steps, rest = divmod(before, self.grows_every)
        return self.part_size * (self.grows_every * steps * (steps + 1) // 2 + rest * (steps + 1))


class Upload(Value, frozen=True, kw_only=True):
    """A multipart upload. `full_object` says whether the store granted a checksum over the whole object."""

    target: S3Url
    upload_id: str
    full_object: bool
    # When it was begun, and its object's storage class, where a listing of uploads says so.
    initiated: str | None = None
    storage_class: str | None = None
    # Whether it goes without the source's tags, for want of the right to write them.
    untagged: bool = False


class Runner(Value, frozen=True, kw_only=True):
    """The process that fills an upload from somebody's machine. `machine` names its boot and its process ids' realm,
    `began` distinguishes it from a later process of the same id, and `seen` is when it last said that it is at work."""

    host: str
    pid: int
    machine: str
    began: str
    seen: str


class UploadedPart(msgspec.Struct, frozen=True):
    """A part as the store lists it; `crc` where the store keeps CRC64NVME."""

    number: int
    length: int
    etag: str
    crc: int | None


class MovedPart(msgspec.Struct, frozen=True):
    """A part as a mover finished it; `etag` is what S3 answered, empty on the way to a file.

    `crc` is of the bytes that the source sent; of a copy inside S3 it is S3's own, where S3 states it. `shown` says
    whether S3's answer shows that it has just these bytes; None where it does not say. `untagged` is the object that
    was copied without its source's tags, for want of the right to write them.
    """

    number: int
    length: int
    crc: int | None
    etag: str = ""
    retries: int = 0
    shown: bool | None = None
    untagged: bool = False


class PartRecord(msgspec.Struct, frozen=True, array_like=True):
    """What a transfer has sent as a part, or compared with its source, as its records keep it."""

    number: int
    length: int
    crc: int | None
    etag: str
    shown: bool | None = None


class ObjectInfo(Value, frozen=True, kw_only=True):
    """An object as HEAD shows it. `crc` and `full_object` where the store keeps a CRC64NVME of it.

    `checksums` are all that the store states of the whole content: hexadecimal digits by our name of the algorithm.
    """

    size: int
    etag: str
    checksums: dict[str, str] = msgspec.field(default_factory=dict)
    crc: int | None = None
    full_object: bool = False
    version_id: str | None = None
    last_modified: str | None = None
    attributes: Attributes = Attributes()
    # Where it is not S3 Standard. No attribute: a copy's is the destination's own choice.
    storage_class: str | None = None
    # Why S3 lets nobody delete it, where HEAD says so: until when, or that somebody holds it.
    locked: str | None = None
    # Whether its content can't be read, because it is in an archive; what S3 says of a restore of it.
    archived: Literal["archived", "being restored"] | None = None
    # What S3 says to who may not decrypt it, who sees neither its content nor its checksums.
    undecryptable: str | None = None


class Regions(Value, frozen=True, kw_only=True):
    """The region of a job's destination, and that of the functions which move its bytes; None is unknown, or no AWS."""

    destination: str | None = None
    mover: str | None = None


class Sealed(Value, frozen=True, kw_only=True):
    """Secrets as KMS encrypted them, in base64, for the job whose id is the encryption context."""

    job: str
    data: str


class Ingested(Value, frozen=True, kw_only=True):
    """The route or the schedule that a job was started by. `etag` and `version` are of the object that came, as its
    event names them; `asked` is the digest of which version that was, or of what the schedule asks for."""

    asked: str
    route: str | None = None
    schedule: str | None = None
    again: bool = False
    etag: str | None = None
    version: str | None = None


class Job(Value, frozen=True, kw_only=True):
    """A transfer's record: what pins its source, and the upload that it fills. S3 knows the rest."""

    id: str
    created: str
    request: TransferRequest
    info: SourceInfo | None = None
    plan: Plan | None = None
    regions: Regions = Regions()
    upload: Upload | None = None
    state: Literal["new", "transfer", "put", "stream", "skipped"] = "new"
    # False where no record shows that the parts in the upload are of this version of this source.
    trusted: bool = True
    # What all URLs of the source have in common that the parts were read from (`same_source`).
    source_id: str | None = None
    execution: str | None = None
    # Who fills the upload, where that is no execution.
    runner: Runner | None = None
    # Whether preparing it has been tried before: an upload that nobody has a record of may then be its own.
    begun: bool = False
    # The CRC64NVME of the whole that was about to be made of the parts: it shows whether a lost completion succeeded.
    due: int | None = None
    # The job whose upload this one continues.
    resumes: str | None = None
    # The job whose records of parts are of this very version of the source, so that such parts need not be compared.
    records_of: str | None = None
    # Digest of what was asked for: the same again, while this runs, joins it.
    asked: str | None = None
    # Whether an execution's input requested it, as for events, and not a client that may write records.
    requested: bool = False
    # What the worker opens: of a source's URLs the last one wins.
    sealed: tuple[Sealed, ...] = ()
    event: Event | None = None
    ingested: Ingested | None = None
    # The dataset whose item it is: one that is too large for a single unit has a record of its own.
    part_of: str | None = None

    @property
    def source(self) -> SourceUrl:
        """Raises BadSource."""
        return self.request.source_url

    @property
    def target(self) -> S3Url:
        """Raises BadSource, BadDestination."""
        return self.request.target


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """How a transfer ended. URLs are in their displayable form."""

    state: State
    source: str
    destination: str
    size: int | None = None
    parts: int | None = None
    retries: int | None = None
    checksum_algorithm: str | None = None
    checksum: str | None = None
    expected: str | None = None
    proof: Proof | None = None
    verdict: Verdict | None = None
    # The digest that the source states and the object has, as ALGORITHM:HEX, and those that nobody has compared.
    source_digest: str | None = None
    unchecked_digests: tuple[str, ...] | None = None
    # Files with digests beside the source that state none of it in a form that is known.
    unread_digest_files: tuple[str, ...] | None = None
    etag: str | None = None
    version_id: str | None = None
    source_etag: str | None = None
    source_last_modified: str | None = None
    # Where redirects led from the source's URL, without its login and query.
    final_url: str | None = None
    # What the source object has, or may have, and its copy has not, for want of a right: "tags".
    not_copied: tuple[Literal["tags"], ...] | None = None
    started: str | None = None
    seconds: float | None = None
    # Of a job in the cloud: what its workers did, and what that took. `seconds` is by the clock on the wall.
    invocations: int | None = None
    worker_seconds: float | None = None
    # What AWS charges for the job, about, and what of it is in that.
    cost_usd: float | None = None
    cost_of: str | None = None
    job: str | None = None
    event: Event | None = None
    # The transfer that wrote this very content while this one ran: its job, or "another transfer".
    finished_by: str | None = None
    # Why there was nothing to do for a route or a schedule.
    skipped: str | None = None
    # What a transfer that failed left in S3, where it costs storage until it is resumed or cancelled.
    unfinished_upload: str | None = None
    # When that is discarded unless it was resumed; the bytes in it, and what storing them until then costs, about.
    expires: str | None = None
    unfinished_bytes: int | None = None
    unfinished_cost_usd: float | None = None
    # Of a dataset: how many of its items ended in each way, and where its report is.
    counts: Counts | None = None
    report: str | None = None
    error: ErrorReport | None = None


def has_secrets(job: Job) -> bool:
    """Whether only the worker may prepare and complete the job."""
    return bool(job.sealed) or job.request.secret is not None
