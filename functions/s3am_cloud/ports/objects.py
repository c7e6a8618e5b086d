"""The contract of what copies whole objects, many at once, each with one PUT."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec

from s3am_cloud.checksums.digests import Expected
from s3am_cloud.errors import TransferError
from s3am_cloud.model import Attributes, SourceInfo
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


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An object that was not made."""

    number: int
    error: TransferError
    retries: int = 0


class Unfit(msgspec.Struct, frozen=True, kw_only=True):
    """An object that one PUT from here is not right for: it is larger, or its source needs more than one plain GET."""

    number: int


Settled = Put | Refused | Unfit


class AttributesOf(Protocol):
    """What an object carries, once its source has been seen."""

    def __call__(self, number: int, info: SourceInfo) -> Attributes: ...


class ObjectMover(Protocol):
    """Copies whole objects over many connections at once. An object that fails stops no other."""

    def copy(self, objects: Iterable[WholeObject | None], should_stop: ShouldStop) -> Iterator[Settled]:
        """Each object when it is settled, in any order; `objects` is read as connections become free, and gives None
        where there is no other one yet.

        When `should_stop` is true, what is on its way is dropped, and not among what is yielded.
        """
