"""What was measured, as bars in SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape

from benchmarks.table import Measured
from benchmarks.tools import FLOORS, OWN

_LINE = 18
_WIDTH = 1000


def svg(measured: Sequence[Measured]) -> str:
    """A bar for each tool's wall time and one for its CPU time, medians in seconds; shorter is better."""
    height, parts = 10, []
    for row in measured:
        if row.runs:
            parts += list(_row(row, height))
            height += _LINE * (len(row.runs) + 2) + 10
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _row(row: Measured, top: int) -> Iterator[str]:
    yield _text(10, top + _LINE, row.name, 'font-weight="bold"')
    yield _text(420, top + _LINE, "wall time", 'fill="#666"')
    yield _text(780, top + _LINE, "CPU time", 'fill="#666"')
    tools = sorted(row.runs, key=row.wall)
    for turn, tool in enumerate(tools):
        place = top + _LINE * (turn + 1) + 10
        yield _text(170, place + 12, tool, 'text-anchor="end"')
        for left, of in ((180, row.wall), (620, row.cpu)):
            yield from _bar(left, place, of(tool), _longest(tools, of), _colour(tool))


def _longest(tools: Sequence[str], of: Callable[[str], float]) -> float:
    return max(map(of, tools)) or 1.0


def _bar(left: int, top: int, seconds: float, longest: float, colour: str) -> Iterator[str]:
    width = 300 * seconds / longest
    yield f'<rect x="{left}" y="{top}" width="{width:.1f}" height="14" fill="{colour}"/>'
    yield _text(left + 6 + width, top + 12, f"{seconds:.2f} s")


def _colour(tool: str) -> str:
    return "#c33" if tool == OWN else "#bbb" if tool in FLOORS else "#36c"


def _text(left: float, top: int, text: str, more: str = "") -> str:
    return f'<text x="{left:.1f}" y="{top}" {more}>{escape(text)}</text>'
