"""How many items of a dataset ended in each way, in numbers, in words and as an exit code."""

from __future__ import annotations

import msgspec

from s3am_cloud.errors import ItemsFailed, ItemsNotReached, JobFailedForGood, TransferError


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many items, and of how many bytes, ended in each way."""

    items: int = 0
    bytes: int = 0
    copied: int = 0
    copied_bytes: int = 0
    skipped: int = 0
    skipped_bytes: int = 0
    failed: int = 0
    not_reached: int = 0


def counts_text(counts: Counts) -> str:
    named = {
        "copied": counts.copied,
        "skipped": counts.skipped,
        "failed": counts.failed,
        "not reached": counts.not_reached,
    }
    return ", ".join(f"{count:,} {name}" for name, count in named.items() if count) or "nothing to do"


def error_of_counts(counts: Counts) -> TransferError | None:
    """What a run's exit code stands for; None where every item was copied or skipped."""
    said = counts_text(counts)
    if counts.not_reached:
        return ItemsNotReached(f"the run ended early: {said}")
    if not counts.failed:
        return None
    if counts.copied or counts.skipped:
        return ItemsFailed(f"some items failed: {said}")
    return JobFailedForGood(f"all items failed: {said}", ItemsFailed.hint)
