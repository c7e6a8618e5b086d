"""One item by the thorough way of single transfers: larger than one PUT should be, or from a source that needs more
than one plain request."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from s3am_cloud.checksums.digests import PARTS_CRC
from s3am_cloud.datasets.answers import known_of, known_of_put, outcome_of_put
from s3am_cloud.datasets.candidates import Candidate
from s3am_cloud.datasets.decisions import UNCHANGED, Known, fingerprint, is_known
from s3am_cloud.datasets.failures import OF_ONE_SOURCE
from s3am_cloud.datasets.outcomes import Outcome, outcome_of
from s3am_cloud.datasets.sameness import compared
from s3am_cloud.errors import AccessDenied, BadEncryptionKey, ObjectExists, TransferError
from s3am_cloud.integrity.before_commit import check_size, compare
from s3am_cloud.integrity.compute import digest
from s3am_cloud.items import Item
from s3am_cloud.limits import SMALL_OBJECT
from s3am_cloud.model import ObjectInfo, PinnedSource, Receipt, SourceInfo, TransferRequest
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.objects import Put
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.same_source import source_id
from s3am_cloud.urls import parse_source

# How a driver transfers one object.
Transfer = Callable[[TransferRequest], Receipt]
# How an item ended whose object, as HEAD shows it, was made by an earlier try of this very run; None for any other.
Own = Callable[[Listed, ObjectInfo], Outcome | None]
_OTHER = "give --exists update to replace it, or --exists skip to leave it"


class Task(NamedTuple):
    """An item to copy; with `compare`, only where its destination is not the same, and with `replace` in its stead."""

    candidate: Candidate
    compare: bool
    replace: bool
    known: Known | None = None
    # What was sent of it in this run, where the answer was lost.
    sent: Put | None = None
    # The object at its destination, where somebody has looked at it already.
    there: ObjectInfo | None = None


class Done(NamedTuple):
    """How it ended, and what to remember of its object."""

    number: int
    outcome: Outcome
    known: Known | None = None
    # How many HEAD requests were needed to compare it.
    heads: int = 0


def never_own(listed: Listed, info: ObjectInfo) -> Outcome | None:
    """For runs that nobody repeats."""
    return None


def copy_one(
    task: Task,
    request_of: Callable[[Item], TransferRequest],
    ports: Ports,
    transfer: Transfer,
    own: Own = never_own,
) -> Done:
    """From the item's source, or from the first of its mirrors that serves it. Never raises a TransferError: that is
    the item's outcome, the one of its own source where all have failed.

    What an earlier source has left in S3 is continued only after it was compared with the later one: parts of two
    sources are in one object only where their bytes are the same.
    """
    first = done = _copy_from(task, request_of, ports, transfer, own)
    for mirror in task.candidate.listed.item.mirrors:
        if done.outcome.error is None or done.outcome.error.name not in OF_ONE_SOURCE:
            return done
        done = _copy_from(_from_mirror(task, mirror), request_of, ports, transfer, own)
    return first if done.outcome.error is not None else done


def _from_mirror(task: Task, mirror: str) -> Task:
    """The same item, with another source."""
    one = task.candidate
    item = msgspec.structs.replace(one.listed.item, source=mirror, mirrors=())
    listed = msgspec.structs.replace(one.listed, item=item, etag=None, modified=None)
    return task._replace(candidate=one._replace(listed=listed, source=parse_source(mirror)), sent=None, known=None)


def _copy_from(
    task: Task,
    request_of: Callable[[Item], TransferRequest],
    ports: Ports,
    transfer: Transfer,
    own: Own,
) -> Done:
    """`request_of` has what was requested for all items."""
    listed, number = task.candidate.listed, task.candidate.number
    item, source = listed.item, task.candidate.source
    try:
        if task.sent is not None and (made := _made(task, task.sent, ports)) is not None:
            return made
        info = ports.source.probe(source) if _is_looked_at(task) else None
        request = msgspec.structs.replace(request_of(item), size=listed.stated_size)
        if info is not None:
            check_size(request, info.size, source.display)
        if task.compare and info is not None and (found := _unchanged(task, info, ports, own)) is not None:
            return found
        check_digest_early(task, ports)
        # An earlier run's upload is continued where it is seen: nobody asked for that, so it takes no right to look.
        resume = request.resume or bool(ports.store.unfinished(request.target))
        request = msgspec.structs.replace(
            request,
            exists="overwrite" if task.replace else None,
            expect=item.digest or request.expect,
            resume=resume,
        )
        receipt = transfer(request)
    except TransferError as error:
        # What exists and is another was asked about.
        return Done(number, failed(listed, error), heads=int(task.compare and isinstance(error, ObjectExists)))
    # Only what identifies a file never comes back.
    version = fingerprint(info) if info is not None and source.scheme == "file" else ""
    known = known_of(task.candidate, receipt.etag or "", receipt.size or 0, version)
    return Done(number, copied(listed, receipt), known)


def _made(task: Task, sent: Put, ports: Ports) -> Done | None:
    """How it ended where the object has what was sent, as S3's own checksum shows."""
    there = ports.store.head(task.candidate.stored)
    if there is None or there.checksums.get(PARTS_CRC) != sent.crc.to_bytes(8, "big").hex():
        return None
    put = msgspec.structs.replace(sent, etag=there.etag, version_id=there.version_id, shown=True)
    return Done(put.number, outcome_of_put(task.candidate.listed, put), known_of_put(task.candidate, put), heads=1)


