"""The story of a download: the same parts, moved the other way.

probe → plan → fetch the ranges that are not on disk → compare the whole's CRC with the object's → give it its name
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from s3am_cloud.checksums.crc64nvme import ALGORITHM, encode
from s3am_cloud.checksums.digests import Expected
from s3am_cloud.concurrency import first_connections
from s3am_cloud.costs.downloads import DownloadTerms, check_download_cost, download_usage, with_download_cost
from s3am_cloud.costs.forecast import Usage
from s3am_cloud.errors import ChecksumMismatch, LocalFileExists, NotAsExpected, PartialDownloadExists
from s3am_cloud.integrity.compute import digest
from s3am_cloud.limits import MOST_CONNECTIONS
from s3am_cloud.model import MovedPart, ObjectInfo, PinnedSource, Plan, Receipt, SourceInfo
from s3am_cloud.ports.local_file import LocalTarget
from s3am_cloud.ports.transfer import FileSink, Ports, Progress
from s3am_cloud.transfer.local_parts import trusted, whole
from s3am_cloud.transfer.part_sizes import download_plan
from s3am_cloud.transfer.steps.probe import probe
from s3am_cloud.transfer.steps.save import save_parts
from s3am_cloud.urls import S3Url, SourceUrl, shown_path


class DownloadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The options of `download` by their names, once they are known to make sense."""

    source: S3Url
    # This number all the time; without it the number is tuned automatically.
    connections: int | None = None
    overwrite: bool = False
    resume: bool = False
    discard: bool = False
    part_size: int | None = None
    checksum_slots: int = 1
    # Dollars that the download may cost, and what decides how much it costs.
    max_cost: float | None = None
    terms: DownloadTerms = DownloadTerms()
    # What the object is said to be: another one is not downloaded, or not kept.
    size: int | None = None
    expected: Expected | None = None


def download(
    request: DownloadRequest,
    target: LocalTarget,
    ports: Ports,
    progress: Progress,
    on_plan: Callable[[Plan], None],
) -> Receipt:
    """Fetches the object into `target`, which appears only whole and verified.

    Raises PartialDownloadExists where an earlier download left something and nothing was said of it, DownloadBusy where
    another one is at work, TooExpensive above `max_cost`, ChecksumMismatch where what arrived does not match the
    store's checksum, and what `Mover.move` and `LocalTarget` raise.
    """
    with target.lock():
        # Whoever had it a moment ago may have finished.
        if target.taken and not request.overwrite:
            raise LocalFileExists(f"{target.final} exists")
        if target.exists and not (request.resume or request.discard):
            raise PartialDownloadExists(f"an unfinished download is at {target.path}")
        return _fetched(request, target, ports, progress, on_plan)


def _fetched(
    request: DownloadRequest,
    target: LocalTarget,
    ports: Ports,
    progress: Progress,
    on_plan: Callable[[Plan], None],
) -> Receipt:
    started = ports.clock.now()
    origin = probe(request.source.as_source, ports.source)
    _check_size(request, origin.info)
    _check_cost(request, origin.info)
    existing, plan = _on_disk(request, origin.info, target)
    usage = _usage(request, origin.info, plan, existing)
    on_plan(plan)
    for part in existing:
        progress(part.length)
    limit, first = _limit(request), first_connections(request.connections, plan.count - len(existing))
    mover = ports.movers(origin, FileSink(target.path, target.identity), limit, progress, first)
    moved = save_parts(plan, existing, target, mover)
    try:
        _read_back(plan, moved, target, request.checksum_slots)
        info = check_arrived(request.source, origin, whole(plan, moved), ports)
        _check_expected(request, target, ports)
    except (ChecksumMismatch, NotAsExpected):
        # The notes on its parts agree with the spoiled bytes: whoever resumed it would fail like this again.
        target.discard()
        raise
    target.commit(request.overwrite)
    return msgspec.structs.replace(
        with_download_cost(_receipt(request, target, plan, moved, info), usage, request.terms),
        started=started.isoformat(timespec="milliseconds"),
        seconds=round((ports.clock.now() - started).total_seconds(), 3),
    )


