"""How the items of a dataset ended, a line for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from s3am_cloud_cli.console.output import Console
from s3am_cloud_client import Job

if TYPE_CHECKING:
    from s3am_cloud_client.results import Outcome


class ItemTotals(msgspec.Struct):
    """How many were listed."""

    listed: int = 0


def show_items(job: Job, state: str, console: Console) -> None:
    """Those that ended in this way; `all` for all."""
    totals = ItemTotals()

    def wanted() -> Iterator[Outcome]:
        for outcome in job.items():
            if state in {"all", outcome.state}:
                totals.listed += 1
                yield outcome

    console.listing("items", wanted(), _line, totals)


def _line(outcome: Outcome) -> str:
    why = outcome.reason if outcome.error is None else f"{outcome.error.name}: {outcome.error.message}"
    return f"{outcome.state:<11} {outcome.source} -> {outcome.destination}{f': {why}' if why else ''}"
