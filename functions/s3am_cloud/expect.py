"""Holding an upload to a checksum that its user knows: before the object is made wherever that can be, else after.

    before anything moves    an empty source, and an object whose CRC64NVME S3 tells
    before Complete          CRC64NVME, combined from the parts; any other of a local file, by reading it
    after Complete           any other: what the store itself tells, or a reading of the stored object

With `keep_mismatch` nothing is refused before: the object is made, is left where it is, and the error comes after it.
"""

from __future__ import annotations

from s3am_cloud.digests import Expected, new, parse_expect
from s3am_cloud.errors import ChecksumMismatch, NotAsExpected
from s3am_cloud.model import ObjectInfo, Origin, SourceInfo, TransferRequest
from s3am_cloud.ports import ObjectStore, Ports, Progress
from s3am_cloud.steps.digest import digest
from s3am_cloud.urls import S3Url, SourceUrl

PARTS_CRC = "crc64nvme"


def held_to(request: TransferRequest) -> Expected | None:
    """Raises UnknownChecksum, and Usage for a value that can't be one."""
    return parse_expect(request.expect) if request.expect else None


def by_parts(request: TransferRequest) -> bool:
    """Whether what the request is held to shows from the checksums of its parts."""
    expected = held_to(request)
    return expected is not None and expected.algorithm == PARTS_CRC


def needs_parts(request: TransferRequest, source: SourceUrl, info: SourceInfo) -> bool:
    """Whether even a small object goes as a multipart upload, as only that can be refused before it is made."""
    return by_parts(request) and not request.keep_mismatch and source.scheme != "s3" and info.size != 0


def check_early(request: TransferRequest, source: SourceUrl, info: SourceInfo) -> None:
    """Raises NotAsExpected where the probe alone shows it, and what `held_to` does."""
    expected = held_to(request)
    if expected is None or request.keep_mismatch:
        return
    if info.size == 0:
        compare(expected, new(expected.algorithm).hexdigest(), source.display)
    elif info.crc is not None:
        check_before(request, info.crc)


def check_before(request: TransferRequest, crc: int) -> None:
    """Raises NotAsExpected where `crc`, the CRC64NVME of the whole, is not what the request is held to."""
    if not request.keep_mismatch:
        check_crc(request, crc, "the content")


def check_crc(request: TransferRequest, crc: int, what: str) -> None:
    """The same of `what`, whatever is to become of the object."""
    expected = held_to(request)
    if expected is not None and expected.algorithm == PARTS_CRC:
        compare(expected, f"{crc:016x}", what)


def digest_of_source(expected: Expected, origin: Origin, ports: Ports, progress: Progress) -> str:
    """The checksum of a local file by reading it. Raises SourceChanged where it is no longer what was probed."""
    return digest(expected.algorithm, ports.readers(origin, 1, progress))


def check_stored(
    expected: Expected, target: S3Url, stored: SourceInfo, slots: int, ports: Ports, progress: Progress
) -> None:
    """Holds that version of the object to the checksum: to the store's own where it has one, else by reading it.

    Raises NotAsExpected, and ChecksumMismatch where it is not there any more.
    """
    info = ports.store.head(target)
    if info is None or not _same(info, stored):
        raise ChecksumMismatch(f"{target} was replaced before it could be checked")
    known = info.checksums.get(expected.algorithm)
    origin = Origin(url=str(target), info=stored)
    compare(expected, known or digest(expected.algorithm, ports.readers(origin, slots, progress)), str(target))


def withdraw(target: S3Url, stored: SourceInfo, store: ObjectStore) -> None:
    """Deletes that version of the object; another that came meanwhile stays."""
    info = store.head(target)
    if stored.version or (info is not None and _same(info, stored)):
        store.delete(target, stored.version)


def compare(expected: Expected, found: str, what: str) -> None:
    """Raises NotAsExpected."""
    if found != expected.digest:
        raise NotAsExpected(f"{what} has {expected.algorithm} {found}, where {expected.digest} is expected")


def _same(info: ObjectInfo, stored: SourceInfo) -> bool:
    return (info.etag, info.version_id, info.size) == (stored.etag, stored.version, stored.size)
