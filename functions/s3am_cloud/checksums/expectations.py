"""What a transfer is held to: the checksum that its user expects, and what its source claims."""

from __future__ import annotations

from typing import Final

from s3am_cloud.checksums.digests import PARTS_CRC, Expected, parse_expect
from s3am_cloud.limits import SMALL_OBJECT
from s3am_cloud.model import Job, SourceInfo, TransferRequest
from s3am_cloud.urls import SourceUrl

ARCHIVES: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Storage classes from which S3 gives nothing before it is restored ("Working with archived objects", user guide)."""


def expected_of(request: TransferRequest) -> Expected | None:
    """Raises UnknownChecksum, and Usage for a value that can't be one."""
    return parse_expect(request.expect) if request.expect else None


def by_parts(request: TransferRequest) -> bool:
    """Whether what the request is held to shows from the checksums of its parts."""
    expected = expected_of(request)
    return expected is not None and expected.algorithm == PARTS_CRC


def by_reading(request: TransferRequest, source: SourceUrl, info: SourceInfo) -> tuple[Expected, ...]:
    """What shows by a reading of the whole content only: what the user holds it to, and what the source claims.

    A claim that nobody has asked for is worth that only where the reading is a small one, and possible.
    """
    expected = expected_of(request)
    found = [expected] if expected is not None and not by_parts(request) else []
    small = source.scheme != "s3" and info.size is not None and info.size <= SMALL_OBJECT
    if request.source_digest is not None or (small and request.attributes.storage_class not in ARCHIVES):
        found += [claim for claim in stated_digests(info) if claim.algorithm != PARTS_CRC]
    return tuple(found)


def read_again(job: Job) -> int:
    """The bytes of the object that are read once it is made, as nothing before shows what the job is held to.

    A stream is compared as it passes, and a local file beside its transfer.
    """
    passing = job.state == "stream" and not job.request.keep_mismatch
    if job.info is None or passing or job.source.scheme == "file":
        return 0
    return (job.info.size or 0) if by_reading(job.request, job.source, job.info) else 0


def stated_digests(info: SourceInfo) -> list[Expected]:
    return [Expected(name, digest, by_source=True) for name, digest in info.claims.items()]
