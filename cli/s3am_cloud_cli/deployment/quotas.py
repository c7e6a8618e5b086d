"""The account's Lambda quota: how much of it workers may take, and a warning where it is small."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from s3am_cloud import names
from s3am_cloud.errors import Usage
from s3am_cloud.limits import CONTROL_CONCURRENCY, JANITOR_CONCURRENCY, SMALL_LAMBDA_QUOTA, UNRESERVED_CONCURRENCY
from s3am_cloud_cli.deployment.account import Account

# Of the quota, where nobody says otherwise: other functions of the region keep the rest, even in a burst of events.
_RESERVED_SHARE = 1 / 4
# What the stack's other functions reserve beside the workers.
_OTHERS = CONTROL_CONCURRENCY + JANITOR_CONCURRENCY
# Where none of it can be reserved this limits single jobs only, so that one leaves something to the control function.
_SHARE_OF_A_JOB = 4 / 5


class Quota(msgspec.Struct, frozen=True):
    """Invocations that may run at once in the account's region, and those of them that no function reserves."""

    total: int
    unreserved: int

    def room(self, before: Mapping[str, str]) -> int:
        """What workers can reserve; `before` are the parameters of the stack, which may reserve some already."""
        return self.unreserved + _reserved(before) - UNRESERVED_CONCURRENCY - _OTHERS


class WorkerLimit(msgspec.Struct, frozen=True):
    """The parameters of the stack that limit workers, and what the user should know about them."""

    parameters: dict[str, str]
    notes: list[str]


def lambda_quota(account: Account) -> Quota | None:
    """None where this user may not look."""
    try:
        limit = account.client("lambda").get_account_settings()["AccountLimit"]
    except (ClientError, BotoCoreError):
        return None
    return Quota(limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"])


def worker_limit(requested: str | None, before: Mapping[str, str], quota: Quota | None, region: str) -> WorkerLimit:
    """How many workers the stack gets: as many as `requested`, else as it has, else its share of the quota.

    Raises Usage where more are requested than Lambda lets a function reserve.
    """
    if quota is None:
        note = f"the Lambda quota in {region} can't be read (lambda:GetAccountSettings), so it is not checked"
        return WorkerLimit({} if requested is None else {names.MAX_WORKERS: requested}, [note])
    warnings = [_warning(quota, region)] if quota.total < SMALL_LAMBDA_QUOTA else []
    room = quota.room(before)
    if requested is None and names.MAX_WORKERS in before:
        return WorkerLimit({}, [*warnings, *_outgrown(before, room)])
    workers = _usual(quota, room) if requested is None else int(requested)
    if workers == 0:
        return WorkerLimit({names.MAX_WORKERS: "0"}, warnings)
    reserved = workers <= room
    if requested is not None and not reserved and room > 0:
        raise Usage(
            f"{workers} workers can't be reserved: {quota.total} invocations may run at once in {region}, and Lambda "
            f"keeps {UNRESERVED_CONCURRENCY} of them for those that reserve none",
            f"give --max-workers {room} or less, or 0 for no limit",
        )
    chosen = {names.MAX_WORKERS: str(workers), names.RESERVE_WORKERS: "yes" if reserved else "no"}
    return WorkerLimit(chosen, [*warnings, _meaning(workers, reserved, requested is None)])


def _usual(quota: Quota, room: int) -> int:
    share = int(quota.total * _RESERVED_SHARE)
    return share if share <= room else max(1, int(quota.total * _SHARE_OF_A_JOB))


def _reserved(parameters: Mapping[str, str]) -> int:
    workers = int(parameters.get(names.MAX_WORKERS, "0"))
    return workers + _OTHERS if workers and parameters.get(names.RESERVE_WORKERS) == "yes" else 0


def _outgrown(before: Mapping[str, str], room: int) -> list[str]:
    """What to do where the limit is of a time when the quota was too small to reserve any of it."""
    workers = int(before[names.MAX_WORKERS])
    if workers == 0 or before.get(names.RESERVE_WORKERS) != "no" or room <= workers:
        return []
    return [f"a job has at most {workers} workers at once, but the quota has grown: --max-workers allows up to {room}"]


def _warning(quota: Quota, region: str) -> str:
    return (
        f"only {quota.total} Lambda invocations of this account may run at once in {region}: jobs wait for each other "
        "and for all other functions there. Request at least 1000, which costs nothing, in Service Quotas: AWS "
        "Lambda, Concurrent executions"
    )


def _meaning(workers: int, reserved: bool, by_default: bool) -> str:
    if not reserved:
        return f"a job has at most {workers} workers at once; the quota is too small to limit all jobs together"
    change = " (--max-workers changes it)" if by_default else ""
    return f"at most {workers} workers run at once{change}; a burst of events leaves the rest of the quota to others"
