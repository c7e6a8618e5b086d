"""Where an object came from and how it was verified: its own metadata, and the report of the job that wrote it.

A report says how the job ended; it counts only where it is of this very version of the object, since whoever copies an
object copies its metadata with it. Metadata say what was known before the object was made: where no report is found,
what they state is compared with S3's own checksums, and the content of a small object is read for it. So the verdict of
an object is known without a stack, too, and never more than was shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

import msgspec

from s3am_cloud.checksums.crc64nvme import ALGORITHM, encode
from s3am_cloud.checksums.digest_files import read
from s3am_cloud.checksums.digests import Expected
from s3am_cloud.errors import BadDestination, BadSource, SourceNotFound
from s3am_cloud.integrity.provenance import (
    EXPECTED,
    JOB,
    OBJECT,
    SOURCE,
    SOURCE_DIGEST,
    SOURCE_VERSION,
    TOOL,
    VERDICT,
    mark,
    metadata_of,
)
from s3am_cloud.limits import SMALL_OBJECT
from s3am_cloud.model import ObjectInfo, Receipt, SourceInfo, Verdict
from s3am_cloud.ports.transfer import ObjectStore
from s3am_cloud.urls import S3Url

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
Reports = Callable[[str], Receipt | None]
# The digests of these algorithms of an object's content, which is read for them.
Reading = Callable[[S3Url, ObjectInfo, Sequence[str]], Mapping[str, str]]


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an object, and from where: its job's report, its metadata alone, or S3 alone.

    `checksum` is what S3 holds of the whole, `source_digest` what the source said when the transfer began, `expected`
    what the user held it to, and `differing` those of the two that the object does not have.
    """

    object: str
    known_from: Literal["report", "metadata", "store"]
    verdict: Verdict | None
    size: int
    etag: str
    version_id: str | None = None
    last_modified: str | None = None
    checksum_algorithm: str | None = None
    checksum: str | None = None
    job: str | None = None
    source: str | None = None
    source_version: str | None = None
    source_digest: str | None = None
    expected: str | None = None
    differing: tuple[str, ...] | None = None
    tool_version: str | None = None
    receipt: Receipt | None = None


def provenance_of(target: S3Url, info: ObjectInfo, reports: Reports, reading: Reading | None = None) -> Provenance:
    """What is known of the object, which S3 describes so. Without `reading` nothing is read."""
    said = metadata_of(info)
    # Anybody may write metadata, and an id becomes a name of documents.
    job = said.get(JOB) if _ID.fullmatch(said.get(JOB, "")) else None
    receipt = _of_this(reports(job), target, info) if job else None
    differing, verdict = _shown(target, info, said, reading) if job and receipt is None else ((), None)
    return Provenance(
        object=str(target),
        known_from="report" if receipt else "metadata" if job else "store",
        verdict=receipt.verdict if receipt else verdict,
        size=info.size,
        etag=info.etag,
        version_id=info.version_id,
        last_modified=info.last_modified,
        checksum_algorithm=ALGORITHM if info.full_object else None,
        checksum=encode(info.crc) if info.full_object and info.crc is not None else None,
        job=job,
        source=said.get(SOURCE),
        source_version=said.get(SOURCE_VERSION),
        source_digest=said.get(SOURCE_DIGEST),
        expected=said.get(EXPECTED),
        differing=differing or None,
        tool_version=said.get(TOOL),
        receipt=receipt,
    )


def pinned(target: S3Url, store: ObjectStore) -> ObjectInfo:
    """The object as it is now. Raises SourceNotFound, and BadSource for a bucket that is not there."""
    try:
        info = store.head(target)
    except BadDestination as error:
        raise BadSource(error.message, error.hint) from error
    if info is None:
        raise SourceNotFound(f"{target} does not exist", "check the bucket's name and the key")
    return info


def version_of(info: ObjectInfo) -> SourceInfo:
    """What holds every range that is read to this very version."""
    return SourceInfo(
        size=info.size, ranges=True, etag=info.etag, last_modified=info.last_modified, version=info.version_id
    )


def stated_in(said: Mapping[str, str]) -> list[Expected]:
    """The digests that an object's metadata state of its content: the user's, and then the source's."""
    found = [(name, *said.get(name, "").partition(":")) for name in (EXPECTED, SOURCE_DIGEST)]
    digests = [(name, read(algorithm, digits)) for name, algorithm, _, digits in found]
    return [msgspec.structs.replace(one, by_source=name == SOURCE_DIGEST) for name, one in digests if one is not None]


def _shown(
    target: S3Url, info: ObjectInfo, said: Mapping[str, str], reading: Reading | None
) -> tuple[tuple[str, ...], Verdict | None]:
    """The stated digests that the object does not have, and the verdict that its metadata and S3's checksums show."""
    stated, known = stated_in(said), dict(info.checksums)
    # S3's ETag of a single part is its MD5, unless it is encrypted with a key of KMS or the customer's.
    known |= {
        one.algorithm: one.digest for one in stated if (one.algorithm, one.digest) == ("md5", info.etag.strip('"'))
    }
    unknown = [one.algorithm for one in stated if one.algorithm not in known]
    if unknown and reading is not None and info.size <= SMALL_OBJECT:
        known |= reading(target, info, unknown)
    differing = tuple(str(one) for one in stated if known.get(one.algorithm, one.digest) != one.digest)
    if differing:
        return differing, None
    if any(one.algorithm in known for one in stated):
        return (), "verified-by-source"
    promised = next((one for one in get_args(Verdict) if one == said.get(VERDICT)), None)
    if promised is None or said.get(OBJECT) not in {mark(target.latest, info.size), mark(target.latest, None)}:
        return (), None
    return (), promised if info.full_object else "size-only"


def _of_this(receipt: Receipt | None, target: S3Url, info: ObjectInfo) -> Receipt | None:
    """The receipt, if it is of this version of this object."""
    if receipt is None or receipt.state != "succeeded" or receipt.destination != str(target.latest):
        return None
    return receipt if (receipt.etag, receipt.version_id) == (info.etag, info.version_id) else None
