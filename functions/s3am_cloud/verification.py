"""The story of `verify`: pin the object, read it over several connections, compare its checksum with what is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from s3am_cloud.digests import Expected
from s3am_cloud.errors import BadDestination, BadPartSize, BadSource, ChecksumMismatch, SourceNotFound
from s3am_cloud.expect import compare
from s3am_cloud.limits import MAX_PART, MIN_PART
from s3am_cloud.model import ObjectInfo, Origin, SourceInfo
from s3am_cloud.ports import ObjectStore, Ports, Progress
from s3am_cloud.steps.digest import digest
from s3am_cloud.urls import S3Url


class VerifyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The options of `verify` by their names, once they are known to make sense."""

    source: S3Url
    algorithm: str
    connections: int
    expected: Expected | None = None
    part_size: int | None = None


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """The checksum of an object's content, and what it was found equal to: None where nothing is known of it."""

    source: str
    checksum_algorithm: str
    checksum: str
    size: int
    compared_with: Literal["expected", "stored"] | None


def verify_object(request: VerifyRequest, ports: Ports, progress: Progress, on_size: Callable[[int], None]) -> Verified:
    """Raises NotAsExpected, ChecksumMismatch where S3 itself holds another checksum, and what `OrderedReader` does.

    BadPartSize, for ranges that no part of S3's could have.
    """
    wish = request.part_size
    if wish is not None and not MIN_PART <= wish <= MAX_PART:
        raise BadPartSize(f"a part has {MIN_PART:,} to {MAX_PART:,} bytes, not {wish:,}")
    info = _pinned(request.source, ports.store)
    on_size(info.size)
    origin = Origin(url=str(request.source), info=_version(info))
    found = digest(request.algorithm, ports.readers(origin, request.connections, progress, wish))
    return Verified(
        source=str(request.source),
        checksum_algorithm=request.algorithm,
        checksum=found,
        size=info.size,
        compared_with=_compare(request, info, found),
    )


def _pinned(source: S3Url, store: ObjectStore) -> ObjectInfo:
    try:
        info = store.head(source)
    except BadDestination as error:
        raise BadSource(error.message, error.hint) from error
    if info is None:
        raise SourceNotFound(f"{source} does not exist", "check the bucket's name and the key")
    return info


def _version(info: ObjectInfo) -> SourceInfo:
    """What holds every range that is read to this very version."""
    return SourceInfo(
        size=info.size, ranges=True, etag=info.etag, last_modified=info.last_modified, version=info.version_id
    )


def _compare(request: VerifyRequest, info: ObjectInfo, found: str) -> Literal["expected", "stored"] | None:
    if request.expected is not None:
        compare(request.expected, found, str(request.source))
        return "expected"
    held = info.checksums.get(request.algorithm)
    if held is None:
        return None
    if held != found:
        raise ChecksumMismatch(f"{request.source} has {request.algorithm} {found}, where S3 holds {held}")
    return "stored"
