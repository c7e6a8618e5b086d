"""Where and with what the figures came about."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.tools import OWN

_PACKAGES = ("obstore", "awscrt", "boto3")
_VERSIONS = f"import importlib.metadata as m; print(', '.join(f'{{n}} {{m.version(n)}}' for n in {_PACKAGES}))"


def about(programs: Path, own: Path, scratch: Path) -> list[str]:
    """Lines on the machine, the folder that the files are in, and the tools' versions."""
    commands: list[list[str | Path]] = [
        [own / OWN, "--version"],
        [programs / "s5cmd", "version"],
        [programs / "rclone", "version"],
        [programs / "aws", "--version"],
        [programs / "python", "-c", _VERSIONS],
        ["curl", "--version"],
        ["dd", "--version"],
    ]
    return [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {_processor()}, {os.cpu_count()} cores, {_memory():.0f} GiB, "
        f"Linux {platform.release()}, Python {platform.python_version()}",
        f"files on {_said(['stat', '-f', '-c', '%T', scratch])}",
        "; ".join(_said(command) for command in commands),
    ]


def _said(command: list[str | Path]) -> str:
    """The first line of what a command says; where it is none, that it is missing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return f"{Path(command[0]).name}: not there"
    # curl goes on to tell its libraries.
    line = done.stdout.strip().partition("\n")[0].partition(" libcurl/")[0]
    name = Path(command[0]).name
    return f"{name} {line}" if line[:1] == "v" else line


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)
