"""How a comparison of many objects with a list of checksums went, as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3am_cloud.amounts import size_text
from s3am_cloud.errors import ItemsFailed, ItemsNotReached, JobFailedForGood, TransferError
from s3am_cloud_cli.console.output import Console
from s3am_cloud_cli.console.summary_text import Again, failure_lines
from s3am_cloud_client import Verifying

if TYPE_CHECKING:
    from s3am_cloud_client.results import VerifiedItem, VerifiedSummary

_HINT = "copy what differs or is gone again, then verify again"


def show_verified(objects: Verifying, console: Console, repeat: Again) -> None:
    """Prints what failed, and the summary; raises what the exit code stands for."""
    console.advise("run the command again")
    for one in objects:
        console.item(one, one.state, _item_text)
        if one.error is not None:
            console.note(f"failed: {one.source}: {one.error.name}: {one.error.message}")
    summary = objects.summary
    counts = summary.counts
    said = f"{counts.items:,} checksums: {counts.verified:,} match ({size_text(counts.verified_bytes)})"
    others = {"failed": counts.failed, "not reached": counts.not_reached}
    said = ", ".join([said, *(f"{count:,} {name}" for name, count in others.items() if count)])
    failures = list(failure_lines(summary.failures))
    if failures and objects.failed_list is not None:
        failures.append(f"to repeat what was not confirmed: {repeat.text(str(objects.failed_list))}")
    if console.quiet and not console.json:
        console.problem(failures)
    console.summary(summary, [f"{said}; {summary.seconds:.1f} s", *failures])
    error = _error(summary)
    if error is not None:
        raise console.reported(error)


def _item_text(one: VerifiedItem) -> str:
    why = f"{one.error.name}: {one.error.message}" if one.error is not None else one.compared_with
    return f"{one.source} {one.digest}" + (f": {why}" if why else "")


def _error(summary: VerifiedSummary) -> TransferError | None:
    counts = summary.counts
    if counts.not_reached:
        return ItemsNotReached(f"the run ended early: {counts.not_reached:,} checksums were not compared", _HINT)
    if not counts.failed:
        return None
    if counts.verified:
        return ItemsFailed(f"{counts.failed:,} of {counts.items:,} checksums were not confirmed", _HINT)
    return JobFailedForGood("no checksum was confirmed", _HINT)
