"""One object that S3 copies from another one: a look at the source, CopyObject, and the proof that both are the same.

Only an object whose CRC64NVME S3 states is copied in this way. Any other, and whatever a plain answer does not settle,
is left to the thorough way of single transfers.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from s3am_cloud.adapters.curl.objects.looks import Look
from s3am_cloud.adapters.curl.parts.copy import CopyFlow, CopyTarget
from s3am_cloud.adapters.curl.store.routing import Signers, copy_attempt, part_copy, route
from s3am_cloud.adapters.curl.transport.context import CurlContext
from s3am_cloud.adapters.curl.transport.pipes import PartEvents
from s3am_cloud.adapters.curl.transport.retry import Retry
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.adapters.s3.source import source_info
from s3am_cloud.errors import TransferError
from s3am_cloud.limits import MAX_WHOLE_OBJECT
from s3am_cloud.model import MovedPart, ObjectInfo, Part, PinnedSource, SourceInfo
from s3am_cloud.ports.objects import AttributesOf, Put, Refused, Settled, Unfit, WholeObject
from s3am_cloud.ports.transfer import ObjectSink, Progress


class CopySides(msgspec.Struct, frozen=True):
    """The ways to the destination and to the source, and what copies carry."""

    access: S3Access
    source: S3Access
    attributes_of: AttributesOf


class ObjectCopy:
    """Reports once how the object settled, from a call-back of the loop; nothing after `stop`."""

    def __init__(
        self,
        context: CurlContext,
        retry: Retry,
        sides: CopySides,
        wanted: WholeObject,
        progress: Progress,
        on_settled: Callable[[Settled], None],
    ) -> None:
        self._context, self._retry, self._sides, self._wanted = context, retry, sides, wanted
        self._progress, self._on_settled = progress, on_settled
        self._flow: Look | CopyFlow | None = None
        self._info, self._crc, self._etag = SourceInfo(size=None, ranges=True), 0, ""

    def start(self) -> None:
        stored = self._wanted.source.stored
        # Another digest than the object's own is compared by reading it.
        if stored is None or self._wanted.expected is not None:
            self._give_up()
            return
        self._flow = Look(self._context, self._sides.source, stored, self._seen)
        self._flow.start()

    def stop(self) -> None:
        if self._flow is not None:
            self._flow.stop()

    def _give_up(self) -> None:
        """After the call-back that runs now."""
        self._context.loop.later(0, lambda: self._on_settled(Unfit(number=self._wanted.number)))

    def _seen(self, info: ObjectInfo | None) -> None:
        """What the source is."""
        if info is None or not self._fits(info):
            self._give_up()
        else:
            # S3 copies tags by itself: nobody has to read them for that.
            self._info, self._crc = source_info(info, {}, None), info.crc or 0
            self._copy()

    def _fits(self, info: ObjectInfo) -> bool:
        """Whether it is small, can be read and pinned, and has a checksum to compare."""
        is_small = info.size <= MAX_WHOLE_OBJECT and self._wanted.size in {None, info.size}
        return is_small and not info.archived and bool(info.etag) and info.crc is not None and info.full_object

    def _copy(self) -> None:
        wanted, sides = self._wanted, self._sides
        part = Part(1, 0, self._info.size or 0)
        try:
            attributes = sides.attributes_of(wanted.number, self._info)
            sink = ObjectSink(wanted.target, wanted.overwrite, attributes, copied_tags=not attributes.tags)
            to = route(PinnedSource(source=wanted.source, info=self._info), sink, sides.access, sides.source)
            target = CopyTarget(
                name=str(wanted.target),
                signed=part_copy(to, Signers(sides.access, sides.source), part),
                attempt=copy_attempt(to),
                conditional=not wanted.overwrite,
            )
        except TransferError as error:
            self._refuse(error)
            return
        events = PartEvents(self._copied, self._refuse)
        self._flow = CopyFlow(self._context, self._retry, part, target, self._progress, events)
        self._flow.start()

    def _refuse(self, error: TransferError) -> None:
        self._on_settled(Refused(number=self._wanted.number, error=error, retries=self._retry.total))

    def _copied(self, moved: MovedPart) -> None:
        self._etag = moved.etag
        if not moved.etag:
            self._settle(None)  # the answer was lost
        elif moved.crc is not None:
            self._settle(moved.crc == self._crc)
        else:
            # The store's answer does not state it.
            self._flow = Look(self._context, self._sides.access, self._wanted.target, self._shown)
            self._flow.start()

    def _shown(self, there: ObjectInfo | None) -> None:
        if there is None or there.crc is None or there.etag != self._etag:
            self._etag = ""  # what is there may be another one
            self._settle(None)
        else:
            self._settle((there.size, there.crc) == (self._info.size, self._crc))

    def _settle(self, shown: bool | None) -> None:
        put = Put(
            number=self._wanted.number,
            size=self._info.size or 0,
            crc=self._crc,
            info=self._info,
            etag=self._etag,
            shown=shown,
            retries=self._retry.total,
        )
        self._on_settled(put)
