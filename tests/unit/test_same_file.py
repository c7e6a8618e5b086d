"""Whether a local file is the same as an object: never by a clock, and never on a guess."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from s3am_cloud.adapters.files.local_file import FileSource
from s3am_cloud.adapters.s3.access import S3Access, S3Settings
from s3am_cloud.checksums.crc64nvme import update
from s3am_cloud.checksums.digests import Expected
from s3am_cloud.datasets.sameness import compared_with_listing, compared_with_object
from s3am_cloud.items import Item
from s3am_cloud.model import ObjectInfo, PinnedSource
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.urls import SourceUrl
from s3am_cloud_client.inprocess.ports import local_ports

DATA = b"what is in the file"
MD5 = hashlib.md5(DATA).hexdigest()
CRC = update(0, DATA).to_bytes(8, "big").hex()


@pytest.fixture
def file(tmp_path: Path) -> PinnedSource:
    path = tmp_path / "a"
    path.write_bytes(DATA)
    url = SourceUrl("file", str(path))
    return PinnedSource(source=url, info=FileSource().probe(url))


@pytest.fixture
def ports() -> Ports:
    return local_ports(S3Access(S3Settings(region="us-east-1")))


@pytest.mark.parametrize(
    ("size", "etag", "expected", "same"),
    [
        (7, f'"{MD5}"', None, False),
        (len(DATA), f'"{MD5}"', None, True),
        (None, f'"{MD5}"', None, True),
        # It may be another sum than an MD5, as where KMS encrypts.
        (len(DATA), f'"{"0" * 32}"', None, None),
        (len(DATA), f'"{MD5}-2"', None, None),
        (len(DATA), None, None, None),
        (len(DATA), None, Expected("md5", MD5), True),
        (len(DATA), f'"{MD5}"', Expected("sha256", "0" * 64), False),
    ],
)
def test_a_listing_shows_it_by_size_digest_or_md5(
    file: PinnedSource, ports: Ports, size: int | None, etag: str | None, expected: Expected | None, same: bool | None
) -> None:
    listed = Listed(number=1, item=Item(source="s3://b/a", destination="/a", size=size), place="here", etag=etag)
    found = compared_with_listing(file, expected, listed, ports)
    assert (found.same if found is not None else None) == same


@pytest.mark.parametrize(
    ("size", "checksums", "same"),
    [
        (len(DATA), {"crc64nvme": CRC}, True),
        (len(DATA), {"md5": "0" * 32, "crc64nvme": CRC}, True),
        (len(DATA), {"crc64nvme": "0" * 16}, False),
        (len(DATA), {"sha256": hashlib.sha256(DATA).hexdigest()}, True),
        (len(DATA), {}, None),
        (7, {"crc64nvme": CRC}, False),
    ],
)
def test_the_object_itself_shows_it_by_its_checksum(
    file: PinnedSource, ports: Ports, size: int, checksums: dict[str, str], same: bool | None
) -> None:
    existing = ObjectInfo(size=size, etag='"e-2"', checksums=checksums)
    assert compared_with_object(file, existing, ports).same == same
