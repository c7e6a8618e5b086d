"""What a command takes: wall time, CPU time of it and all its children, and their private memory together."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_SECONDS = 0.1
_MOST_SECONDS = 600.0
_SAID = 300


@dataclass(frozen=True)
class Taken:
    """Seconds of wall and of CPU time (user and system), bytes of private memory at its peak, the servers' CPU time."""

    wall: float
    cpu: float
    memory: int
    server: float = 0.0


class Failed(RuntimeError):
    """A tool of the benchmark ended with an error, or took longer than anybody waits."""


class Different(Failed):
    """A tool said it was done, and the bytes are others."""


def take(
    command: Sequence[str | Path], environment: Mapping[str, str], cwd: Path, servers: Sequence[int] = ()
) -> Taken:
    """Runs the command to its end, beside servers whose process ids are given. Raises Failed with what it said."""
    with (cwd / "said").open("w+b") as said:
        before, begin = sum(map(_cpu, servers)), time.perf_counter()
        process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        with _sampled(process.pid) as peak, _bounded(process.pid):
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            words = " ".join(said.read().decode(errors="replace").split())[-_SAID:]
            how = (
                f"ended with {process.returncode}" if wall < _MOST_SECONDS else f"took more than {_MOST_SECONDS:.0f} s"
            )
            raise Failed(f"{Path(command[0]).name} {how}: {words or '(it said nothing)'}")
    return Taken(wall, usage.ru_utime + usage.ru_stime, max(peak), sum(map(_cpu, servers)) - before)


@contextlib.contextmanager
def _bounded(session: int) -> Iterator[None]:
    timer = threading.Timer(_MOST_SECONDS, os.killpg, (session, signal.SIGKILL))
    timer.start()
    try:
        yield
    except BaseException:
        # It is not in our process group, so that Ctrl-C has not reached it.
        os.killpg(session, signal.SIGKILL)
        raise
    finally:
        timer.cancel()


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
                if int(_stat(int(path.name))[3]) == session:
                    yield int(path.name)


def _stat(pid: int) -> list[str]:
    """The fields of proc(5)'s /proc/PID/stat from the third on, the state."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _cpu(pid: int) -> float:
    """Seconds of CPU time that a process has had, user and system."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _private(pid: int) -> int:
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) << 10
    return 0
