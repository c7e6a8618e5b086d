"""What an item's outcome is, by what the lanes report."""

from __future__ import annotations

import msgspec

from s3am_cloud.checksums.crc64nvme import encode
from s3am_cloud.checksums.digests import PARTS_CRC
from s3am_cloud.datasets.candidates import Candidate
from s3am_cloud.datasets.decisions import Known, fingerprint
from s3am_cloud.datasets.outcomes import Outcome, outcome_of
from s3am_cloud.etags import plain
from s3am_cloud.model import Verdict
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.objects import Put, Saved
from s3am_cloud.same_source import source_id


def outcome_of_put(listed: Listed, put: Put) -> Outcome:
    return msgspec.structs.replace(
        outcome_of(listed.item, "copied"),
        size=put.size,
        verdict=_verdict(listed, put),
        checksum=f"{PARTS_CRC}:{encode(put.crc)}",
        etag=put.etag,
        version_id=put.version_id,
        retries=put.retries,
    )


def known_of_put(candidate: Candidate, put: Put) -> Known | None:
    """None where nothing surely identifies what it has: neither the version of the source nor a stated digest."""
    return known_of(candidate, put.etag, put.size, fingerprint(put.info))


def known_of(candidate: Candidate, etag: str, size: int, version: str) -> Known | None:
    """What to remember of an object or a file that has what the item states."""
    digest = str(candidate.expected) if candidate.expected is not None else None
    if not version and digest is None:
        return None
    return Known(etag=etag, size=size, source=source_id(candidate.source), version=version, digest=digest)


def outcome_of_saved(listed: Listed, saved: Saved) -> Outcome:
    return msgspec.structs.replace(
        outcome_of(listed.item, "copied"),
        size=saved.size,
        verdict="verified-by-source" if saved.shown else "size-only",
        checksum=f"{PARTS_CRC}:{encode(saved.crc)}",
        etag=saved.etag or None,
        version_id=saved.version_id,
        retries=saved.retries,
    )


def object_version(etag: str | None, size: int | None) -> str:
    """What identifies the version of an object that is downloaded; empty where nothing does so surely."""
    return f"{size} {plain(etag)}" if etag and size is not None else ""


def known_of_file(candidate: Candidate, etag: str, size: int, file_version: str) -> Known | None:
    """What to remember of a file that was made of this version of an object."""
    return known_of(candidate, file_version, size, object_version(etag, size))


def _verdict(listed: Listed, put: Put) -> Verdict:
    """The expected digest was compared here, and by S3 where it travelled with the bytes; a copy inside S3 was compared
    with the checksum that S3 states of its source."""
    if put.shown is None:
        return "size-only"
    by_source = listed.item.digest is not None or put.info.crc == put.crc
    return "verified-by-source" if by_source else put.info.in_transit
