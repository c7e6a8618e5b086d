"""Check every part, then make the object of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TypeVar

import msgspec

from s3am_cloud.checksums.crc64nvme import EMPTY, combine, encode
from s3am_cloud.errors import (
    AccessDenied,
    ChecksumMismatch,
    CompletionConflict,
    JobFailed,
    ObjectExists,
    PartReplaced,
    StoreUnavailable,
    UploadGone,
)
from s3am_cloud.model import MovedPart, Part, Plan, Upload, UploadedPart
from s3am_cloud.ports.transfer import ObjectStore
from s3am_cloud.transfer.remaining import missing_of
from s3am_cloud.transfer.stored_parts import is_what_was_sent, was_completed

Numbered = TypeVar("Numbered", UploadedPart, MovedPart)


def _accept(crc: int) -> None:
    """For whoever expects nothing."""


class WholeCrc(msgspec.Struct, frozen=True):
    """What is known of the CRC64NVME of the whole object before it is made.

    `expected` is that of the source; `earlier` is what `check` was given when this was tried before, by somebody who
    crashed and may have completed the upload. `check` gets the CRC before the object is made, and may refuse it.
    """

    expected: int | None = None
    earlier: int | None = None
    check: Callable[[int], None] = _accept


UNKNOWN = WholeCrc()


def complete(
    plan: Plan,
    upload: Upload,
    moved: Iterable[MovedPart],
    overwrite: bool,
    store: ObjectStore,
    whole: WholeCrc = UNKNOWN,
) -> int:
    """Completes the upload from what the store lists, and returns the CRC64NVME of the whole.

    Who may not list parts completes it from the store's answers to them, if `moved` are all of them: the store refuses
    a part that has another ETag or checksum by then.

    `moved` are all parts, as the caller has sent them or compared them with the source: anybody who may write to the
    bucket can put another part into the upload, so that what the store lists is not enough.
    Raises JobFailed where parts are missing, PartReplaced where one differs, ChecksumMismatch for the whole, and what
    `ObjectStore.complete` does. A lost answer is no failure: what counts is the object that exists. UploadGone and
    ObjectExists mean that another transfer was first.
    """
    try:
        existing = list(store.parts(upload))
    except UploadGone:
        if whole.earlier is None or not was_completed(upload, plan.size, whole.earlier, store):
            raise
        return whole.earlier
    except AccessDenied as denied:
        parts = _answered(plan, moved, denied)
    else:
        parts = _checked(plan, existing, moved)
    crc = combine((part.crc or EMPTY, part.length) for part in parts)
    if whole.expected is not None and crc != whole.expected:
        raise ChecksumMismatch(
            f"the parts of {upload.target} make CRC64NVME {encode(crc)}, where the source has {encode(whole.expected)}"
        )
    whole.check(crc)
    try:
        store.complete(upload, parts, crc, plan.size, overwrite)
    except (StoreUnavailable, CompletionConflict):
        if not was_completed(upload, plan.size, crc, store):
            _look_again(upload, overwrite, store)
            raise
    return crc


def _look_again(upload: Upload, overwrite: bool, store: ObjectStore) -> None:
    """Raises UploadGone or ObjectExists where that is why an upload could not be completed."""
    with suppress(AccessDenied):
        next(iter(store.parts(upload)), None)
    if not overwrite and store.head(upload.target) is not None:
        raise ObjectExists(f"{upload.target} exists")


def _checked(plan: Plan, existing: Sequence[UploadedPart], moved: Iterable[MovedPart]) -> list[UploadedPart]:
    """The listed parts, each of which is one of `moved`. A store may list an older part of the same number beside it,
    and there may be several of `moved`, where a part was sent again."""
    listed, sent = _by_number(existing), _by_number(moved)
    lacking = [part.number for part in missing_of(plan.parts(), listed)]
    if lacking or len(listed) != plan.count:
        raise JobFailed(f"the upload lists {len(listed)} parts where {plan.count} are due (missing: {lacking[:5]})")
    return [_check(part, listed[part.number], sent.get(part.number, [])) for part in plan.parts()]


def _answered(plan: Plan, moved: Iterable[MovedPart], denied: AccessDenied) -> list[UploadedPart]:
    """The parts as the store answered to them. Raises `denied` where it has not answered to all of them with what a
    completion takes, as for parts of an earlier run."""
    sent = {part.number: part for part in moved}
    found = [sent[planned.number] for planned in plan.parts() if planned.number in sent]
    parts = [UploadedPart(part.number, part.length, part.etag, part.crc) for part in found]
    whole = len(parts) == plan.count and all(part.length == plan.part(part.number).length for part in parts)
    if not whole or any(not part.etag or part.crc is None for part in parts):
        raise denied
    return parts


def _by_number(parts: Iterable[Numbered]) -> dict[int, list[Numbered]]:
    found: dict[int, list[Numbered]] = {}
    for part in parts:
        found.setdefault(part.number, []).append(part)
    return found


def _check(planned: Part, listed: Sequence[UploadedPart], sent: Sequence[MovedPart]) -> UploadedPart:
    found = next(((part, one) for part in listed for one in sent if is_what_was_sent(part, one)), None)
    if found is None:
        raise _replaced(listed[0], sent)
    part, one = found
    crc = part.crc if part.crc is not None else one.crc
    if crc is None:
        raise ChecksumMismatch(f"the store keeps no CRC64NVME of part {part.number}: it can't be proven")
    if part.length != planned.length:
        raise PartReplaced(f"part {part.number} is stored with {part.length:,} bytes, not {planned.length:,}")
    return UploadedPart(part.number, part.length, part.etag, crc)


def _replaced(part: UploadedPart, sent: Sequence[MovedPart]) -> PartReplaced:
    stored = f"part {part.number} is stored with {part.length:,} bytes{_crc_text(part.crc)}"
    if not sent:
        return PartReplaced(f"{stored}, and nothing shows that they are the source's")
    return PartReplaced(f"{stored}, where {sent[-1].length:,} bytes{_crc_text(sent[-1].crc)} were sent")


def _crc_text(crc: int | None) -> str:
    return "" if crc is None else f" and CRC {encode(crc)}"
