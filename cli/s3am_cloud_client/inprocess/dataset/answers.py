"""What an item's outcome is, by what the lanes report."""

from __future__ import annotations

import msgspec

from s3am_cloud.checksums.crc64nvme import encode
from s3am_cloud.checksums.digests import PARTS_CRC
from s3am_cloud.datasets.decisions import Known, fingerprint
from s3am_cloud.datasets.outcomes import Outcome, outcome_of
from s3am_cloud.model import Verdict
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.objects import Put
from s3am_cloud.same_source import source_id
from s3am_cloud_client.inprocess.dataset.candidates import Candidate


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
    """None where nothing surely identifies the version of the source."""
    version = fingerprint(put.info)
    name = source_id(candidate.source)
    return Known(etag=put.etag, size=put.size, source=name, version=version) if version else None


def _verdict(listed: Listed, put: Put) -> Verdict:
    """The expected digest was compared here, and by S3 where it travelled with the bytes."""
    if put.shown is None:
        return "size-only"
    return "verified-by-source" if listed.item.digest is not None else put.info.in_transit
