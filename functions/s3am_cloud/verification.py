"""The story of `verify`: pin the object, read it over several connections, compare its checksum with what is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from s3am_cloud.digests import Expected
from s3am_cloud.errors import BadPartSize, ChecksumMismatch
from s3am_cloud.expect import compare
from s3am_cloud.limits import MAX_PART, MIN_PART
from s3am_cloud.model import Origin
from s3am_cloud.ports import Ports, Progress
from s3am_cloud.steps.digest import digest
from s3am_cloud.steps.probe import probe
from s3am_cloud.urls import S3Url, SourceUrl


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
    origin = probe(SourceUrl("s3", str(request.source)), ports.source)
    size = origin.info.size or 0
    on_size(size)
    found = digest(request.algorithm, ports.readers(origin, request.connections, progress, wish))
    return Verified(
        source=str(request.source),
        checksum_algorithm=request.algorithm,
        checksum=found,
        size=size,
        compared_with=_compare(request, origin, found, ports),
    )


def _compare(request: VerifyRequest, origin: Origin, found: str, ports: Ports) -> Literal["expected", "stored"] | None:
    if request.expected is not None:
        compare(request.expected, found, str(request.source))
        return "expected"
    info = ports.store.head(request.source)
    if info is None or (info.etag, info.version_id) != (origin.info.etag, origin.info.version):
        return None  # what was read is one whole version all the same: every answer was held to the probed one
    held = info.checksums.get(request.algorithm)
    if held is None:
        return None
    if held != found:
        raise ChecksumMismatch(f"{request.source} has {request.algorithm} {found}, where S3 holds {held}")
    return "stored"
