"""What an object is held to once it is made, and how much is then known of it.

    for nothing     what the store states of the object by itself
    by reading      the stored object, in order and over several connections: another pass over all of its bytes

An object that is not what it should be is deleted again, unless the request keeps it, or S3 does: one that is locked
stays, and the error says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from s3am_cloud.checksums.digest_files import STRONGEST
from s3am_cloud.checksums.digests import PARTS_CRC, Expected
from s3am_cloud.checksums.expectations import by_parts, by_reading, expected_of, stated_digests
from s3am_cloud.errors import AccessDenied, ChecksumMismatch, NotAsExpected, ObjectReplaced
from s3am_cloud.etags import plain
from s3am_cloud.integrity.before_commit import check_crc, checks_stream, compare
from s3am_cloud.integrity.compute import digests
from s3am_cloud.model import Job, ObjectInfo, PinnedSource, Receipt, SourceInfo, Verdict
from s3am_cloud.ports.transfer import ObjectStore, Ports, Progress
from s3am_cloud.urls import S3Url


def verify_stored(
    job: Job, target: S3Url, info: ObjectInfo, crc: int | None, done: Receipt, store: ObjectStore
) -> Receipt:
    """The receipt with what shows of the object for nothing. `crc` is its CRC64NVME, where anybody knows it.

    Raises NotAsExpected, when the object has been deleted again or is kept.
    """
    known = {**info.checksums, **({} if crc is None else {PARTS_CRC: f"{crc:016x}"})}
    agreed = []
    source = job.info or SourceInfo(size=None, ranges=False)
    try:
        if crc is not None:
            check_crc(job.request, crc, str(target))
        for claim in stated_digests(source):
            if claim.algorithm in known and not checks_stream(job):
                compare(claim, known[claim.algorithm], str(target))
            if claim.algorithm in known or checks_stream(job):
                agreed.append(claim)
    except NotAsExpected as error:
        if job.request.keep_mismatch:
            raise
        raise withdrawn(error, target, stored(done), store) from error
    compared = crc is not None if by_parts(job.request) else checks_stream(job)
    expected = job.request.expect if compared else None
    unchecked = tuple(str(claim) for claim in stated_digests(source) if claim not in agreed)
    done = msgspec.structs.replace(
        done, expected=expected, unchecked_digests=unchecked or None, verdict=_without_a_digest(job, info, done)
    )
    return confirmed(done, agreed)


def to_read(job: Job, done: Receipt) -> tuple[Expected, ...]:
    """What the object is still to be compared with, by reading it."""
    if job.info is None or done.state != "succeeded":
        return ()
    expected = expected_of(job.request) if done.expected is None else None
    wanted = by_reading(job.request, job.source, job.info)
    claims = [one for one in wanted if one.by_source and str(one) in (done.unchecked_digests or ())]
    return (*([expected] if expected else []), *claims)


class PendingCheck(msgspec.Struct, frozen=True):
    """A completed object, its receipt so far, and what it is still to be compared with."""

    wanted: tuple[Expected, ...]
    job: Job
    target: S3Url
    done: Receipt


def read_back(pending: PendingCheck, slots: int, ports: Ports, progress: Progress) -> Receipt:
    """The receipt of an object that matches everything wanted. Raises NotAsExpected, and what `check_stored` does,
    when the object has been deleted again or was to be kept."""
    version = stored(pending.done)
    return or_withdraw(
        lambda: check_stored(pending.wanted, pending.target, version, slots, ports, progress), pending, ports
    )


def or_withdraw(check: Callable[[], None], pending: PendingCheck, ports: Ports) -> Receipt:
    """The receipt once `check` has passed. Raises what it does, when the object has been deleted or was to be kept."""
    try:
        check()
    except NotAsExpected as error:
        if pending.job.request.keep_mismatch or pending.done.finished_by is not None:
            raise
        raise withdrawn(error, pending.target, stored(pending.done), ports.store) from error
    return confirmed(pending.done, pending.wanted)


def check_stored(
    wanted: tuple[Expected, ...], target: S3Url, stored: SourceInfo, slots: int, ports: Ports, progress: Progress
) -> None:
    """Holds that version of the object to checksums: to the store's own where it has them, else by reading it.

    Raises NotAsExpected, and ChecksumMismatch where it is not there any more.
    """
    info = ports.store.head(target)
    if info is None:
        raise ChecksumMismatch(f"{target} was deleted before it could be checked")
    if not _same(info, stored):
        raise ObjectReplaced(f"{target} was replaced by another transfer before it could be checked")
    unknown = [one.algorithm for one in wanted if one.algorithm not in info.checksums]
    origin, found = PinnedSource(source=target.as_source, info=stored), dict(info.checksums)
    if unknown:
        found |= digests(unknown, ports.stored_readers(origin, slots, progress))
    for one in wanted:
        compare(one, found[one.algorithm], str(target))


def confirmed(done: Receipt, found: Iterable[Expected]) -> Receipt:
    """The receipt of an object that has these checksums.

    What the source says in a file that could not be read may be something else: such an object is not verified by it.
    """
    agreed = {one.algorithm: str(one) for one in found if one.by_source}
    best = next((agreed[name] for name in STRONGEST if name in agreed), done.source_digest)
    expected = next((str(one) for one in found if not one.by_source), done.expected)
    left = tuple(one for one in done.unchecked_digests or () if one not in agreed.values())
    return msgspec.structs.replace(
        done,
        expected=expected,
        source_digest=best,
        unchecked_digests=left or None,
        verdict="verified-by-source" if expected or (best and not done.unread_digest_files) else done.verdict,
    )


def stored(done: Receipt) -> SourceInfo:
    """What pins the object that a transfer has written."""
    return SourceInfo(size=done.size, ranges=True, etag=done.etag, version=done.version_id)


def withdrawn(error: ChecksumMismatch, target: S3Url, stored: SourceInfo, store: ObjectStore) -> ChecksumMismatch:
    """The error with what became of that version of the object, which is deleted if it may be."""
    return type(error)(f"{error.message}; {withdraw(target, stored, store)}", error.hint)


def withdraw(target: S3Url, stored: SourceInfo, store: ObjectStore) -> str:
    """Deletes that version of the object, and says so, or why it stays; another that came meanwhile stays."""
    try:
        info = store.head(target)
        same = info is not None and _same(info, stored)
        if info is not None and same and info.locked:
            return f"it stays in S3, locked by Object Lock ({info.locked})"
        if not stored.version and not same:
            return "another object has taken its place since"
        store.delete(target, stored.version)
    except AccessDenied as error:
        return f"it stays in S3, as it can't be deleted: {error.message}"
    return "it was deleted again"


def _without_a_digest(job: Job, info: ObjectInfo, done: Receipt) -> Verdict:
    """S3 sums up what it copied by itself; only where it has a sum of the source, too, is there one to compare with."""
    copied = job.source.scheme == "s3"
    # The store's answer to what was put may show its bytes (per-part), where the object itself has no checksum.
    unknown = done.proof is None or (job.upload is None and info.crc is None and done.proof != "per-part")
    if copied or unknown:
        return "size-only"
    return job.info.in_transit if job.info is not None else "verified-in-transit"


def _same(info: ObjectInfo, stored: SourceInfo) -> bool:
    same_etag = plain(info.etag) == plain(stored.etag or "")
    return same_etag and (info.version_id, info.size) == (stored.version, stored.size)
