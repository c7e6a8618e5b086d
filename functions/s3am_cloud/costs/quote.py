"""What a job is going to take and to cost, before it is begun: the quote, and the bound that a request may set to it.

In the cloud that is the job's forecast (forecast.py). The same job in-process takes requests to S3, and what S3 charges
for the bytes themselves (surcharge.py); how long it takes nobody knows beforehand: its connections are assumed to give
what one of them gave, and the machine's link to be one of 1 Gbit/s. DataSync charges for each gigabyte; its price is
quoted only where it could do the same job.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from s3am_cloud.amounts import NOT_AWS, price_text, rounded
from s3am_cloud.checksums.expectations import read_again
from s3am_cloud.costs.forecast import Forecast, Usage, cost, forecast, pages_of, source_reads
from s3am_cloud.costs.prices import PRICES, STANDARD
from s3am_cloud.costs.surcharge import Surcharge, covered, reads_again, surcharge, terms_here, terms_in_cloud
from s3am_cloud.errors import TooExpensive
from s3am_cloud.limits import COPY_BYTES_PER_SECOND, LINK_BYTES_PER_SECOND, MOST_BY_DATASYNC
from s3am_cloud.model import Job, Part, Plan, Receipt, SourceInfo, has_secrets


class Extra(msgspec.Struct, frozen=True, kw_only=True):
    """What of the dollars is for the bytes themselves, and for requests at another storage class than S3 Standard."""

    cross_region: float
    retrieval: float
    storage_class: float
    read_again: float = 0.0
    egress: float = 0.0


class Cloud(msgspec.Struct, frozen=True, kw_only=True):
    """The job in the cloud: `concurrency` workers at once with `slots` connections each. All of it is an estimate of a
    run in which nothing goes wrong, the counts exactly so. `extra` is part of `dollars`."""

    units: int
    concurrency: int
    slots: int
    worker_invocations: int
    invocations: int
    gb_seconds: float
    transitions: int
    s3_writes: int
    s3_reads: int
    kms_requests: int
    events: int
    seconds: float
    dollars: float
    extra: Extra


class InProcess(msgspec.Struct, frozen=True, kw_only=True):
    """The same by `upload`, with its record on that machine; or a download. `bytes_per_second` is what it is assumed to
    transfer."""

    parts: int
    connections: int
    s3_writes: int
    s3_reads: int
    bytes_per_second: int
    seconds: float
    dollars: float
    extra: Extra


class DataSync(msgspec.Struct, frozen=True):
    dollars: float


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """The regions of a source in S3, of the stack and of the destination, and the storage classes of both objects;
    None is unknown, or not in AWS, or S3 Standard."""

    source: str | None = None
    stack: str | None = None
    destination: str | None = None
    source_class: str | None = None
    storage_class: str | None = None

    @property
    def classes(self) -> tuple[str, str]:
        """The storage classes of the source and the destination by their names."""
        return self.source_class or STANDARD, self.storage_class or STANDARD


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What the dollars are reckoned by, `as_of` a month."""

    region: str = PRICES.region
    as_of: str = PRICES.as_of


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """What a transfer takes. `size` is what is left to move, in `parts`; `rate` what one connection gives, where known.

    Where it is `skipped`, the object exists and is left as it is: nothing is moved. A download has no `cloud`.
    """

    state: Literal["transfer", "skipped"]
    source: str
    destination: str
    size: int | None = None
    parts: int | None = None
    part_size: int | None = None
    rate: int | None = None
    cloud: Cloud | None = None
    in_process: InProcess | None = None
    datasync: DataSync | None = None
    regions: Where = Where()
    prices: Basis = Basis()


def forecast_of(job: Job, plan: Plan, rate: int | None = None) -> Forecast:
    """The forecast of a job as it is prepared; `plan` is its plan, or what of that is left to move.

    A small object that its request holds to a checksum has an upload, too.
    """
    plan = msgspec.structs.replace(plan, small=plan.small and job.state != "transfer")
    scheme = job.source.scheme
    return forecast(
        plan, scheme, rate, by_event=job.event is not None, sealed=has_secrets(job), terms=terms_in_cloud(job)
    )


