"""What a job takes in the cloud, in calls and in dollars: by arithmetic before it runs, from its tallies afterwards."""

from __future__ import annotations

from typing import Final

import msgspec

from s3am_cloud.costs.prices import PRICES, Prices
from s3am_cloud.costs.surcharge import NOTHING, Surcharge, Terms, reads_again, surcharge
from s3am_cloud.limits import (
    COPY_BYTES_PER_SECOND,
    DEADLINE_MARGIN_SECONDS,
    LAMBDA_BYTES_PER_SECOND,
    LAMBDA_SECONDS,
    LIST_PAGE,
    WORKER_MEMORY_MIB,
)
from s3am_cloud.model import Plan

# The states of state_machine.asl.json that a job enters which nothing goes wrong with.
SMALL_STATES: Final = ("Begin", "Prepare", "WhoPrepares", "AnythingLeft", "Report", "Announce")
PARENT_STATES: Final = (*SMALL_STATES, "Transfer", "WhoCompletes", "Complete")
CHILD_STATES: Final = ("Move", "UnitDone", "Moved")
# Those that come on top, where an event asks for the job, and where it has secrets that the worker alone can open.
EVENT_STATES: Final = ("Accept", "AcceptedBefore")
SEALED_STATES: Final = ("PrepareSealed",)
# What an invocation takes beside moving parts: its share of a cold start, its record and a page of ListParts.
OVERHEAD_SECONDS: Final = 0.5
# Starting the execution and its Map Run, preparing and reporting, as seen from outside.
FRAME_SECONDS: Final = 8.0
# Children of a Map Run that start within a second, and environments that Lambda adds every 10 s.
CHILD_STARTS_PER_SECOND: Final = 100
ENVIRONMENTS_PER_10_SECONDS: Final = 1000


_SAME_REGION: Final = Terms()


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What AWS bills for. `kms_requests` are at most one an invocation: S3 Bucket Keys save nearly all of them.

    The logs (about 1 KB an invocation) and storage are left out; data into S3 and within a region is free. Requests are
    counted as if all were at S3 Standard's prices; what other storage classes, regions and the way out of AWS cost is
    the `surcharge`.
    """

    transitions: int = 0
    invocations: int = 0
    gb_seconds: float = 0.0
    s3_writes: int = 0
    s3_reads: int = 0
    kms_requests: int = 0
    events: int = 0
    surcharge: Surcharge = NOTHING


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it will be if nothing goes wrong. `seconds` are from its submission to its report."""

    units: int
    worker_invocations: int
    usage: Usage
    seconds: float
    dollars: float


def forecast(
    plan: Plan,
    scheme: str,
    rate: int | None = None,
    by_event: bool = False,
    sealed: bool = False,
    terms: Terms = _SAME_REGION,
) -> Forecast:
    """The job that moves all parts of `plan` from a source of that URL scheme, in one region unless `terms` differ.

    `rate` is what one connection to the source gives, in bytes a second; without it, what a worker can take. An event
    asks for the job, or else `submit` does, whose requests to the work bucket count, and not those that find the stack
    and follow the job. With secrets the job is `sealed`.

    Requests to a source in S3 count, to others not. What can't be known beforehand is left out: what is tried again,
    and one HEAD of a bucket for each new environment of a function that uses it, which Lambda does not report. So is
    what only a few requests ask for: digests for which files are read, `--force`, and resuming; `--exists overwrite`
    takes a HEAD less.
    """
    if plan.small:
        first = _small(plan, scheme, rate, terms, by_event + sealed, _more(by_event, sealed))
    else:
        first = _in_parts(plan, scheme, rate, by_event, sealed, terms)
    return _with_reading(first, terms) if terms.read_again else first


