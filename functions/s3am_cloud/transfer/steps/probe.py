"""Find out what there is to move, and pin it."""

from __future__ import annotations

import msgspec

from s3am_cloud.errors import BadSource
from s3am_cloud.limits import MAX_COPIED_OBJECT, MAX_OBJECT, WORTH_A_SAMPLE
from s3am_cloud.model import PinnedSource
from s3am_cloud.ports.pace import RateProbe, no_rate
from s3am_cloud.ports.transfer import Source
from s3am_cloud.urls import NETWORK_SCHEMES, SourceUrl


def probe(url: SourceUrl, source: Source, rate_probe: RateProbe = no_rate) -> PinnedSource:
    """The source with what pins its version, and its rate if it is large enough for that to matter.

    Raises what `Source.probe` does, and BadSource beyond S3's largest.
    """
    info = source.probe(url)
    most = MAX_COPIED_OBJECT if url.scheme == "s3" else MAX_OBJECT
    if info.size is not None and info.size > most:
        raise BadSource(
            f"{url.display} has {info.size:,} bytes; an S3 object has at most {most:,}",
            "split it into several objects",
        )
    origin = PinnedSource(source=url, info=info)
    if url.scheme not in NETWORK_SCHEMES or (info.size or 0) <= WORTH_A_SAMPLE:
        return origin
    return PinnedSource(source=url, info=msgspec.structs.replace(info, rate=rate_probe(origin)))