def _check_size(request: DownloadRequest, info: SourceInfo) -> None:
    if request.size is not None and request.size != info.size:
        raise NotAsExpected(f"{request.source} has {info.size:,} bytes, where {request.size:,} are expected")


def _check_expected(request: DownloadRequest, target: LocalTarget, ports: Ports) -> None:
    """Reads the file for its digest, before it gets its name. Raises NotAsExpected."""
    expected = request.expected
    if expected is None:
        return
    file = SourceUrl("file", str(target.path))
    origin = PinnedSource(source=file, info=ports.source.probe(file))
    found = digest(expected.algorithm, ports.readers(origin, 1, lambda count: None))
    if found != expected.digest:
        raise NotAsExpected(
            f"{request.source} has the {expected.algorithm} {found}, where {expected.digest} is expected"
        )


def _check_cost(request: DownloadRequest, info: SourceInfo) -> None:
    """Raises TooExpensive, before anything is written or discarded. What an earlier download has brought is not taken
    off: whether it can be relied on is known only later."""
    plan = download_plan(info, _limit(request), request.part_size)
    check_download_cost(_usage(request, info, plan, []), request.max_cost, info)


def _usage(request: DownloadRequest, info: SourceInfo, plan: Plan, existing: list[MovedPart]) -> Usage:
    left = plan.size - sum(part.length for part in existing)
    return download_usage(info, left, plan.count - len(existing), request.terms)


def _limit(request: DownloadRequest) -> int:
    return request.connections or MOST_CONNECTIONS


def _on_disk(request: DownloadRequest, info: SourceInfo, target: LocalTarget) -> tuple[list[MovedPart], Plan]:
    """The parts to trust, and the plan: an earlier download's plan where that is continued."""
    before = target.recorded(info) if request.resume else None
    if before is not None and request.part_size in {None, before[0]}:
        plan = download_plan(info, _limit(request), before[0])
        return list(trusted(plan, before[1], target, request.checksum_slots)), plan
    plan = download_plan(info, _limit(request), request.part_size)
    target.begin(info, plan)
    return [], plan


def _read_back(plan: Plan, moved: list[MovedPart], target: LocalTarget, slots: int) -> None:
    """Raises ChecksumMismatch where the file has other bytes than came: whoever wrote to it meanwhile, or the disk."""
    good = {part.number for part in trusted(plan, moved, target, slots)}
    spoiled = [part.number for part in moved if part.number not in good]
    if spoiled:
        raise ChecksumMismatch(f"{target.path} has other bytes than came: part {spoiled[0]} of {plan.count} differs")


def check_arrived(source: S3Url, origin: PinnedSource, crc: int, ports: Ports) -> ObjectInfo:
    """The object as the store describes it, if it is still the one that was fetched and its checksum agrees.

    Raises ChecksumMismatch.
    """
    info = ports.store.head(source)
    if info is None or info.etag != origin.info.etag:
        # What arrived is one whole version all the same: every answer was held to the probed ETag.
        return ObjectInfo(size=origin.info.size or 0, etag=origin.info.etag or "")
    if info.full_object and info.crc != crc:
        raise ChecksumMismatch(f"{source} arrived with CRC64NVME {encode(crc)}, which is not the one S3 holds")
    return msgspec.structs.replace(info, crc=crc)


def _receipt(
    request: DownloadRequest, target: LocalTarget, plan: Plan, moved: list[MovedPart], info: ObjectInfo
) -> Receipt:
    return Receipt(
        state="succeeded",
        source=str(request.source),
        destination=shown_path(target.final),
        size=plan.size,
        parts=plan.count,
        retries=sum(part.retries for part in moved),
        checksum_algorithm=ALGORITHM,
        checksum=encode(whole(plan, moved)),
        proof="full-object" if info.full_object else None,
        verdict="verified-by-source" if info.full_object else "size-only",
        etag=info.etag,
        version_id=info.version_id,
    )
