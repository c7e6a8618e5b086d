"""An item whose URLs were read: what the lanes work on."""

from __future__ import annotations

from typing import NamedTuple

from s3am_cloud.checksums.digests import Expected, parse_expect
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.urls import S3Url, SourceUrl, parse_s3, parse_source


class Candidate(NamedTuple):
    """An item of the list, and what it names. `stored` is the object in S3: an upload's destination, a download's
    source."""

    listed: Listed
    source: SourceUrl
    stored: S3Url
    expected: Expected | None

    @property
    def number(self) -> int:
        return self.listed.number


def candidate(listed: Listed) -> Candidate:
    """Of an upload. Raises BadSource, BadS3Url, Usage and UnknownChecksum."""
    item = listed.item
    return Candidate(listed, parse_source(item.source), parse_s3(item.destination), _expected(listed))


def object_candidate(listed: Listed) -> Candidate:
    """Of a download. Raises BadS3Url, Usage and UnknownChecksum."""
    stored = parse_s3(listed.item.source)
    return Candidate(listed, stored.as_source, stored, _expected(listed))


def _expected(listed: Listed) -> Expected | None:
    return parse_expect(listed.item.digest) if listed.item.digest else None