def remaining(plan: Plan, parts: Iterable[Part]) -> Plan:
    """The plan of these parts alone, as far as their number and their bytes go."""
    return msgspec.structs.replace(plan, size=sum(part.length for part in parts))


def enforce_max_cost(job: Job, plan: Plan | None = None) -> None:
    """Raises TooExpensive where the forecast of a job that is planned is above what its request bears.

    A job that continues an upload is held to what is left of it, `plan`: what has been moved is paid for. Parts that
    nobody has a record of count as left, as each may have to be moved anew.
    """
    most, rate = job.request.max_cost, job.info.rate if job.info else None
    if most is None or job.plan is None:
        return
    found = forecast_of(job, plan or job.plan, rate)
    if found.dollars > most:
        raise _too_expensive(job, found, most)


def _too_expensive(job: Job, found: Forecast, most: float) -> TooExpensive:
    """With what most of it is for: data between regions and retrieval cost the same however the bytes are copied."""
    said = f"the transfer would cost about {price_text(found.dollars)} in the cloud, more than {price_text(most)}"
    extra, terms = found.usage.surcharge, terms_in_cloud(job)
    if extra.cross_region > found.dollars / 2:
        return TooExpensive(
            f"{said}: {price_text(extra.cross_region)} of it is for data from {terms.sent_from} to {terms.destination}",
            f"copy to a bucket in {terms.sent_from}, or allow more with --max-cost",
        )
    if extra.retrieval > found.dollars / 2:
        return TooExpensive(
            f"{said}: {price_text(extra.retrieval)} of it is for retrieval from {terms.source_class}",
            "allow more with --max-cost",
        )
    if extra.read_again > found.dollars / 2:
        return TooExpensive(
            f"{said}: {price_text(extra.read_again)} of it is for reading the object again for its checksum",
            "expect its crc64nvme, which the parts show, leave --source-digest out, or allow more with --max-cost",
        )
    return TooExpensive(said)


def in_cloud(job: Job, plan: Plan, rate: int | None) -> Cloud:
    return cloud_of(forecast_of(job, plan, rate), plan.concurrency, plan.slots)


def cloud_of(expected: Forecast, concurrency: int, slots: int) -> Cloud:
    return Cloud(
        units=expected.units,
        concurrency=concurrency,
        slots=slots,
        worker_invocations=expected.worker_invocations,
        invocations=expected.usage.invocations,
        gb_seconds=round(expected.usage.gb_seconds, 3),
        transitions=expected.usage.transitions,
        s3_writes=expected.usage.s3_writes,
        s3_reads=expected.usage.s3_reads,
        kms_requests=expected.usage.kms_requests,
        events=expected.usage.events,
        seconds=round(expected.seconds, 1),
        dollars=_exact(expected.dollars),
        extra=_extra(expected.usage.surcharge),
    )


def in_process(job: Job, plan: Plan, connections: int, rate: int | None, in_aws: bool = False) -> InProcess:
    """`plan` is the plan for that many connections, or what of that is left to move.

    Counted as a forecast counts: what is tried again and the HEAD of each bucket are left out.
    """
    busy, usage = min(connections, plan.count), usage_here(job, plan, in_aws)
    speed = _speed(job.source.scheme, 1 if _is_small(job, plan) else busy, rate)
    return _here(plan, busy, usage, speed, plan.size + read_again(job))


def of_download(info: SourceInfo, plan: Plan, usage: Usage, connections: int, rate: int | None) -> Quote:
    """What a download takes; the names of its source and its file are the caller's to add."""
    busy = min(connections, plan.count)
    speed = LINK_BYTES_PER_SECOND if rate is None else min(LINK_BYTES_PER_SECOND, busy * rate)
    return Quote(
        state="transfer",
        source="",
        destination="",
        size=plan.size,
        parts=plan.count,
        part_size=plan.part_size,
        rate=rate,
        in_process=_here(plan, busy, usage, speed, plan.size),
        regions=Where(source=info.region, source_class=info.storage_class),
    )


