"""Move a source that serves no ranges, or does not state its size: in sequence, a part in memory at a time.

A part can't be sent before its length is known, so it is gathered first; while it goes to S3 the next one is gathered.
Parts grow as the stream continues, so that 10,000 suffice for a stream of unknown length.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from s3am_cloud.checksums.crc64nvme import EMPTY, update
from s3am_cloud.errors import SourceTooLarge, TransferError
from s3am_cloud.limits import MAX_PARTS
from s3am_cloud.model import MovedPart, Part, Plan, Upload, UploadedPart
from s3am_cloud.ports.transfer import ObjectStore


def stream(
    plan: Plan, upload: Upload, existing: Mapping[int, UploadedPart], chunks: Iterable[memoryview], store: ObjectStore
) -> Iterator[MovedPart]:
    """The parts of the stream as they arrive at the store, in order; an empty stream has one empty part.

    Those that are there already with the same bytes are not sent again. Raises SourceTooLarge where 10,000 parts do not
    hold the stream, and what reading and the store raise.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="part") as sender:
        on_its_way: Future[MovedPart] | None = None
        broken: TransferError | None = None
        gathered = _gathered(plan, chunks)
        while broken is None:
            try:
                following = next(gathered, None)
            except TransferError as error:
                following, broken = None, error
            if on_its_way is not None:
                yield on_its_way.result()
            if following is None:
                break
            part, data, crc = following
            on_its_way = sender.submit(_send, upload, part, data, crc, existing.get(part.number), store)
        if broken is not None:
            raise broken  # after its last part has been yielded, so that a resume need not send it again


def _gathered(plan: Plan, chunks: Iterable[memoryview]) -> Iterator[tuple[Part, bytearray, int]]:
    number, first, data, crc = 1, 0, bytearray(), EMPTY
    for chunk in chunks:
        rest = chunk
        while rest:
            if number > MAX_PARTS:
                raise SourceTooLarge(f"the source is longer than the {first:,} bytes that can be streamed")
            taken = rest[: plan.part(number).length - len(data)]
            data += taken
            crc = update(crc, taken)
            rest = rest[len(taken) :]
            if len(data) == plan.part(number).length:
                yield Part(number, first, len(data)), data, crc
                number, first, data, crc = number + 1, first + len(data), bytearray(), EMPTY
    if data or number == 1:
        yield Part(number, first, len(data)), data, crc


def _send(
    upload: Upload, part: Part, data: bytearray, crc: int, existing: UploadedPart | None, store: ObjectStore
) -> MovedPart:
    if existing is not None and (existing.length, existing.crc) == (part.length, crc):
        return MovedPart(part.number, part.length, crc, existing.etag, shown=True)
    etag = store.put_part(upload, part.number, data, crc)
    # botocore leaves cycles that refer to what it sent, and the command has garbage collected rarely: without this
    # every part would stay in memory.
    gc.collect(1)
    return MovedPart(part.number, part.length, crc, etag, shown=True)
