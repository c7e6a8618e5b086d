"""Single items of a unit, each by a transfer of its own: larger ones, and those from sources that need more than one
plain request. They go through the very tasks that a job of one object does, in one invocation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import msgspec

from s3am_cloud.datasets.decisions import NOT_COMPARED
from s3am_cloud.datasets.outcomes import Outcome, outcome_of
from s3am_cloud.datasets.single import Done, Task, copy_one, failed
from s3am_cloud.errors import JobCancelled, JobFailed, NoSuchJob, ObjectExists, TransferError
from s3am_cloud.items import Item
from s3am_cloud.jobs.dataset.own import own_outcome
from s3am_cloud.jobs.dataset.records import item_job_id, item_ports, item_records
from s3am_cloud.jobs.tasks import complete_job, prepare_job, work
from s3am_cloud.limits import DEADLINE_MARGIN_SECONDS, MAX_UNIT_ITEM, SMALL_OBJECT
from s3am_cloud.model import Job, ObjectInfo, Plan, Receipt, TransferRequest, Unit
from s3am_cloud.ports.item_list import Listed
from s3am_cloud.ports.records import JobStore
from s3am_cloud.ports.transfer import Ports
from s3am_cloud.transfer.pipeline import new_job

if TYPE_CHECKING:
    from s3am_cloud.ports.transfer import ObjectStore
    from s3am_cloud.urls import S3Url

_EXISTS = "submit with --exists overwrite or update to replace it, or --exists skip to leave it"

# Why an item is left to Settle.
TOO_LARGE = "it is too large for one worker"


class _Left(Exception):
    """An item that is left to others: for this reason, or without one as there was no time for it."""

    def __init__(self, reason: str | None = None) -> None:
        super().__init__()
        self.reason = reason


def item_request(dataset: Job, item: Item) -> TransferRequest:
    """What the dataset's request says of this item."""
    return msgspec.structs.replace(
        dataset.request,
        source=item.source,
        destination=item.destination,
        dataset=None,
        exists=None,
        expect=item.digest or dataset.request.expect,
        max_cost=None,
        idempotency_key=None,
    )


class SingleItems:
    """Copies single items of one dataset, each over `connections` connections; called in several threads."""

    def __init__(self, dataset: Job, connections: int, seconds_left: Callable[[], float], ports: Ports) -> None:
        self._dataset, self._connections = dataset, connections
        self._seconds_left, self._ports = seconds_left, ports

    def __call__(self, task: Task) -> Done:
        """An outcome of `not-reached` is of an item that is left to others: TOO_LARGE, or there was no time."""
        listed = task.candidate.listed
        if self._seconds_left() < DEADLINE_MARGIN_SECONDS:
            return _left(listed)
        if task.compare and (rule := self._dataset.request.exists) in {"skip", "fail"}:
            return self._by_rule(task, skips=rule == "skip")
        try:
            ports = _ports_for(self._request(listed.item), listed, self._ports)
            done = copy_one(task, self._request, ports, lambda whole: self._transfer(listed, whole, ports), self._own)
        except _Left as left:
            return _left(listed, left.reason)
        error = done.outcome.error
        if error is not None and error.name == JobCancelled.__name__:
            return _left(listed)
        if task.compare or error is None or error.name != ObjectExists.__name__:
            return done
        return self._by_rule(task, skips=False, otherwise=done)

    def _by_rule(self, task: Task, skips: bool, otherwise: Done | None = None) -> Done:
        """An object that exists although the listing did not have it, where it need not be compared with its source."""
        listed = task.candidate.listed
        try:
            info = self._ports.store.head(task.candidate.stored)
        except TransferError as error:
            return Done(listed.number, failed(listed, error))
        made = None if info is None else self._own(listed, info)
        if made is not None:
            return Done(listed.number, made, heads=1)
        if otherwise is not None:
            return otherwise
        if skips:
            skipped = msgspec.structs.replace(outcome_of(listed.item, "skipped"), reason=NOT_COMPARED)
            return Done(listed.number, skipped, heads=1)
        return Done(listed.number, failed(listed, ObjectExists(f"{listed.item.destination} exists", _EXISTS)))

    def _own(self, listed: Listed, info: ObjectInfo) -> Outcome | None:
        return own_outcome(self._dataset.id, listed, info)

    def _request(self, item: Item) -> TransferRequest:
        return msgspec.structs.replace(
            item_request(self._dataset, item), download_slots=self._connections, upload_slots=None
        )

    def _transfer(self, listed: Listed, request: TransferRequest, ports: Ports) -> Receipt:
        """Raises _Left."""
        item_id = item_job_id(self._dataset.id, listed.number)
        records = item_records(ports.jobs, item_id)
        records.save(self._begun(item_id, request))
        ports = msgspec.structs.replace(item_ports(ports, self._dataset.id), jobs=records)
        prepared = prepare_job(item_id, self._dataset.execution or "", "", ports)
        if prepared.transfer:
            plan = _plan(records.load(item_id))
            if plan.size > MAX_UNIT_ITEM:
                raise _Left(TOO_LARGE)
            if not work(item_id, Unit(0, 1, plan.count), self._seconds_left, ports).done:
                raise _Left
            complete_job(item_id, ports)
        return _ended(item_id, records)

    def _begun(self, item_id: str, request: TransferRequest) -> Job:
        """The item as an earlier invocation left it, or as a new job."""
        try:
            return self._ports.jobs.load(item_id)
        except NoSuchJob:
            new = new_job(request, item_id, self._ports.clock)
            return msgspec.structs.replace(new, part_of=self._dataset.id, execution=self._dataset.execution)


def _ports_for(request: TransferRequest, listed: Listed, ports: Ports) -> Ports:
    """Of what one copy inside S3 brings, nobody looks for an upload to continue: that would triple its price."""
    size, asked = listed.item.size, request.resume or request.force or request.part_size is not None
    if asked or size is None or size > SMALL_OBJECT or not listed.item.source.startswith("s3://"):
        return ports
    return msgspec.structs.replace(ports, store=cast("ObjectStore", _WithoutUploads(ports.store)))


class _WithoutUploads:
    """All else is the other store's own."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def unfinished(self, target: S3Url, needed: bool = False) -> Sequence[str]:
        return ()


def _left(listed: Listed, reason: str | None = None) -> Done:
    not_reached = msgspec.structs.replace(outcome_of(listed.item, "not-reached"), reason=reason)
    return Done(listed.number, not_reached)


def _plan(job: Job) -> Plan:
    if job.plan is None:
        raise JobFailed(f"job {job.id} was not prepared")
    return job.plan


def _ended(item_id: str, records: JobStore) -> Receipt:
    """The item's receipt; nothing is left of it that could be continued."""
    receipt = records.report(item_id)
    if receipt is None:
        raise JobFailed(f"job {item_id} has no report")
    job = records.load(item_id)
    if job.upload is not None:
        records.forget(job)
    return receipt
