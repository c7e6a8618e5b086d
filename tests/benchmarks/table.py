"""What was measured, as a table in Markdown and as bars in SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import median

from benchmarks.measure import Taken
from benchmarks.tools import FLOOR, OWN

GIB = 1 << 30
_FLOORS = {FLOOR, "dd"}


@dataclass(frozen=True)
class Measured:
    """One row's runs, by tool; all tools' n-th runs were one after the other."""

    name: str
    size: int
    runs: Mapping[str, Sequence[Taken]]

    def wall(self, tool: str) -> float:
        return median(run.wall for run in self.runs[tool])

    def cpu(self, tool: str) -> float:
        return median(run.cpu for run in self.runs[tool])

    @property
    def best(self) -> str:
        """The quickest of the others."""
        return min((tool for tool in self.runs if tool not in _FLOORS | {OWN}), key=self.wall)

    @property
    def thriftiest(self) -> str:
        """The one of the others that takes the least CPU time."""
        return min((tool for tool in self.runs if tool not in _FLOORS | {OWN}), key=self.cpu)

    def ratios(self, other: str, of: str) -> list[float]:
        """Ours over theirs, run by run."""
        pairs = zip(self.runs[OWN], self.runs[other], strict=True)
        return sorted(getattr(mine, of) / getattr(theirs, of) for mine, theirs in pairs)


def markdown(measured: Sequence[Measured]) -> str:
    """A table for each row, with the ratios below it."""
    return "\n\n".join(_section(row) for row in measured) + "\n"


def _section(row: Measured) -> str:
    per = "CPU s/GiB" if row.size >= GIB >> 3 else "CPU s"
    lines = [f"### {row.name}", "", f"| tool | wall s | {per} | MB/s | private MB |", "| --- | --- | --- | --- | --- |"]
    for tool in sorted(row.runs, key=row.wall):
        cpu = row.cpu(tool) * (GIB / row.size if row.size >= GIB >> 3 else 1)
        rate = f"{row.size / row.wall(tool) / 1e6:,.0f}" if row.size >= GIB >> 3 else ""
        memory = max(run.memory for run in row.runs[tool]) / 1e6
        spread = f"{min(run.wall for run in row.runs[tool]):.2f} to {max(run.wall for run in row.runs[tool]):.2f}"
        lines.append(f"| {tool} | {row.wall(tool):.2f} ({spread}) | {cpu:.2f} | {rate} | {memory:.0f} |")
    lines += ["", _ratio(row, "wall", row.best), _ratio(row, "cpu", row.thriftiest)]
    if FLOOR in row.runs:
        lines.append(_ratio(row, "cpu", FLOOR))
    return "\n".join(lines)


def _ratio(row: Measured, of: str, other: str) -> str:
    found = row.ratios(other, of)
    return f"* {of}: {median(found):.2f} times that of {other} ({found[0]:.2f} to {found[-1]:.2f})"


def svg(measured: Sequence[Measured]) -> str:
    """A bar for each tool's wall time, relative to ours; shorter is faster."""
    height, parts = 20, []
    for row in measured:
        parts.append(f'<text x="10" y="{height}" font-weight="bold">{escape(row.name)}</text>')
        height += 10
        longest = max(row.wall(tool) for tool in row.runs)
        for tool in sorted(row.runs, key=row.wall):
            width = 420 * row.wall(tool) / longest
            colour = "#c33" if tool == OWN else "#bbb" if tool in _FLOORS else "#36c"
            parts += [
                f'<text x="110" y="{height + 12}" text-anchor="end">{escape(tool)}</text>',
                f'<rect x="120" y="{height}" width="{width:.1f}" height="14" fill="{colour}"/>',
                f'<text x="{126 + width:.1f}" y="{height + 12}">{row.wall(tool):.2f} s</text>',
            ]
            height += 18
        height += 24
    body = "".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="{height}" font-family="sans-serif" '
        f'font-size="12">{body}</svg>\n'
    )
