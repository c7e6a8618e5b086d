"""What was measured, as tables in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from benchmarks.measure import Taken
from benchmarks.tools import FLOOR, FLOORS, ONE_COMMAND, OWN, RANGED, RANGES

GIB = 1 << 30
Of = Literal["wall", "cpu"]

_ABOUT = f"""\
* Each round runs every tool of a row once, in turn, each at its defaults but for what a row says; obstore and awscrt
  by the calls of their manuals. Figures are medians over the rounds, with the lowest and the highest in brackets. CPU
  time is user and system time of the tool and all its children.
* Ratios are {OWN} over the other tool, of runs of the same round: below 1 means that {OWN} takes less.
* Private memory is that of all of a tool's processes together at its peak, looked at every 0.1 s; none where it had
  ended before.
* The target is emptied before and compared after every run, outside the time: files and objects of the strict S3 byte
  by byte, other objects by their length and the CRC64NVME that the server computed of what it was sent. All that speaks
  TLS verifies the server's certificate.
* {FLOOR}, dd and raw socket are floors: they check nothing, repeat nothing and sign nothing. `{FLOOR}` is one
  connection; `{RANGED}` leaves {RANGES} files; on upload `dd` only reads the file and `raw socket` sends it in one
  request; on download `raw socket` reads four ranges and throws them away, and `socket to file` writes what it reads in
  pieces of 1 MiB, without looking at it: what the kernel takes. Of the ratios below a table only the last
  is to a floor.
* S3 is a loopback server that sends files by sendfile (over TLS it encrypts) and keeps only the CRC of what it is
  sent. The column "server" is the CPU time that its process took, and how much of one core that was. Where it is busy
  for less than a core, and `raw socket` gets more out of it than any tool, it could have given more: what was measured
  is the tools. They share the machine's cores with it, all alike."""


@dataclass(frozen=True)
class Measured:
    """One row's runs, by tool, in the order of the rounds; the tools that were left out, each with the reason."""

    name: str
    size: int
    runs: Mapping[str, Sequence[Taken]]
    left_out: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    def wall(self, tool: str) -> float:
        return median(run.wall for run in self.runs[tool])

    def cpu(self, tool: str) -> float:
        return median(run.cpu for run in self.runs[tool])

    @property
    def peers(self) -> list[str]:
        """The others that did the same job."""
        return [tool for tool in self.runs if tool not in FLOORS | {OWN} and not tool.endswith(ONE_COMMAND)]

    def ratios(self, other: str, of: Of) -> list[float]:
        """Ours over theirs, round by round, in ascending order."""
        pairs = zip(self.runs[OWN], self.runs[other], strict=True)
        return sorted(getattr(mine, of) / max(getattr(theirs, of), 1e-9) for mine, theirs in pairs)


def markdown(measured: Sequence[Measured], machine: Sequence[str]) -> str:
    """The lines about the machine, what the figures mean, and a table for each row with the ratios below it."""
    about = "\n".join(f"* {line}" for line in machine)
    return "\n\n".join(["# Benchmark", about, _ABOUT, *map(_section, measured)]) + "\n"


def _section(row: Measured) -> str:
    per = "/GiB" if _is_large(row) else ""
    heads = ["tool", "wall s", f"CPU s{per}", "MB/s", "private MB", f"server CPU s{per}", "ratio wall", "ratio CPU"]
    lines = [f"## {row.name}", *(["", row.note] if row.note else []), "", _line(heads), _line(["---"] * len(heads))]
    lines += [_line(_cells(row, tool)) for tool in sorted(row.runs, key=row.wall)]
    lines += ["", *_summary(row)]
    lines += [f"* left out: {tool}: {_cell(reason)}" for tool, reason in row.left_out.items()]
    return "\n".join(lines).rstrip()


def _cells(row: Measured, tool: str) -> list[str]:
    runs, scale = row.runs[tool], GIB / row.size if _is_large(row) else 1.0
    rate = f"{row.size / row.wall(tool) / 1e6:,.0f}" if _is_large(row) else ""
    memory = max(run.memory for run in runs)
    server = median(run.server for run in runs)
    return [
        f"**{tool}**" if tool == OWN else _cell(tool),
        _spread([run.wall for run in runs]),
        _spread([run.cpu * scale for run in runs]),
        rate,
        # A command that has ended before anybody looked.
        f"{memory / 1e6:.0f}" if memory else "",
        f"{server * scale:.2f} ({median(run.server / run.wall for run in runs):.0%})" if server else "",
        *(_spread(row.ratios(tool, of)) if OWN in row.runs and tool != OWN else "" for of in _OF),
    ]


_OF: tuple[Of, Of] = ("wall", "cpu")


def _summary(row: Measured) -> list[str]:
    """Ours beside the quickest of the others, beside the thriftiest, and beside curl."""
    if OWN not in row.runs:
        return [f"* {OWN} failed, or was not asked for"]
    lines = []
    if row.peers:
        lines.append(_compared(row, "wall", min(row.peers, key=row.wall), "the quickest of the others"))
        lines.append(_compared(row, "cpu", min(row.peers, key=row.cpu), "the thriftiest of the others"))
    if FLOOR in row.runs:
        lines.append(_compared(row, "cpu", FLOOR, "the floor"))
    return lines


def _compared(row: Measured, of: Of, other: str, what: str) -> str:
    return f"* {_NAMES[of]}: {_spread(row.ratios(other, of))} times that of {what}, {other}"


_NAMES: Mapping[Of, str] = {"wall": "wall time", "cpu": "CPU time"}


def _is_large(row: Measured) -> bool:
    """Whether it is the bytes that take the time, rather than the start."""
    return row.size >= GIB >> 4


def _spread(values: Sequence[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
