"""Planning a job on this machine as the cloud would prepare it, without writing anything anywhere.

The plan is made by the very function that prepares jobs, so it is refused as the job would be. Only its store differs:
it is read from, and what would be opened or discarded is not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, cast

import msgspec

from s3am_cloud.adapters.clock import SystemClock
from s3am_cloud.adapters.curl.source.rate_probe import CurlRateProbe
from s3am_cloud.adapters.machine import is_in_aws
from s3am_cloud.adapters.memory.jobs import MemoryJobs
from s3am_cloud.adapters.s3.access import S3Access
from s3am_cloud.costs.quote import Quote, by_datasync, enforce_max_cost, in_cloud, in_process, remaining, where_of
from s3am_cloud.errors import AccessDenied, BadPartSize, SourceTooLarge, StoreUnavailable, TooExpensive, TransferError
from s3am_cloud.integrity.before_commit import needs_parts
from s3am_cloud.limits import MOST_IN_ORDER
from s3am_cloud.logins import HostLogins
from s3am_cloud.model import Attributes, Job, ObjectInfo, Plan, Sealed, SourceInfo, TransferRequest, Upload
from s3am_cloud.ports.pace import RateProbe, no_rate
from s3am_cloud.ports.transfer import ObjectStore, Ports
from s3am_cloud.transfer.pipeline import new_job, prepare
from s3am_cloud.transfer.remaining import missing
from s3am_cloud.transfer.steps.plan import plan
from s3am_cloud.urls import S3Url
from s3am_cloud_client.inprocess.parts_run import most_connections
from s3am_cloud_client.inprocess.ports import SourceReach, curl_settings, local_ports
from s3am_cloud_client.observer import Observer

_JOB = "plan"
_NEW = ""
"""Id of an upload that was not opened."""


class ReadOnlyStore:
    """What `prepare` asks of a store. Where the user may not look at the destination it is taken to be empty, and
    `blind` is why."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.blind: TransferError | None = None

    def head(self, target: S3Url) -> ObjectInfo | None:
        try:
            return self._store.head(target)
        except (AccessDenied, StoreUnavailable) as error:
            if type(error) is AccessDenied and self._store.lists(target):
                raise  # it is there, and needs another key
            self.blind = error
            return None

    def lists(self, target: S3Url) -> bool:
        return self._store.lists(target)

    def region(self, target: S3Url) -> str | None:
        return self._store.region(target)

    def unfinished(self, target: S3Url, needed: bool = False) -> Sequence[str]:
        try:
            return self._store.unfinished(target, needed)
        except (AccessDenied, StoreUnavailable) as error:
            self.blind = error
            return ()

    def checks_puts(self, target: S3Url) -> bool:
        return self._store.checks_puts(target)

    def unfinished_below(self, prefix: S3Url) -> Iterator[Upload]:
        return self._store.unfinished_below(prefix)

    def find(self, target: S3Url, upload_id: str) -> Upload:
        return self._store.find(target, upload_id)

    def parts(self, upload: Upload, after: int = 0) -> Any:
        return self._store.parts(upload, after)

    def create(self, target: S3Url, attributes: Attributes, copied_tags: bool = False) -> Upload:
        return Upload(target=target, upload_id=_NEW, full_object=True)

    def abort(self, upload: Upload) -> None:
        """It stays."""


class Planned(msgspec.Struct, frozen=True):
    """A job as the cloud would prepare it; `plan` is what is left to transfer of its plan."""

    job: Job
    plan: Plan | None


def plan_ports(
    access: S3Access,
    source: S3Access,
    rate: int | None = None,
    most_workers: int | None = None,
    logins: HostLogins = (),
) -> Ports:
    """The ports of this machine, with both sides' keys; a source's rate is measured as the cloud does, unless the user
    gives it. The stack is assumed to be in the user's region."""
    reach = SourceReach(tags=False, logins=logins)
    measured = CurlRateProbe(curl_settings(access, reach), SystemClock())
    rate_probe: RateProbe = measured if rate is None else lambda origin: rate
    ports = local_ports(access, source, reach)
    return msgspec.structs.replace(ports, rate_probe=rate_probe, region=access.region, most_workers=most_workers)


