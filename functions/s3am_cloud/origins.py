"""Where an object came from and how it was verified: its own metadata, and the report of the job that wrote it.

Metadata say what was known before the object was made. A report says how that ended; it counts only where it is of
this very version of the object, since whoever copies an object copies its metadata with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import msgspec

from s3am_cloud.checksum import ALGORITHM, encode
from s3am_cloud.errors import BadDestination, BadSource, SourceNotFound
from s3am_cloud.model import ObjectInfo, Receipt, Verdict
from s3am_cloud.ports import ObjectStore
from s3am_cloud.provenance import JOB, SOURCE, SOURCE_DIGEST, SOURCE_VERSION, TOOL
from s3am_cloud.urls import S3Url

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
Reports = Callable[[str], Receipt | None]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an object, and from where: its job's report, its metadata alone, or S3 alone.

    `checksum` is what S3 holds of the whole, `source_digest` what the source said when the transfer began.
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
    tool_version: str | None = None
    receipt: Receipt | None = None


def origin_of(target: S3Url, info: ObjectInfo, reports: Reports) -> Known:
    """What is known of the object, which S3 describes so."""
    said = {name.lower(): value for name, value in info.attributes.metadata.items()}
    # Anybody may write metadata, and an id becomes a name of documents.
    job = said.get(JOB) if _ID.fullmatch(said.get(JOB, "")) else None
    receipt = _of_this(reports(job), target, info) if job else None
    return Known(
        object=str(target),
        known_from="report" if receipt else "metadata" if job else "store",
        verdict=receipt.verdict if receipt else None,
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


def _of_this(receipt: Receipt | None, target: S3Url, info: ObjectInfo) -> Receipt | None:
    """The receipt, if it is of this version of this object."""
    if receipt is None or receipt.state != "succeeded" or receipt.destination != str(target):
        return None
    return receipt if (receipt.etag, receipt.version_id) == (info.etag, info.version_id) else None
