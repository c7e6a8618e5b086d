"""Decide whether a source may be read over several requests: only where all answers can be held to one version."""

from __future__ import annotations

import msgspec

from s3am_cloud.checksums.expectations import expected_of, stated_digests
from s3am_cloud.errors import Usage
from s3am_cloud.model import PinnedSource, SourceInfo, TransferRequest
from s3am_cloud.urls import NETWORK_SCHEMES


def one_version(request: TransferRequest, origin: PinnedSource) -> PinnedSource:
    """The origin, without ranges where it is to be read in one request: that is one version whatever happens.

    So it is where nothing pins the version, unless the user wants ranges all the same. These may then be of several
    versions, so a digest has to prove the whole: raises Usage where there is none.
    """
    source, info = origin.source, origin.info
    if source.scheme not in NETWORK_SCHEMES or not info.ranges or not info.size:
        return origin
    if request.ranges == "never":
        return _in_one_request(origin)
    if info.pinned != "none":
        return origin
    if request.ranges == "auto":
        return _in_one_request(origin)
    if not _has_second_proof(request, info):
        raise Usage(
            f"nothing pins the version of {source.display}, and no digest would prove what comes in ranges",
            "add --expect ALGORITHM:VALUE, or --source-digest URL, or leave --ranges out",
        )
    return origin


def _in_one_request(origin: PinnedSource) -> PinnedSource:
    return PinnedSource(source=origin.source, info=msgspec.structs.replace(origin.info, ranges=False))


def _has_second_proof(request: TransferRequest, info: SourceInfo) -> bool:
    return expected_of(request) is not None or (request.source_digest is not None and bool(stated_digests(info)))
