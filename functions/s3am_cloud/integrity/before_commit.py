"""Holding a transfer to checksums that its user or its source states: before the object is made wherever that can be.

    before any transfer      the size where it is known, an empty source, and an object whose CRC64NVME S3 states
    before Complete          CRC64NVME, combined from the parts; any other of a local file, by reading it beside its
                             transfer, or of a stream, as it passes
    after Complete           any other (`after_commit.py`): what the store itself says, or reading the stored object

With `keep_mismatch` nothing is refused before: the object is made, is left where it is, and the error comes after it.
"""

from __future__ import annotations

from collections.abc import Iterator

from s3am_cloud.checksums.digests import PARTS_CRC, Expected, new
from s3am_cloud.checksums.expectations import ARCHIVES, by_parts, by_reading, expected_of, stated_digests
from s3am_cloud.errors import BadRequest, NotAsExpected, NotAsStated
from s3am_cloud.integrity.compute import digests
from s3am_cloud.limits import DEFAULT_PART, LAMBDA_BYTES_PER_SECOND
from s3am_cloud.model import Job, PinnedSource, SourceInfo, TransferRequest
from s3am_cloud.ports.transfer import Ports, Progress
from s3am_cloud.urls import SourceUrl


def is_stream(info: SourceInfo) -> bool:
    """Up to a part's size a source without ranges goes in one request, if only its size is known."""
    return info.size is None or (not info.ranges and info.size > DEFAULT_PART)


def needs_parts(request: TransferRequest, source: SourceUrl, info: SourceInfo) -> bool:
    """Whether even a small object goes as a multipart upload, as only that can be refused before it is made."""
    return by_parts(request) and not request.keep_mismatch and source.scheme != "s3" and info.size != 0


def check_early(request: TransferRequest, source: SourceUrl, info: SourceInfo, most: int | None = None) -> None:
    """Raises NotAsExpected where the probe alone shows it, and what `expected_of` does.

    Raises BadRequest where more than `most` bytes, if there is such a limit, would have to be read in order.
    """
    check_size(request, info.size, source.display)
    expected, size = expected_of(request), info.size or 0
    wanted = by_reading(request, source, info)
    if most is not None and size > most and wanted:
        raise BadRequest(
            f"{wanted[0].algorithm} needs {size:,} bytes to be read in their order, which takes a function "
            f"{size / LAMBDA_BYTES_PER_SECOND:,.0f} s; it has {most // LAMBDA_BYTES_PER_SECOND} s",
            "use crc64nvme, leave --source-digest out, or use s3am-cloud upload",
        )
    if wanted and not is_stream(info) and source.scheme != "file":
        _check_readable(request, wanted[0])
    if request.keep_mismatch:
        return
    if info.size == 0:
        for one in (*([expected] if expected else []), *stated_digests(info)):
            compare(one, new(one.algorithm).hexdigest(), source.display)
    elif info.crc is not None and expected is not None:
        check_before(request, info.crc)


def _check_readable(request: TransferRequest, wanted: Expected) -> None:
    """Raises BadRequest where the object would have to be read in an archive of S3's, once it is there."""
    name = request.attributes.storage_class
    if name in ARCHIVES:
        raise BadRequest(
            f"{wanted.algorithm} shows by reading the object once it is made, and S3 lets nobody read from {name}",
            "use crc64nvme, which the parts show, leave --source-digest out, or choose another --storage-class",
        )


def check_size(request: TransferRequest, size: int | None, what: str) -> None:
    """Raises NotAsExpected for another size than the request states. None is one that shows only at the end."""
    if request.size is not None and size is not None and size != request.size:
        raise NotAsExpected(f"{what} has {size:,} bytes, where {request.size:,} are expected")


def check_before(request: TransferRequest, crc: int) -> None:
    """Raises NotAsExpected where `crc`, the CRC64NVME of the whole, is not what the request is held to."""
    if not request.keep_mismatch:
        check_crc(request, crc, "the content")


def check_crc(request: TransferRequest, crc: int, what: str) -> None:
    """The same of `what`, whatever is to become of the object."""
    expected = expected_of(request)
    if expected is not None and expected.algorithm == PARTS_CRC:
        compare(expected, f"{crc:016x}", what)


def checks_stream(job: Job) -> bool:
    """Whether what the user expects and the source claims is compared as the bytes pass in their order."""
    return job.state == "stream" and not job.request.keep_mismatch


def passing(job: Job, chunks: Iterator[memoryview]) -> Iterator[memoryview]:
    """The bytes of a stream, which ends in NotAsExpected where they, or their number, are not what the user expects,
    and of it in NotAsStated where they are not what the source claims."""
    due: list[Expected] = []
    if checks_stream(job) and job.info is not None:
        expected = expected_of(job.request)
        due = [*([expected] if expected and not by_parts(job.request) else []), *stated_digests(job.info)]
    running = [new(one.algorithm) for one in due]
    size = 0
    for chunk in chunks:
        size += len(chunk)
        for digest in running:
            digest.update(chunk)
        yield chunk
    check_size(job.request, size, job.source.display)
    for one, digest in zip(due, running, strict=True):
        compare(one, digest.hexdigest(), job.source.display)


def check_source(wanted: tuple[Expected, ...], origin: PinnedSource, ports: Ports, progress: Progress) -> None:
    """Holds a local file to checksums by reading it. Raises NotAsExpected, and SourceChanged where it is no longer
    what was probed."""
    found = digests([one.algorithm for one in wanted], ports.readers(origin, 1, progress))
    for one in wanted:
        compare(one, found[one.algorithm], origin.source.url)


def compare(expected: Expected, found: str, what: str) -> None:
    """Raises NotAsExpected, and of it NotAsStated for what a source says."""
    if found == expected.digest:
        return
    said = f"{what} has {expected.algorithm} {found}, where "
    if expected.by_source:
        raise NotAsStated(f"{said}its source says {expected.digest}")
    raise NotAsExpected(f"{said}{expected.digest} is expected")
