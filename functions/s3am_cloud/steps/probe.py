"""Find out what there is to move, and pin it."""

from __future__ import annotations

from s3am_cloud.errors import BadSource
from s3am_cloud.limits import MAX_OBJECT
from s3am_cloud.model import Origin
from s3am_cloud.ports import Source
from s3am_cloud.urls import SourceUrl


def probe(url: SourceUrl, source: Source) -> Origin:
    """The source with what pins its version. Raises what `Source.probe` does, and BadSource beyond S3's largest."""
    info = source.probe(url)
    if info.size is not None and info.size > MAX_OBJECT:
        raise BadSource(
            f"{url.display} has {info.size:,} bytes; an S3 object has at most {MAX_OBJECT:,}",
            "split it into several objects",
        )
    return Origin(url=url.url, info=info)
