"""Objects that an earlier try of the same dataset made: an invocation that died is repeated, and has copied them.

The object's own metadata say which job wrote it. An object without them is compared with its source, as any other.
"""

from __future__ import annotations

from typing import get_args

import msgspec

from s3am_cloud.checksums.crc64nvme import encode
from s3am_cloud.checksums.digests import PARTS_CRC, parse_expect
from s3am_cloud.datasets.outcomes import Outcome, outcome_of
from s3am_cloud.integrity.provenance import JOB, OBJECT, VERDICT, mark, metadata_of
from s3am_cloud.jobs.dataset.records import item_job_id
from s3am_cloud.model import ObjectInfo, Verdict
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.urls import parse_s3


def own_outcome(dataset_id: str, listed: Listed, info: ObjectInfo) -> Outcome | None:
    """How the item ended, where the object, as HEAD shows it, is this dataset's own and nothing is left to be compared;
    else None."""
    said = metadata_of(info)
    if said.get(JOB) not in {dataset_id, item_job_id(dataset_id, listed.number)}:
        return None
    if said.get(OBJECT) != mark(parse_s3(listed.item.destination), info.size):
        return None
    verdict = _verdict(listed, info, said.get(VERDICT, ""))
    if verdict is None:
        return None
    return msgspec.structs.replace(
        outcome_of(listed.item, "copied"),
        size=info.size,
        verdict=verdict,
        checksum=None if info.crc is None else f"{PARTS_CRC}:{encode(info.crc)}",
        etag=info.etag,
        version_id=info.version_id,
    )


def _verdict(listed: Listed, info: ObjectInfo, promised: str) -> Verdict | None:
    """None where the item has a digest that S3 does not state of the object: it may not have been compared."""
    if listed.item.digest is not None:
        expected = parse_expect(listed.item.digest)
        return "verified-by-source" if info.checksums.get(expected.algorithm) == expected.digest else None
    return next((verdict for verdict in get_args(Verdict) if verdict == promised), None)
