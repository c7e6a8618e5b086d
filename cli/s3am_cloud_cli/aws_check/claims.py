"""What is claimed, and what checking it needs and costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from s3am_cloud.amounts import price_text
from s3am_cloud.costs.prices import PRICES
from s3am_cloud.costs.storage import storage_cost
from s3am_cloud.errors import TooExpensive
from s3am_cloud_cli.aws_check.bench import Bench

Need = Literal["aws", "own stack", "second region"]
_WHY = {
    "aws": "needs Amazon's own S3: emulators do not do this",
    "own stack": "changes the stack's functions, which is done only on one deployed for this run",
    "second region": "needs Amazon's own regions",
}


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence of the documentation, and the function that checks it.

    `check` returns what it saw, and raises ClaimFails or a TransferError where that is something else.
    """

    name: str
    text: str
    check: Callable[[Bench], str]
    dollars: float
    needs: tuple[Need, ...] = ()

    def why_skipped(self, bench: Bench) -> str | None:
        return next((_WHY[need] for need in self.needs if not _has(bench, need)), None)


class ClaimFails(Exception):
    """Something else was seen than is claimed."""


def expect(holds: bool, otherwise: str) -> None:
    """Raises ClaimFails."""
    if not holds:
        raise ClaimFails(otherwise)


def total_cost(claims: Sequence[Claim]) -> float:
    """Dollars, with the stack's and a bucket's key for an hour, and all objects stored for an hour."""
    keys = 2 * PRICES.key_month / 730
    stored = storage_cost(120 * 10**9, 3600, None)
    return sum(claim.dollars for claim in claims) + keys + stored


def check_budget(claims: Sequence[Claim], most: float) -> float:
    """What the run costs, about. Raises TooExpensive before anything is made."""
    dollars = total_cost(claims)
    if dollars > most:
        raise TooExpensive(
            f"this run would cost about {price_text(dollars)}, more than {price_text(most)}",
            "allow more with --max-cost; nothing was made",
        )
    return dollars


def _has(bench: Bench, need: Need) -> bool:
    return bench.own_stack if need == "own stack" else bench.at_aws
