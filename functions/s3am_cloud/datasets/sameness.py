"""Whether the object at an item's destination is the same as its source, or a file the same as the object that it would
be made of. Clocks are never compared.

What shows it of an object: a digest that the manifest or the source states, the CRC64NVME of a local file, and the
version of the source that the object's own metadata say it was made of.
"""

from __future__ import annotations

from typing import NamedTuple

from s3am_cloud.checksums.digests import PARTS_CRC, Expected
from s3am_cloud.etags import is_md5
from s3am_cloud.etags import plain as plain_etag
from s3am_cloud.integrity.compute import digest
from s3am_cloud.integrity.provenance import OBJECT, SOURCE, SOURCE_VERSION, mark, plain, version_text
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
    """`existing` is what HEAD says of the object. Reads a local file whose size is the object's."""
    info = origin.info
    if info.size is not None and info.size != existing.size:
        return Compared(False, "size")
    stated = {**info.claims, **({expected.algorithm: expected.digest} if expected is not None else {})}
    for algorithm, value in stated.items():
        if algorithm in existing.checksums:
            return Compared(existing.checksums[algorithm] == value, algorithm)
    crc = _crc(origin, existing, ports)
    if crc is not None:
        return Compared(crc == existing.checksums.get(PARTS_CRC), PARTS_CRC)
    return _by_version(origin, target, existing)


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


def _crc(origin: PinnedSource, existing: ObjectInfo, ports: Ports) -> str | None:
    """The source's CRC64NVME, where the object's is known and that of the source costs no transfer."""
    if PARTS_CRC not in existing.checksums:
        return None
    if origin.info.crc is not None:
        return origin.info.crc.to_bytes(8, "big").hex()
    if origin.source.scheme == "file":
        return digest(PARTS_CRC, ports.readers(origin, 1, lambda count: None))
    return None


def _by_version(origin: PinnedSource, target: S3Url, existing: ObjectInfo) -> Compared:
    said = {name.lower(): value for name, value in existing.attributes.metadata.items()}
    version = plain(version_text(origin.info))
    about_this = said.get(OBJECT) == mark(target, existing.size) and said.get(SOURCE) == plain(origin.source.display)
    if not about_this or not version or origin.info.pinned != "strong":
        return Compared(None, "nothing")
    return Compared(said.get(SOURCE_VERSION) == version, "version")
