"""What a route or a schedule need not do: copy what jobs wrote themselves, or fetch what has not changed.

The last good run of a schedule leaves a note of what it fetched. As notes expire, every later run renews it, and so
does the janitor for schedules that run less often than notes expire.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from s3am_cloud.integrity.provenance import JOB
from s3am_cloud.limits import RAREST_SCHEDULE_DAYS
from s3am_cloud.model import Ingested, Job, SourceInfo
from s3am_cloud.ports.coordination import Seen
from s3am_cloud.ports.transfer import Clock, Ports

UNCHANGED = "the source has not changed since it was fetched"
OURS = "a job of s3am-cloud wrote the object"
SUPERSEDED = "another version has come since, with an event of its own"
FOLDER = "a folder's marker has no content"


def skip_reason(job: Job, ports: Ports) -> str | None:
    """Why the job has nothing to do, None where it has. Costs one look at the source; raises what `probe` does."""
    why = job.ingested
    if why is None:
        return None
    source = job.source
    if why.route is not None:
        return FOLDER if source.url.endswith("/") else _of_route(why, ports.source.probe(source))
    return _of_schedule(why, ports.source.probe(source), ports)


def remember(job: Job, ports: Ports) -> None:
    """Notes what a schedule's job has fetched; for when the object is there."""
    why = job.ingested
    if why is not None and why.schedule is not None and job.info is not None and ports.coordination is not None:
        ports.coordination.see(why.schedule, _seen(why, job.info, ports.clock))


def _of_route(why: Ingested, info: SourceInfo) -> str | None:
    """An event's version that is no longer the newest is left to the newest one's event: so the last one to be written
    is the newest, in whatever order events come."""
    if _is_other(why, info):
        return SUPERSEDED
    written = any(name.lower() == JOB for name in info.attributes.metadata)
    return OURS if written and not why.again else None


def _is_other(why: Ingested, info: SourceInfo) -> bool:
    if why.version is not None and info.version is not None:
        return why.version != info.version
    return why.etag is not None and info.etag is not None and why.etag.strip('"') != info.etag.strip('"')


def _of_schedule(why: Ingested, info: SourceInfo, ports: Ports) -> str | None:
    """What has no validator may always have changed."""
    if ports.coordination is None or why.schedule is None or not (info.etag or info.last_modified or info.version):
        return None
    now, before = _seen(why, info, ports.clock), ports.coordination.seen(why.schedule)
    if before is None or not before.is_same(now):
        return None
    ports.coordination.see(why.schedule, now)
    return UNCHANGED


def renew_seen(ports: Ports) -> None:
    """Keeps the notes of schedules that may still run: those that have looked within the longest time between two."""
    if ports.coordination is None:
        return
    now = ports.clock.now()
    for schedule in ports.coordination.schedules():
        seen = ports.coordination.seen(schedule)
        if seen is None:
            continue
        looked = seen.looked or now.isoformat(timespec="seconds")
        if now - datetime.fromisoformat(looked) < timedelta(days=RAREST_SCHEDULE_DAYS):
            ports.coordination.see(schedule, msgspec.structs.replace(seen, looked=looked))


def _seen(why: Ingested, info: SourceInfo, clock: Clock) -> Seen:
    return Seen(
        asked=why.asked,
        size=info.size,
        etag=info.etag,
        last_modified=info.last_modified,
        version=info.version,
        looked=clock.now().isoformat(timespec="seconds"),
    )