def _in_parts(plan: Plan, scheme: str, rate: int | None, by_event: bool, sealed: bool, terms: Terms) -> Forecast:
    units = -(-plan.count // plan.unit_parts)
    speed = worker_speed(scheme, min(plan.slots, plan.unit_parts), rate)
    unit_seconds = min(plan.unit_parts * plan.part_size, plan.size) / speed
    rounds = max(1, -(-int(unit_seconds) // (LAMBDA_SECONDS - DEADLINE_MARGIN_SECONDS)))
    moves = units * rounds
    pages, invocations = pages_of(plan.count), moves + 3 + by_event + sealed
    usage = Usage(
        transitions=len(PARENT_STATES) + _more(by_event, sealed) + units * (len(CHILD_STATES) + 2 * (rounds - 1)),
        invocations=invocations,
        gb_seconds=gb_of(plan.size / speed + (invocations + pages) * OVERHEAD_SECONDS),
        # Before: the claim, the record three times, its index, a note when it expires; the uploads there are, the
        # new one, its parts, the units. Each worker lists parts, and writes a record of those that it has sent, and a
        # tally. Last parts, these records and tallies are listed, record and index are written, the upload is
        # completed, the report is written.
        s3_writes=10 + 3 * moves + plan.count + pages + 2 * pages_of(moves) + 4,
        # Prepare: record (3), claim (2), notice and object. The units. Each worker: the record (3). Complete: record
        # (2), report, notice, object, all records of parts and tallies. Report: the report, and the record.
        s3_reads=7 + source_reads(scheme) + 1 + 3 * moves + 5 + 2 * moves + 2,
        kms_requests=invocations,
        events=1,
        surcharge=surcharge(plan, terms),
    )
    seconds = FRAME_SECONDS + waves(units, plan.concurrency, unit_seconds + rounds * OVERHEAD_SECONDS)
    return Forecast(units=units, worker_invocations=moves, usage=usage, seconds=seconds, dollars=cost(usage))


def cost(usage: Usage, prices: Prices = PRICES) -> float:
    """Dollars."""
    return (
        usage.transitions * prices.transition
        + usage.invocations * prices.invocation
        + usage.gb_seconds * prices.gb_second
        + usage.s3_writes * prices.s3_write
        + usage.s3_reads * prices.s3_read
        + usage.kms_requests * prices.kms_request
        + usage.events * prices.event
        + usage.surcharge.total
    )


def worker_speed(scheme: str, slots: int, rate: int | None) -> float:
    """Bytes a second that one worker moves over `slots` connections; copies run inside S3."""
    if scheme == "s3":
        return slots * COPY_BYTES_PER_SECOND
    return LAMBDA_BYTES_PER_SECOND if rate is None else min(LAMBDA_BYTES_PER_SECOND, slots * rate)


def pages_of(count: int) -> int:
    """Requests that it takes to list `count` parts."""
    return max(1, -(-count // LIST_PAGE))


def source_reads(scheme: str) -> int:
    """Requests for a source object's headers and its tags."""
    return 2 if scheme == "s3" else 0


def _small(
    plan: Plan, scheme: str, rate: int | None, terms: Terms, more_invocations: int, more_states: int
) -> Forecast:
    """One PutObject or CopyObject while the job is prepared."""
    invocations = 2 + more_invocations
    busy = plan.size / worker_speed(scheme, 1, rate) + invocations * OVERHEAD_SECONDS
    usage = Usage(
        transitions=len(SMALL_STATES) + more_states,
        invocations=invocations,
        gb_seconds=gb_of(busy),
        # The claim, the record three times, the uploads there are, the object, the report.
        s3_writes=7,
        # Record (4), claim (2), notice, object (2), report (2).
        s3_reads=11 + source_reads(scheme),
        kms_requests=invocations,
        events=1,
        surcharge=surcharge(plan, terms),
    )
    return Forecast(units=0, worker_invocations=0, usage=usage, seconds=FRAME_SECONDS + busy, dollars=cost(usage))


def _with_reading(first: Forecast, terms: Terms) -> Forecast:
    """With another pass over the object, in the function that has made it."""
    seconds = terms.read_again / LAMBDA_BYTES_PER_SECOND
    usage = msgspec.structs.replace(
        first.usage,
        gb_seconds=first.usage.gb_seconds + gb_of(seconds),
        s3_reads=first.usage.s3_reads + reads_again(terms),
    )
    return msgspec.structs.replace(first, usage=usage, seconds=first.seconds + seconds, dollars=cost(usage))


def _more(by_event: bool, sealed: bool) -> int:
    """States that only such jobs enter."""
    return len(EVENT_STATES) * by_event + len(SEALED_STATES) * sealed


def gb_of(seconds: float) -> float:
    return seconds * WORKER_MEMORY_MIB / 1024


def waves(units: int, concurrency: int, unit_seconds: float) -> float:
    """Seconds from the first unit's start to the last one's end."""
    limit = min(units, concurrency)
    start = limit / CHILD_STARTS_PER_SECOND + max(0, limit - 1) // ENVIRONMENTS_PER_10_SECONDS * 10
    return max(start + -(-units // limit) * unit_seconds, units / CHILD_STARTS_PER_SECOND + unit_seconds)