def _here(plan: Plan, connections: int, usage: Usage, speed: int, size: int) -> InProcess:
    """`size` counts all bytes that pass, with those that are read again."""
    return InProcess(
        parts=plan.count,
        connections=connections,
        s3_writes=usage.s3_writes,
        s3_reads=usage.s3_reads,
        bytes_per_second=speed,
        seconds=round(size / speed, 1),
        dollars=_exact(cost(usage)),
        extra=_extra(usage.surcharge),
    )


def usage_here(job: Job, plan: Plan, in_aws: bool = False) -> Usage:
    """What AWS bills for where the job runs on somebody's machine."""
    small, terms = _is_small(job, plan), terms_here(job, in_aws)
    return Usage(
        # The listing of unfinished uploads, and the object; or the new upload, its parts, their listing, its end.
        s3_writes=2 if small else 2 + plan.count + pages_of(plan.count) + 1,
        # The object, before and after.
        s3_reads=2 + source_reads(job.source.scheme) + reads_again(terms),
        surcharge=surcharge(msgspec.structs.replace(plan, small=small), terms),
    )


def with_upload_cost(receipt: Receipt, job: Job, at_aws: bool, in_aws: bool = False) -> Receipt:
    """The receipt of a transfer on somebody's machine, with an estimate of what AWS charges for it."""
    if job.plan is None or receipt.state != "succeeded" or receipt.size is None:
        return receipt
    # The plan of a stream has the most that its parts can hold; what a resumed transfer moved before counts, too.
    usage = usage_here(job, msgspec.structs.replace(job.plan, size=receipt.size), in_aws)
    said = f"S3 requests{covered(usage.surcharge)}: an estimate, by list prices of {PRICES.region}"
    return msgspec.structs.replace(
        receipt, cost_usd=rounded(cost(usage)), cost_of=said if at_aws else f"{said}, {NOT_AWS}"
    )


def _is_small(job: Job, plan: Plan) -> bool:
    return plan.small and job.state != "transfer"


def by_datasync(job: Job, size: int, keys: bool = False) -> DataSync | None:
    """None where DataSync can't do the job: it reads no web, FTP or SSH server, keeps the objects' names, and knows
    neither `keys` of the customer's (SSE-C) nor anonymous requests nor objects above 5 TB.

    Data between regions and requests cost as much by DataSync as by a copy; it compares what it has copied by itself.
    """
    source, request = job.source.stored, job.request
    if source is None or keys or request.no_sign_request or request.secret or size > MOST_BY_DATASYNC:
        return None
    if source.key.rpartition("/")[2] != job.target.key.rpartition("/")[2]:
        return None
    extra = surcharge(Plan(size=size, part_size=size or 1, small=True), terms_here(job))
    return DataSync(_exact(size / 10**9 * PRICES.datasync_gb + extra.total - extra.read_again))


def where_of(job: Job) -> Where:
    info, regions = job.info, job.regions
    return Where(
        source=info.region if info else None,
        stack=regions.mover,
        destination=regions.destination,
        source_class=info.storage_class if info else None,
        storage_class=job.request.attributes.storage_class,
    )


def _extra(charges: Surcharge) -> Extra:
    return Extra(
        cross_region=_exact(charges.cross_region),
        retrieval=_exact(charges.retrieval),
        storage_class=_exact(charges.requests),
        read_again=_exact(charges.read_again),
        egress=_exact(charges.egress),
    )


def _exact(dollars: float) -> float:
    """Without what floating point adds to it."""
    return round(dollars, 9)


def _speed(scheme: str, connections: int, rate: int | None) -> int:
    if scheme == "s3":
        return connections * COPY_BYTES_PER_SECOND
    return LINK_BYTES_PER_SECOND if rate is None else min(LINK_BYTES_PER_SECOND, connections * rate)
