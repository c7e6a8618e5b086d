"""The contract of what copies whole objects, many at once: into S3 each with one PUT, into files each with one GET."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

import msgspec

from s3am_cloud.checksums.digests import Expected
from s3am_cloud.errors import TransferError
from s3am_cloud.model import Attributes, ObjectInfo, SourceInfo
from s3am_cloud.ports.pace import ShouldStop
from s3am_cloud.urls import S3Url, SourceUrl


class WholeObject(msgspec.Struct, frozen=True, kw_only=True):
    """One object to make. `number` is the caller's name for it.

    With `expected`, S3 is sent that digest to hold the bytes to, or they are compared before. `size` is what the
    source is said to have. Without `overwrite` an object that exists is left as it is.
    """

    number: int
    source: SourceUrl
    target: S3Url
    size: int | None = None
    expected: Expected | None = None
    overwrite: bool = False


class WholeFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file to make of an object. `number` is the caller's name for it.

    `path` is absolute, and its folder exists. `size` and `etag` are what a listing said of the object. Without
    `overwrite` a file that exists is left as it is.
    """

    number: int
    source: S3Url
    path: str
    size: int | None = None
    etag: str | None = None
    expected: Expected | None = None
    overwrite: bool = False


class Put(msgspec.Struct, frozen=True, kw_only=True):
    """An object that was made, of `size` bytes with the CRC64NVME `crc`.

    `shown` says whether S3's answer shows that it has just these bytes; None where it does not say, or was lost.
    Without an `etag` the answer was lost, and the object that is there may be another one.
    """

    number: int
    size: int
    crc: int
    info: SourceInfo
    etag: str = ""
    version_id: str | None = None
    shown: bool | None = None
    # Whether the request carried the expected digest, so that S3 itself has compared it.
    digest_sent: bool = False
    retries: int = 0


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was made of an object, of `size` bytes with the CRC64NVME `crc`.

    `shown` says whether a checksum of S3's, or the expected one, showed that it has just the object's bytes.
    `file_version` identifies the file as it was made.
    """

    number: int
    size: int
    crc: int
    shown: bool
    etag: str = ""
    version_id: str | None = None
    file_version: str = ""
    retries: int = 0


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An object or file that was not made."""

    number: int
    error: TransferError
    retries: int = 0


class Unfit(msgspec.Struct, frozen=True, kw_only=True):
    """What one PUT or GET is not right for: it is larger, or needs more than one plain request."""

    number: int


class LookWanted(msgspec.Struct, frozen=True, kw_only=True):
    """An object to look at. `number` is the caller's name for it."""

    number: int
    target: S3Url


class LookedAt(msgspec.Struct, frozen=True, kw_only=True):
    """What a look showed; None where one request did not show it, whether there is such an object or not."""

    number: int
    info: ObjectInfo | None = None


Settled = Put | Saved | Refused | Unfit
Whole_contra = TypeVar("Whole_contra", contravariant=True)


class AttributesOf(Protocol):
    """What an object carries, once its source has been seen."""

    def __call__(self, number: int, info: SourceInfo) -> Attributes: ...


class WholeMover(Protocol[Whole_contra]):
    """Copies whole objects over many connections at once. One that fails stops no other."""

    def copy(self, objects: Iterable[Whole_contra | None], should_stop: ShouldStop) -> Iterator[Settled]:
        """Each object when it is settled, in any order; `objects` is read as connections become free, and gives None
        where there is no other one yet.

        When `should_stop` is true, what is on its way is dropped, and not among what is yielded.
        """


class ObjectLooks(Protocol):
    """Looks at many objects, over many connections at once."""

    def look(self, objects: Iterable[LookWanted | None], should_stop: ShouldStop) -> Iterator[LookedAt]:
        """Each object when it was looked at, in any order; all else is as for `WholeMover.copy`."""


ObjectMover = WholeMover[WholeObject]
FileMover = WholeMover[WholeFile]
