"""How a run over many items went, as people read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from s3am_cloud.amounts import size_text
from s3am_cloud.command_lines import command_line
from s3am_cloud.item_counts import counts_text
from s3am_cloud_cli.console.receipt_text import VERDICTS

if TYPE_CHECKING:
    from s3am_cloud_client.results import Failures, Outcome, Summary


class Again(NamedTuple):
    """The command that a run was, its options, and where its items went. `hidden` are options whose values are not
    shown."""

    command: str
    options: tuple[str, ...]
    destination: tuple[str, ...]
    hidden: tuple[str, ...]

    def text(self, manifest: str) -> str:
        """The command for the items of this list."""
        line = command_line(self.command, "--manifest", manifest, *self.options, *self.destination)
        return f"{line} (and the same {', '.join(self.hidden)})" if self.hidden else line


def summary_text(summary: Summary, again: Again) -> list[str]:
    """Counts, failures by their names with what to do about each, and how to repeat them."""
    report = [] if summary.report is None else [f"report: {summary.report}"]
    return [_counts_line(summary), *report, *failures_text(summary, again)]


def failures_text(summary: Summary, again: Again) -> list[str]:
    """What went wrong, and how to repeat it; empty where nothing did."""
    return [*failure_lines(summary.failures), *_repeated(summary, again)]


def receipt_lines(outcome: Outcome) -> list[str]:
    """Of a run of one item, as of a single transfer."""
    algorithm, _, value = (outcome.checksum or "").partition(":")
    lines = [f"source       {outcome.source}", f"destination  {outcome.destination}"]
    if value:
        lines.append(f"checksum     {algorithm.upper()} {value}")
    if outcome.verdict is not None:
        lines.append(f"verdict      {outcome.verdict}: {VERDICTS[outcome.verdict]}")
    return lines if outcome.state == "copied" else []


def outcome_text(outcome: Outcome) -> str:
    """How one item ended, besides the word for it."""
    size = "" if outcome.size is None else f", {outcome.size:,} bytes"
    error = f"{outcome.error.name}: {outcome.error.message}" if outcome.error is not None else None
    why = error or outcome.reason or outcome.verdict
    return f"{outcome.source} -> {outcome.destination}{size}" + (f": {why}" if why else "")


def _counts_line(summary: Summary) -> str:
    counts, seconds = summary.counts, summary.seconds
    rate = f", {size_text(counts.copied_bytes / seconds)}/s" if counts.copied and seconds else ""
    items = "1 item" if counts.items == 1 else f"{counts.items:,} items"
    return f"{items}, {size_text(counts.bytes)}: {counts_text(counts)}; {seconds:.1f} s{rate}"


def failure_lines(failures: Iterable[Failures]) -> Iterator[str]:
    """Each error by its name, with the first item that met it, and what to do about it."""
    for one in failures:
        yield f"{one.count:,} {one.name}: {one.message}"
        yield f"  Hint: {one.hint}."


def _repeated(summary: Summary, again: Again) -> Iterator[str]:
    counts = summary.counts
    # An interrupted run has no list of what it did not reach.
    undone = counts.failed or (counts.not_reached and summary.state != "interrupted")
    if summary.report is not None and undone:
        yield f"to repeat what was not copied: {again.text(str(Path(summary.report) / 'failed.jsonl'))}"
