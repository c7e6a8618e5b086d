"""What the work took: each invocation notes its share beside the job's record, and the receipt has the sum.

A note costs one PutObject, a sixtieth of an invocation of 45 s. Notes are distinguished by the
invocation's request id: what is written twice counts once, and what got lost with its invocation is missing in the sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from s3am_cloud.amounts import rounded
from s3am_cloud.costs.forecast import OVERHEAD_SECONDS, Forecast, cost, pages_of
from s3am_cloud.costs.prices import PRICES
from s3am_cloud.costs.quote import forecast_of
from s3am_cloud.costs.surcharge import covered, for_bytes
from s3am_cloud.errors import TransferError
from s3am_cloud.limits import WORKER_MEMORY_MIB
from s3am_cloud.model import Job, Plan, Receipt

if TYPE_CHECKING:
    from s3am_cloud.ports.records import JobStore, Tally

_COST_OF: Final = "Lambda, Step Functions, S3 requests, KMS, events"


def summed(receipt: Receipt, job: Job, jobs: JobStore) -> Receipt:
    """The receipt with what the job took and an estimate of what AWS charges for that.

    An invocation that failed counts as a retry: Step Functions starts another in its place. Notes that can't be read
    are no reason to fail, as the object is there already: the receipt is then as it was.
    """
    if job.plan is None:
        return receipt
    tallies: list[Tally] = []
    if job.upload is not None:
        with suppress(TransferError):
            tallies = list(jobs.tallies(job.id))
        if not tallies:
            return receipt
    failures, planned = sum(tally.error is not None for tally in tallies), forecast_of(job, job.plan)
    return msgspec.structs.replace(
        receipt,
        retries=(receipt.retries or 0) + failures + sum(tally.retries for tally in tallies),
        invocations=len(tallies),
        worker_seconds=round(sum(tally.seconds for tally in tallies), 3),
        cost_usd=rounded(spent(job.plan, planned, tallies)),
        cost_of=f"{_COST_OF}{covered(planned.usage.surcharge)}: an estimate, by list prices of {PRICES.region}",
    )


def spent(plan: Plan, planned: Forecast, tallies: Sequence[Tally]) -> float:
    """Dollars: what such a job takes if nothing goes wrong, with its workers' true number and time."""
    more = len(tallies) - planned.worker_invocations
    failures = sum(tally.error is not None for tally in tallies)
    workers = sum(tally.gb_seconds for tally in tallies)
    repeated = sum(tally.retries for tally in tallies)
    usage = msgspec.structs.replace(
        planned.usage,
        # Another round of a unit is two states, another try of a state one. Each invocation lists parts, and writes its
        # tally and a record of its parts, which are read; and it reads the job's record three times.
        transitions=planned.usage.transitions + 2 * more - failures,
        invocations=planned.usage.invocations + more,
        gb_seconds=workers + _control_gb_seconds(plan, planned) if tallies else planned.usage.gb_seconds,
        s3_writes=planned.usage.s3_writes + 3 * more + repeated,
        s3_reads=planned.usage.s3_reads + 5 * more,
        kms_requests=planned.usage.kms_requests + more,
        surcharge=for_bytes(planned.usage.surcharge, sum(tally.bytes for tally in tallies), plan.size)
        if tallies
        else planned.usage.surcharge,
    )
    return cost(usage)


def _control_gb_seconds(plan: Plan, planned: Forecast) -> float:
    """Preparing, completing and reporting."""
    calls = planned.usage.invocations - planned.worker_invocations + pages_of(plan.count)
    return calls * OVERHEAD_SECONDS * WORKER_MEMORY_MIB / 1024
