"""What a command takes: wall time, CPU time of it and all its children, and their private memory together."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_SECONDS = 0.1


@dataclass(frozen=True)
class Taken:
    """Seconds of wall and of CPU time (user and system), and bytes of private memory at its peak."""

    wall: float
    cpu: float
    memory: int


class Failed(RuntimeError):
    """A tool of the benchmark ended with an error."""


def take(command: Sequence[str | Path], environment: Mapping[str, str], cwd: Path) -> Taken:
    """Runs the command to its end. Raises Failed with what it said."""
    with (cwd / "said").open("w+b") as said:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        with _sampled(process.pid) as peak:
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise Failed(
                f"{command[0]} ended with {process.returncode}: {said.read()[-2000:].decode(errors='replace')}"
            )
    return Taken(wall, usage.ru_utime + usage.ru_stime, max(peak))


@contextlib.contextmanager
def _sampled(session: int) -> Iterator[list[int]]:
    """The private memory of all processes of a session, again and again."""
    seen, ended = [0], threading.Event()

    def sample() -> None:
        while not ended.wait(_SAMPLE_SECONDS):
            seen.append(sum(map(_private, _processes(session))))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _processes(session: int) -> Iterator[int]:
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (path / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == session:
                    yield int(path.name)


def _private(pid: int) -> int:
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) << 10
    return 0
