"""Runs a row: every round all tools, one after the other, so that what else the machine does meets all alike."""

from __future__ import annotations

import sys
from collections.abc import Container
from pathlib import Path

from benchmarks.measure import Failed, Taken, take
from benchmarks.rows import Row
from benchmarks.table import Measured


def compare(row: Row, work: Path, rounds: int, wanted: Container[str] | None = None) -> Measured:
    """All runs of the row's tools (of those wanted), in the folder `work`.

    One that fails, or leaves other bytes than it should, is left out, with the reason; its earlier runs too.
    """
    runs: dict[str, list[Taken]] = {tool: [] for tool in row.ways if wanted is None or tool in wanted}
    left_out: dict[str, str] = {}
    rounds = min(rounds, row.most_rounds or rounds)
    for turn in range(rounds):
        tools = list(runs)
        # Another one is the first each time: nobody always follows the same.
        for tool in tools[turn % len(tools) :] + tools[: turn % len(tools)] if tools else []:
            try:
                runs[tool].append(run(row, tool, work))
            except Failed as error:
                print(f"{row.name}: {tool} is left out: {error}", file=sys.stderr)
                left_out[tool] = str(error)
                del runs[tool]
    print(f"{row.name}: {rounds} rounds", file=sys.stderr)
    return Measured(row.name, row.size, runs, left_out, row.note)


def run(row: Row, tool: str, work: Path) -> Taken:
    """One run of a tool, from an empty target to one that has been compared. Raises Failed, or Different."""
    row.target.clear()
    command = row.ways[tool](row.bench, row.source, row.where)
    taken = take(command, row.bench.environment(work), work, row.bench.servers)
    if tool not in row.unchecked:
        row.target.check()
    return taken
