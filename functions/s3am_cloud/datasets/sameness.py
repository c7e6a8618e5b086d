"""Whether the object at an item's destination is the same as its source. Clocks are never compared.

What shows it: a digest that the manifest or the source states, the CRC64NVME of a local file, and the version of the
source that the object's own metadata say it was made of.
"""

from __future__ import annotations

from typing import NamedTuple

from s3am_cloud.checksums.digests import PARTS_CRC, Expected
from s3am_cloud.integrity.compute import digest
from s3am_cloud.integrity.provenance import OBJECT, SOURCE, SOURCE_VERSION, mark, plain, version_text
from s3am_cloud.model import ObjectInfo, PinnedSource
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
