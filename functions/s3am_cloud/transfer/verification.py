"""The story of `verify`: pin the object, read it over several connections, compare its checksum with what is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from s3am_cloud.checksums.crc64nvme import decode
from s3am_cloud.checksums.digests import PARTS_CRC, Expected, parse_expect
from s3am_cloud.errors import BadPartSize, ChecksumMismatch
from s3am_cloud.integrity.before_commit import compare
from s3am_cloud.integrity.compute import digest, digests
from s3am_cloud.integrity.provenance import metadata_of
from s3am_cloud.integrity.provenance_lookup import Reports, pinned, provenance_of, stated_in, version_of
from s3am_cloud.limits import MAX_COPY_PART, MIN_PART
from s3am_cloud.model import ObjectInfo, PinnedSource
from s3am_cloud.ports.transfer import Ports, Progress
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


class ReceiptVerified(msgspec.Struct, frozen=True, kw_only=True):
    """An object that was read again and has the checksums that were recorded of it.

    `compared_with` says which records there were: S3's own checksum, the receipt of the job that wrote the object, the
    digest that its source stated, and the one that its user expected.
    """

    source: str
    checksums: dict[str, str]
    size: int
    job: str | None
    compared_with: tuple[Literal["stored", "receipt", "source", "expected"], ...]

    @property
    def checksum(self) -> str:
        """The CRC64NVME of the content, in hexadecimal digits."""
        return self.checksums[PARTS_CRC]


def verify_object(request: VerifyRequest, ports: Ports, progress: Progress, on_size: Callable[[int], None]) -> Verified:
    """Raises NotAsExpected, ChecksumMismatch where S3 itself holds another checksum, and what `OrderedReader` does.

    BadPartSize, for ranges that no part of S3's could have.
    """
    requested = request.part_size
    if requested is not None and not MIN_PART <= requested <= MAX_COPY_PART:
        raise BadPartSize(f"a part has {MIN_PART:,} to {MAX_COPY_PART:,} bytes, not {requested:,}")
    info = pinned(request.source, ports.store)
    on_size(info.size)
    origin = PinnedSource(source=request.source.as_source, info=version_of(info))
    found = digest(request.algorithm, ports.readers(origin, request.connections, progress, requested))
    return Verified(
        source=str(request.source),
        checksum_algorithm=request.algorithm,
        checksum=found,
        size=info.size,
        compared_with=_compare(request, info, found),
    )


def compared_with(
    expected: Expected, source: S3Url, connections: int, ports: Ports, progress: Progress
) -> tuple[Literal["stored", "read"], int]:
    """How the object was found to have this checksum, and its size: by S3's own, where it holds one of that algorithm,
    else by reading the object.

    Raises NotAsExpected, SourceNotFound, and what `OrderedReader` does.
    """
    info = pinned(source, ports.store)
    found = info.checksums.get(expected.algorithm)
    by: Literal["stored", "read"] = "stored" if found is not None else "read"
    if found is None:
        origin = PinnedSource(source=source.as_source, info=version_of(info))
        found = digest(expected.algorithm, ports.readers(origin, connections, progress))
    compare(expected, found, str(source))
    return by, info.size


def verify_receipt(
    source: S3Url, connections: int, reports: Reports, ports: Ports, progress: Progress, on_size: Callable[[int], None]
) -> ReceiptVerified:
    """Reads the object again, and compares it with all that was said of it when it was written, and with S3's checksum.

    Raises ChecksumMismatch; of it NotAsStated for what its source said, NotAsExpected for what its user expected;
    and what `OrderedReader` does.
    """
    info = pinned(source, ports.store)
    known = provenance_of(source, info, reports)
    on_size(info.size)
    stored = info.checksums.get(PARTS_CRC)
    receipt = known.receipt
    written = f"{decode(receipt.checksum):016x}" if receipt and receipt.checksum else None
    claims = stated_in(metadata_of(info))
    said = receipt.source_digest if receipt else None
    if said and said not in map(str, claims):
        claims.append(msgspec.structs.replace(parse_expect(said), by_source=True))
    origin = PinnedSource(source=source.as_source, info=version_of(info))
    found = digests([PARTS_CRC, *(claim.algorithm for claim in claims)], ports.readers(origin, connections, progress))
    for claim in claims:
        compare(claim, found[claim.algorithm], str(source))
    for whose, value in (("S3 holds", stored), ("its receipt says", written)):
        if value not in {None, found[PARTS_CRC]}:
            raise ChecksumMismatch(f"{source} has {PARTS_CRC} {found[PARTS_CRC]}, where {whose} {value}")
    return ReceiptVerified(
        source=str(source),
        checksums=found,
        size=info.size,
        job=known.job,
        compared_with=(
            *(("stored",) if stored else ()),
            *(("receipt",) if written else ()),
            *(("source",) if any(claim.by_source for claim in claims) else ()),
            *(("expected",) if any(not claim.by_source for claim in claims) else ()),
        ),
    )


def _compare(request: VerifyRequest, info: ObjectInfo, found: str) -> Literal["expected", "stored"] | None:
    if request.expected is not None:
        compare(request.expected, found, str(request.source))
        return "expected"
    stored = info.checksums.get(request.algorithm)
    if stored is None:
        return None
    if stored != found:
        raise ChecksumMismatch(f"{request.source} has {request.algorithm} {found}, where S3 holds {stored}")
    return "stored"
