"""What a dataset takes in the cloud, by arithmetic before it runs.

Requests for items are counted one by one; those for the dataset's own files about so, as they are few beside them.
"""

from __future__ import annotations

from typing import Final

import msgspec

from s3am_cloud.costs.forecast import (
    CHILD_STATES,
    EVENT_STATES,
    FRAME_SECONDS,
    OVERHEAD_SECONDS,
    SEALED_STATES,
    Forecast,
    Usage,
    cost,
    gb_of,
    pages_of,
    waves,
)
from s3am_cloud.costs.prices import PRICES
from s3am_cloud.costs.surcharge import Surcharge, Terms, surcharge
from s3am_cloud.limits import LAMBDA_BYTES_PER_SECOND, SINGLE_LANES, WORKER_PUTS_PER_SECOND
from s3am_cloud.model import Plan

# The states that a dataset enters which is prepared in one turn and settled in one round, and those of each other turn.
DATASET_STATES: Final = (
    *("Begin", "Prepare", "WhoPrepares", "AnythingLeft", "Transfer", "WhoCompletes"),
    *("Settle", "AnotherRound", "Report", "Announce"),
)
TURN_STATES: Final = ("Prepare", "WhoPrepares", "AnythingLeft")
# A page of a listing, with what is written of its thousand objects.
_PAGE_SECONDS: Final = 0.25
# Of the records of an item that has an upload, and of its destination.
_UPLOAD_WRITES: Final = 12
_UPLOAD_READS: Final = 9
# The requests of a single object, one after the other, at 30 ms.
_SINGLE_SECONDS: Final = 0.2


class DatasetWork(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done for a dataset: `puts` items of one request each, `singles` that are transferred as single
    objects are, and `uploads` with `parts` in all.

    All `uploads` and `looks` of the singles look for uploads to continue, twice each.

    `reads` are requests for sources in S3, `listed` the objects that listings have, `files` those of its items. Its
    `units` are shared by `workers`.
    """

    puts: int
    singles: int
    looks: int
    uploads: int
    parts: int
    bytes: int
    reads: int
    listed: int
    files: int
    units: int
    workers: int
    turns: int = 1

    @property
    def items(self) -> int:
        return self.puts + self.singles + self.uploads


def forecast_dataset(work: DatasetWork, terms: Terms, by_event: bool = False, sealed: bool = False) -> Forecast:
    """What this work takes if nothing goes wrong."""
    busy = work.puts / WORKER_PUTS_PER_SECOND + work.bytes / LAMBDA_BYTES_PER_SECOND
    busy += (work.singles + work.uploads) * _SINGLE_SECONDS / SINGLE_LANES
    invocations = work.turns + work.units + 2 + by_event + sealed
    listing = pages_of(work.listed) * _PAGE_SECONDS
    requests = work.puts + work.singles + 2 * work.looks + 4 * work.uploads + work.parts
    usage = Usage(
        transitions=len(DATASET_STATES)
        + (work.turns - 1) * len(TURN_STATES)
        + work.units * len(CHILD_STATES)
        + by_event * len(EVENT_STATES)
        + sealed * len(SEALED_STATES),
        invocations=invocations,
        gb_seconds=gb_of(busy + listing + invocations * OVERHEAD_SECONDS),
        # The claim, record and plan; files of items and units; results and a tally of each unit, which are listed
        # three times; the report's files. An upload is a job with a record, an index, an expiry and records of parts.
        s3_writes=requests
        + _UPLOAD_WRITES * work.uploads
        + pages_of(work.listed)
        + 8
        + work.files
        + 2 * work.units
        + 3 * pages_of(work.units)
        + 6,
        # Of each single object the destination before and after. Each unit reads the record twice, the notice, the
        # plan and its items; its results are read twice; so are the items, by their files, which have two pieces.
        s3_reads=work.reads + 2 * work.singles + _UPLOAD_READS * work.uploads + 12 + 7 * work.units + 4 * work.files,
        kms_requests=invocations,
        events=1,
        surcharge=_surcharge(work, requests, terms),
    )
    seconds = FRAME_SECONDS + listing + _working(work, busy)
    return Forecast(units=work.units, worker_invocations=work.units, usage=usage, seconds=seconds, dollars=cost(usage))


def _surcharge(work: DatasetWork, requests: int, terms: Terms) -> Surcharge:
    """The bytes as those of one object, and each item's requests at the class's own price."""
    at, standard = PRICES.of_class(terms.storage_class), PRICES.of_class(None)
    whole = surcharge(Plan(size=work.bytes, part_size=max(1, work.bytes), small=True), terms)
    writes = work.items if at.staged else requests
    return msgspec.structs.replace(whole, requests=writes * (at.write - standard.write))


def _working(work: DatasetWork, busy: float) -> float:
    return waves(work.units, work.workers, busy / work.units + OVERHEAD_SECONDS) if work.units else 0.0
