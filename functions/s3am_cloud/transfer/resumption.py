"""Continuing an unfinished upload: which of its parts may be relied on, and what the rest is cut into."""

from __future__ import annotations

from typing import Literal

import msgspec

from s3am_cloud.errors import BadPartSize, BadSource, SourceChanged
from s3am_cloud.integrity.prove import part_size_of
from s3am_cloud.model import Job, PinnedSource, Plan, SourceInfo, TransferRequest
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.same_source import source_id
from s3am_cloud.transfer.part_sizes import check_time, connections_for
from s3am_cloud.transfer.steps.plan import plan
from s3am_cloud.urls import S3Url, SourceUrl


def resumed(
    job: Job, target: S3Url, upload_id: str, origin: PinnedSource, connections: int | None, ports: Ports
) -> Job:
    """The job that continues an upload whose record says which version of the source its parts are of."""
    before = ports.jobs.find(target, upload_id)
    if before is None or before.info is None or before.plan is None or before.upload is None:
        return _adopted(job, target, upload_id, origin, connections, ports)
    source = job.source
    _check_same(before, target, source, origin.info)
    requested = job.request.part_size
    if requested is not None and requested != before.plan.part_size:
        raise BadPartSize(
            f"the unfinished upload has parts of {before.plan.part_size:,} bytes, not {requested:,}",
            "leave --part-size out, or start again with --force",
        )
    check_time(before.plan, origin.info)
    state: Literal["transfer", "stream"] = "stream" if before.plan.grows_every else "transfer"
    trusted = before.trusted and _is_certainly_the_same(before, source, origin.info)
    return msgspec.structs.replace(
        job,
        state=state,
        info=origin.info,
        plan=before.plan,
        upload=before.upload,
        trusted=trusted,
        records_of=_records_of(job, before) if trusted else None,
        source_id=source_id(source),
        resumes=job.resumes or before.resumes or before.id,
    )


def _records_of(job: Job, before: Job) -> str | None:
    """The job whose records of parts count: a job that resumes another is found itself when it is prepared again."""
    return before.records_of if before.id == job.id else before.id


def _is_certainly_the_same(before: Job, source: SourceUrl, now: SourceInfo) -> bool:
    """Whether nothing can have changed since: a local file's bytes may have, though its size and date are the same."""
    unchanged = before.info is not None and before.info.changed_ns == now.changed_ns
    return unchanged and before.source_id == source_id(source) and now.pinned == "strong"


def _check_same(before: Job, target: S3Url, source: SourceUrl, now: SourceInfo) -> None:
    """Whether the upload that `before` filled can be continued from this source.

    Raises SourceChanged where it is another version. A source under another URL has to have the same size only: its
    parts are proven. Raises BadSource where it can't be read from the middle.
    """
    was, plan = before.info, before.plan
    if before.source_id in {None, source_id(source)}:
        if was is not None and not was.same_version(now):
            raise SourceChanged(f"the source of the unfinished upload of {target} has changed since")
    elif was is not None and was.size != now.size:
        raise SourceChanged(f"{source.display} has another size than the source of the unfinished upload of {target}")
    if plan is not None and plan.count > 1 and not plan.grows_every and not now.ranges:
        raise BadSource(
            f"{source.display} serves no ranges, which the unfinished upload of {target} needs",
            "resume it from the source that it was begun with",
        )


def _adopted(
    job: Job, target: S3Url, upload_id: str, origin: PinnedSource, connections: int | None, ports: Ports
) -> Job:
    """The job that continues an upload that nobody here has a record of: its parts have to be proven."""
    upload = ports.store.find(target, upload_id)
    existing = list(ports.store.parts(upload))
    request = msgspec.structs.replace(job.request, part_size=part_size_of(existing, job.request.part_size))
    plan = plan_for(request, request.source_url, origin, connections, ports.most_workers)
    if existing and existing[-1].number > plan.count:
        raise SourceChanged(
            f"the unfinished upload of {target} is of a longer source: it has part {existing[-1].number} where "
            f"this one ends with part {plan.count}",
            "resume it from the source that it was begun with",
        )
    trusted = not existing
    return msgspec.structs.replace(
        job,
        state="transfer",
        info=origin.info,
        plan=plan,
        upload=upload,
        trusted=trusted,
        records_of=None,
        source_id=source_id(request.source_url),
    )


def plan_for(
    request: TransferRequest,
    source: SourceUrl,
    origin: PinnedSource,
    connections: int | None,
    most_workers: int | None = None,
) -> Plan:
    limit = connections_for(request, source.scheme, connections)
    return plan(origin.info, limit, request.part_size, source.scheme == "s3", most_workers)