def _is_looked_at(task: Task) -> bool:
    """Whether the transfer's own look at the source does not suffice."""
    candidate = task.candidate
    return task.compare or candidate.source.scheme == "file"


def check_digest_early(task: Task, ports: Ports) -> None:
    """Where the stated digest would show only once the object is made: an object before it would be gone by then. One
    that goes by one request is never another than stated, not for a moment.

    Raises NotAsExpected, and what reading the source does.
    """
    one = task.candidate
    expected, source = one.expected, one.source
    if expected is None or expected.algorithm == PARTS_CRC or source.scheme == "file":
        return
    info = ports.source.probe(source)
    if info.size is None:
        return  # what is read in order is compared as it passes
    if source.scheme == "s3" and expected.algorithm in info.claims:
        compare(expected, info.claims[expected.algorithm], source.display)
        return
    if info.size > SMALL_OBJECT and not (task.replace and _may_exist(one, ports)):
        return
    origin = PinnedSource(source=source, info=info)
    compare(expected, digest(expected.algorithm, ports.readers(origin, 1, lambda count: None)), source.display)


def _may_exist(one: Candidate, ports: Ports) -> bool:
    try:
        return ports.store.head(one.stored) is not None
    except (AccessDenied, BadEncryptionKey):
        return True


def failed(listed: Listed, error: TransferError) -> Outcome:
    return msgspec.structs.replace(outcome_of(listed.item, "failed"), error=error.report())


def _unchanged(task: Task, info: SourceInfo, ports: Ports, own: Own) -> Done | None:
    """None where the item is to be copied. Raises ObjectExists where it may not replace what is there."""
    _, source, target, expected = task.candidate
    existing = task.candidate.listed.existing
    version, name = fingerprint(info), source_id(source)
    if existing is not None and expected is None and is_known(existing, task.known, name, version):
        return _skipped(task, existing.size, existing.etag or "", None)
    there = task.there or ports.store.head(target)
    if there is None:
        return None
    if (made := own(task.candidate.listed, there)) is not None:
        return Done(task.candidate.number, made, heads=1)
    found = compared(PinnedSource(source=source, info=info), expected, target, there, ports)
    if found.same:
        known = known_of(task.candidate, there.etag, there.size, version)
        return _skipped(task, there.size, there.etag, known)._replace(heads=1)
    if task.replace:
        return None
    why = f"{found.by} differs" if found.same is False else "nothing shows whether it is the same"
    raise ObjectExists(f"{target} exists, and is another object: {why}", _OTHER)


def _skipped(task: Task, size: int, etag: str, known: Known | None) -> Done:
    outcome = msgspec.structs.replace(
        outcome_of(task.candidate.listed.item, "skipped"), size=size, etag=etag or None, reason=UNCHANGED
    )
    return Done(task.candidate.number, outcome, known)


def copied(listed: Listed, receipt: Receipt) -> Outcome:
    checksum = f"{(receipt.checksum_algorithm or '').lower()}:{receipt.checksum}" if receipt.checksum else None
    return msgspec.structs.replace(
        outcome_of(listed.item, "copied"),
        size=receipt.size,
        verdict=receipt.verdict,
        checksum=checksum,
        etag=receipt.etag,
        version_id=receipt.version_id,
        retries=receipt.retries or 0,
    )
