"""Whether the object at an item's destination is the same as its source, or a file the same as the object that it would
be made of. Clocks are never compared.

What shows it of an object: a digest that the manifest or the source states, the checksum of a local file, and the
version of the source that the object's own metadata say it was made of. An object without the digest that the manifest
states is never the same.
"""

from __future__ import annotations

from typing import NamedTuple

from s3am_cloud.checksums.digests import PARTS_CRC, Expected
from s3am_cloud.etags import is_md5
from s3am_cloud.etags import plain as plain_etag
from s3am_cloud.integrity.before_commit import compare
from s3am_cloud.integrity.compute import digest
from s3am_cloud.integrity.provenance import OBJECT, SOURCE, SOURCE_VERSION, mark, metadata_of, plain, version_text
from s3am_cloud.integrity.provenance_lookup import version_of
from s3am_cloud.limits import DEFAULT_SLOTS
from s3am_cloud.model import ObjectInfo, PinnedSource
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.urls import S3Url


class Compared(NamedTuple):
    """`same` is None where nothing shows it; `by` says what was compared."""

    same: bool | None
    by: str


def compared(
    origin: PinnedSource, expected: Expected | None, target: S3Url, existing: ObjectInfo, ports: Ports
) -> Compared:
    """`existing` is what HEAD says of the object. Reads a local file whose size is the object's; with `expected`, which
    the object has to have as well, also the object where nothing else shows its digest.

    Raises NotAsExpected for a local file without the expected digest.
    """
    info = origin.info
    if info.size is not None and info.size != existing.size:
        return Compared(False, "size")
    if expected is not None:
        return _by_digest(expected, origin, target, existing, ports)
    for algorithm, value in info.claims.items():
        if algorithm in existing.checksums:
            return Compared(existing.checksums[algorithm] == value, algorithm)
    if info.crc is not None and PARTS_CRC in existing.checksums:
        return Compared(info.crc.to_bytes(8, "big").hex() == existing.checksums[PARTS_CRC], PARTS_CRC)
    found = compared_with_object(origin, existing, ports) if origin.source.scheme == "file" else None
    return _by_version(origin, target, existing) if found is None or found.same is None else found


def compared_with_listing(
    file: PinnedSource, expected: Expected | None, listed: Listed, ports: Ports
) -> Compared | None:
    """A local file with what a list says of an object; None where only the object itself can show it.

    An ETag may be another sum than the MD5, so that only an equal one shows anything.
    """
    if listed.item.size is not None and listed.item.size != file.info.size:
        return Compared(False, "size")
    if expected is not None:
        return Compared(_digest(expected.algorithm, file, ports) == expected.digest, expected.algorithm)
    if listed.etag and is_md5(listed.etag) and _digest("md5", file, ports) == plain_etag(listed.etag):
        return Compared(True, "md5")
    return None


def compared_with_object(file: PinnedSource, existing: ObjectInfo, ports: Ports) -> Compared:
    """A local file with what HEAD says of the object."""
    if existing.size != file.info.size:
        return Compared(False, "size")
    known = existing.checksums
    best = PARTS_CRC if PARTS_CRC in known else next(iter(known), None)
    if best is None:
        return Compared(None, "nothing")
    return Compared(_digest(best, file, ports) == known[best], best)


def _digest(algorithm: str, file: PinnedSource, ports: Ports) -> str:
    return digest(algorithm, ports.readers(file, 1, lambda count: None))


def _by_digest(expected: Expected, origin: PinnedSource, target: S3Url, existing: ObjectInfo, ports: Ports) -> Compared:
    stored = existing.checksums.get(expected.algorithm)
    if stored is not None:
        return Compared(stored == expected.digest, expected.algorithm)
    if origin.source.scheme == "file":
        compare(expected, _digest(expected.algorithm, origin, ports), origin.source.display)
        found = compared_with_object(origin, existing, ports)
        if found.same is not None:
            return found
    own = PinnedSource(source=target.as_source, info=version_of(existing))
    found_digest = digest(expected.algorithm, ports.stored_readers(own, DEFAULT_SLOTS, lambda count: None))
    return Compared(found_digest == expected.digest, expected.algorithm)


def _by_version(origin: PinnedSource, target: S3Url, existing: ObjectInfo) -> Compared:
    said = metadata_of(existing)
    version = plain(version_text(origin.info))
    about_this = said.get(OBJECT) == mark(target, existing.size) and said.get(SOURCE) == plain(origin.source.display)
    if not about_this or not version or origin.info.pinned != "strong":
        return Compared(None, "nothing")
    return Compared(said.get(SOURCE_VERSION) == version, "version")
