"""Check every part, then make the object of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from s3am_cloud.checksum import EMPTY, combine, encode
from s3am_cloud.errors import ChecksumMismatch, JobFailed, ObjectExists, StoreUnavailable, UploadGone
from s3am_cloud.etags import plain
from s3am_cloud.model import MovedPart, Plan, Upload, UploadedPart
from s3am_cloud.ports import ObjectStore


def complete(
    plan: Plan,
    upload: Upload,
    moved: Iterable[MovedPart],
    overwrite: bool,
    store: ObjectStore,
    expected: int | None = None,
    check: Callable[[int], None] = lambda crc: None,
    due: int | None = None,
) -> int:
    """Completes the upload from what the store lists, and returns the CRC64NVME of the whole.

    `moved` are the parts that the caller saw moving; the store must list them with the same CRCs. `expected` is the
    CRC64NVME that the source is known by; `check` hears of the whole's before the object is made, and may refuse it;
    `due` is what it heard of when this was tried before, and perhaps done, by somebody who died of it.
    Raises JobFailed where parts are missing, ChecksumMismatch where a part or the whole differs, and what
    `ObjectStore.complete` does. A lost answer is no failure: what counts is the object that is there. UploadGone and
    ObjectExists mean that another transfer was first.
    """
    try:
        there = list(store.parts(upload))
    except UploadGone:
        if due is None or not was_completed(upload, plan.size, due, store):
            raise
        return due
    parts = _checked(plan, there, {part.number: part for part in moved})
    crc = combine((part.crc or EMPTY, part.length) for part in parts)
    if expected is not None and crc != expected:
        raise ChecksumMismatch(
            f"the parts of {upload.target} make CRC64NVME {encode(crc)}, where the source has {encode(expected)}"
        )
    check(crc)
    try:
        store.complete(upload, parts, crc, plan.size, overwrite)
    except StoreUnavailable:
        if not was_completed(upload, plan.size, crc, store):
            _look_again(upload, overwrite, store)
            raise
    return crc


def _look_again(upload: Upload, overwrite: bool, store: ObjectStore) -> None:
    """Raises UploadGone or ObjectExists where that is why an upload could not be completed."""
    next(iter(store.parts(upload)), None)
    if not overwrite and store.head(upload.target) is not None:
        raise ObjectExists(f"{upload.target} exists")


def _checked(plan: Plan, there: Sequence[UploadedPart], moved: dict[int, MovedPart]) -> list[UploadedPart]:
    by_number: dict[int, UploadedPart] = {}
    for part in there:
        # A store may list an older part of the same number beside the one that was sent.
        if part.number not in by_number or _is_the_one(part, moved.get(part.number)):
            by_number[part.number] = part
    lacking = [part.number for part in plan.parts() if part.number not in by_number]
    if lacking or len(by_number) != plan.count:
        raise JobFailed(f"the upload lists {len(by_number)} parts where {plan.count} are due (missing: {lacking[:5]})")
    return [_check(by_number[part.number], part.length, moved.get(part.number)) for part in plan.parts()]


def _is_the_one(part: UploadedPart, moved: MovedPart | None) -> bool:
    """Whether this is what was sent as that part."""
    if moved is None or not moved.etag or plain(moved.etag) == plain(part.etag):
        return True
    # Encrypted parts have another ETag each time: another transfer that fills the same upload may have sent it again.
    return part.crc is not None and part.crc == moved.crc


def _check(part: UploadedPart, length: int, moved: MovedPart | None) -> UploadedPart:
    crc = part.crc if part.crc is not None or moved is None else moved.crc
    if crc is None:
        raise ChecksumMismatch(f"the store keeps no CRC64NVME of part {part.number}: it can't be proven")
    if not _is_the_one(part, moved):
        raise ChecksumMismatch(f"part {part.number} in the store is another one than was sent")
    sent = moved.crc if moved and moved.crc is not None else crc
    if (part.length, crc) != (length, sent):
        raise ChecksumMismatch(
            f"part {part.number} is stored with {part.length:,} bytes and CRC {encode(crc)}, "
            f"where {length:,} bytes and CRC {encode(sent)} were sent"
        )
    return UploadedPart(part.number, part.length, part.etag, crc)


def was_completed(upload: Upload, size: int, crc: int, store: ObjectStore) -> bool:
    """Whether the object is there and is ours: one that somebody else put leaves our upload unfinished."""
    info = store.head(upload.target)
    same = info is not None and info.full_object and (info.size, info.crc) == (size, crc)
    return same and upload.upload_id not in store.unfinished(upload.target)
