"""Whole objects in memory: an `ObjectMover` from a `MemorySource` to a `MemoryStore`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from s3am_cloud.adapters.memory.transfer import NO_ATTRIBUTES, MemorySource, MemoryStore
from s3am_cloud.checksums.crc64nvme import EMPTY, update
from s3am_cloud.checksums.digests import Expected, new
from s3am_cloud.errors import NotAsExpected, TransferError
from s3am_cloud.limits import MAX_WHOLE_OBJECT
from s3am_cloud.model import Attributes, Part, PinnedSource, SourceInfo
from s3am_cloud.ports.objects import AttributesOf, Put, Refused, Settled, Unfit, WholeObject
from s3am_cloud.ports.pace import ShouldStop


def _none(number: int, info: SourceInfo) -> Attributes:
    return NO_ATTRIBUTES


class MemoryObjectMover:
    """One object after the other."""

    def __init__(self, source: MemorySource, store: MemoryStore, attributes_of: AttributesOf = _none) -> None:
        self._source, self._store, self._attributes_of = source, store, attributes_of

    def copy(self, objects: Iterable[WholeObject | None], should_stop: ShouldStop) -> Iterator[Settled]:
        for wanted in objects:
            if should_stop():
                return
            if wanted is not None:
                yield self._copied(wanted)

    def _copied(self, wanted: WholeObject) -> Settled:
        try:
            info = self._source.probe(wanted.source)
            size = info.size or 0
            if size > MAX_WHOLE_OBJECT or wanted.size not in {None, size}:
                return Unfit(number=wanted.number)
            data = self._source.read(PinnedSource(source=wanted.source, info=info), Part(1, 0, size))
            _check(wanted.expected, data)
            attributes = self._attributes_of(wanted.number, info)
            etag = self._store.put_object(wanted.target, data, wanted.overwrite, attributes)
        except TransferError as error:
            return Refused(number=wanted.number, error=error)
        return Put(number=wanted.number, size=size, crc=update(EMPTY, data), info=info, etag=etag, shown=True)


def _check(expected: Expected | None, data: bytes) -> None:
    if expected is None:
        return
    digest = new(expected.algorithm)
    digest.update(data)
    if digest.hexdigest() != expected.digest:
        raise NotAsExpected(f"the content has the {expected.algorithm} {digest.hexdigest()}")
