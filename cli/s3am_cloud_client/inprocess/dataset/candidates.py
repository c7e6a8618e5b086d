"""An item whose URLs were read: what the lanes work on."""

from __future__ import annotations

from typing import NamedTuple

from s3am_cloud.checksums.digests import Expected, parse_expect
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.urls import S3Url, SourceUrl, parse_s3, parse_source


class Candidate(NamedTuple):
    """An item of the list, and what it names."""

    listed: Listed
    source: SourceUrl
    target: S3Url
    expected: Expected | None

    @property
    def number(self) -> int:
        return self.listed.number


def candidate(listed: Listed) -> Candidate:
    """Raises BadSource, BadS3Url, Usage and UnknownChecksum."""
    item = listed.item
    expected = parse_expect(item.digest) if item.digest else None
    return Candidate(listed, parse_source(item.source), parse_s3(item.destination), expected)