def planned(request: TransferRequest, sealed: bool, store: ReadOnlyStore, ports: Ports) -> Planned:
    """The job for a request, with its source's whole URL; `sealed` where it has secrets.

    Parts of an unfinished upload that is resumed count as moved. Raises what preparing the job would, TooExpensive
    among it.
    """
    world = msgspec.structs.replace(
        ports, store=cast("ObjectStore", store), jobs=MemoryJobs(), most_in_order=MOST_IN_ORDER
    )
    job = new_job(request, _JOB, ports.clock)
    if sealed:
        job = msgspec.structs.replace(job, sealed=(Sealed(job=_JOB, data=""),))
    job = prepare(job, world)
    if job.plan is None or job.upload is None or job.upload.upload_id == _NEW:
        return Planned(job, job.plan)
    plan = remaining(job.plan, missing(job.plan, store.parts(job.upload)))
    enforce_max_cost(job, plan)
    return Planned(job, plan)


def quote(request: TransferRequest, sealed: bool, ports: Ports, observer: Observer) -> Quote:
    """What the transfer takes, in the cloud and in-process. Raises what preparing the job would."""
    store = ReadOnlyStore(ports.store)
    found = planned(request, sealed, store, ports)
    if store.blind is not None:
        observer.note(f"The destination can't be read from here and is assumed to be empty: {store.blind.message}")
    job, plan, info = found.job, found.plan, found.job.info
    source, where = request.source_url, str(job.target)
    if plan is None or info is None:
        return Quote(state="skipped", source=source.display, destination=where)
    connections = most_connections(request)
    return Quote(
        state="transfer",
        source=source.display,
        destination=where,
        size=plan.size,
        parts=plan.count,
        part_size=plan.part_size,
        rate=info.rate,
        cloud=in_cloud(job, plan, info.rate),
        in_process=in_process(
            job, _upload_plan(request, info, connections, plan.size), connections, info.rate, is_in_aws(os.environ)
        ),
        datasync=by_datasync(job, plan.size, sealed),
        regions=where_of(job),
    )


def _upload_plan(request: TransferRequest, info: SourceInfo, connections: int, size: int) -> Plan:
    """The plan of `upload`, which has no deadline and so measures no rate; `size` of it is left."""
    source = request.source_url
    free = msgspec.structs.replace(info, rate=None)
    whole = plan(free, connections, request.part_size, copies=source.scheme == "s3")
    small = whole.small and not needs_parts(request, source, info)
    return msgspec.structs.replace(whole, size=size, small=small)


def check_cost(request: TransferRequest, sealed: bool, ports: Ports, observer: Observer) -> None:
    """Refuses here and now what is above `max_cost`; what can't be computed here is left to the cloud, with a note.

    The source's rate as it is seen from here may be that of this machine's own link, and the cloud's a better one. So
    the job is refused if it is too expensive both by that rate and where the source fills its workers. Raises
    TooExpensive, and BadPartSize and SourceTooLarge, which no other limit would fix.
    """
    store = ReadOnlyStore(ports.store)
    try:
        if request.secret is not None:
            raise AccessDenied("its login or its key is in a secret")
        try:
            planned(request, sealed, store, msgspec.structs.replace(ports, rate_probe=no_rate))
        except TooExpensive:
            planned(request, sealed, store, ports)
    except (TooExpensive, BadPartSize, SourceTooLarge):
        if store.blind is None or not (request.resume or request.exists == "skip"):
            raise
        _leave(store.blind, observer)  # there may be less to do, or nothing
    except TransferError as error:
        _leave(error, observer)


def _leave(error: TransferError, observer: Observer) -> None:
    observer.note(
        f"The cloud checks the cost before the transfer starts, as it can't be computed here: {error.message}"
    )
